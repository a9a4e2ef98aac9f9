"""Items start near those they share sessions with."""

import numpy as np
import pytest

from models.recommending.item_start import co_occurrence_vectors, incidence_blocks
from models.sessions.sequences import from_lists
from models.sessions.vocabulary import build_vocabulary

SESSIONS = [["a", "b"], ["a", "b", "b"], ["b", "c"], ["d"], ["c", "a", "d"], ["e", "f"], ["e", "f"], ["f"]]


def test_with_full_rank_dot_products_are_cosines_of_the_items_sessions() -> None:
    sequences = from_lists(SESSIONS)
    vocabulary = build_vocabulary(sequences)
    vectors = co_occurrence_vectors(sequences, vocabulary, 32, seed=0)
    assert vectors.shape == (6, 32)
    held = np.array([[item in session for session in SESSIONS] for item in vocabulary.items], dtype=float)
    lengths = np.linalg.norm(held, axis=1)
    np.testing.assert_allclose(vectors @ vectors.T, held @ held.T / np.outer(lengths, lengths), atol=0.15)


def test_items_of_different_rooms_are_further_apart_than_roommates() -> None:
    rng = np.random.default_rng(0)
    rooms = [[f"{room}-{item}" for item in rng.integers(0, 20, 4)] for room in rng.integers(0, 5, 3_000)]
    sequences = from_lists(rooms)
    vocabulary = build_vocabulary(sequences)
    vectors = co_occurrence_vectors(sequences, vocabulary, 5, seed=0)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    room = np.array([item.split("-")[0] for item in vocabulary.items])
    same = room[:, None] == room[None, :]
    cosines = units @ units.T
    assert cosines[same].min() > cosines[~same].max()


def test_vectors_do_not_depend_on_how_the_sessions_are_cut_into_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    sequences = from_lists([rng.choice(list("abcdefghijkl"), rng.integers(0, 6)).tolist() for _ in range(300)])
    vocabulary = build_vocabulary(sequences, 2)
    whole = co_occurrence_vectors(sequences, vocabulary, 6, seed=0)
    monkeypatch.setattr("models.recommending.item_start.BLOCK", 7)
    assert len(list(incidence_blocks(sequences, vocabulary))) > 30
    np.testing.assert_allclose(co_occurrence_vectors(sequences, vocabulary, 6, seed=0), whole, atol=1e-4)


def test_one_item_and_unknown_items_still_get_finite_vectors() -> None:
    sequences = from_lists([["a"], ["a", "a"]])
    vectors = co_occurrence_vectors(sequences, build_vocabulary(sequences), 4, seed=0)
    assert vectors.shape == (1, 4)
    assert np.isfinite(vectors).all()
    assert np.linalg.norm(vectors) > 0
