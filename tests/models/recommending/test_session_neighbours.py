"""V-SkNN and VSTAN give what a slow, literal implementation gives."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError
from models.recommending import session_neighbours
from models.recommending.session_neighbours import SessionNeighbours, ages
from models.recommending.vsknn import VSkNN
from models.recommending.vstan import VSTAN
from models.sessions.sequences import Sequences, from_lists
from models.sessions.vocabulary import build_vocabulary
from tests.models.padding import pad

LOGS = st.lists(st.lists(st.sampled_from("abcdef"), max_size=7), min_size=1, max_size=10)
SESSIONS = st.lists(st.lists(st.sampled_from("abcdef"), max_size=5), max_size=4)


def literal(
    train: Sequences, session: list[str], kind: str, k: int, sample_size: int, idf_weight: float
) -> dict[str, float]:
    """Loops over sessions and items, as the papers tell it; `kind` is vsknn or vstan (its default scales)."""
    log = [train.session(position) for position in range(len(train))]
    n, items = len(session), build_vocabulary(train).items
    session = [item for item in session if item in items]
    n = len(session)
    candidates = [past for past in range(len(log)) if set(log[past]) & set(session)][-sample_size:]
    found = []
    for past in candidates:
        shared = set(log[past]) & set(session)
        steps = {item: n - max(i for i in range(n) if session[i] == item) for item in shared}
        if kind == "vsknn":
            similarity = sum((n - steps[item] + 1) / n for item in steps) / len(set(session))
        else:
            similarity = sum(math.exp(-(steps[item] - 1) / 4.0) for item in steps)
            similarity /= math.sqrt(len(set(session)) * len(set(log[past])))
            similarity *= math.exp(-(len(log) - 1 - past) / max(len(log) - 1, 1) / 2.0)
        latest = min(steps, key=lambda item: steps[item])
        found.append((similarity, past, latest, steps[latest]))
    scores = dict.fromkeys(items, 0.0)
    for similarity, past, latest, step in sorted(found, key=lambda one: (-np.float32(one[0]), -one[1]))[:k]:
        where = {item: place for place, item in enumerate(log[past])}
        for item, place in where.items():
            idf = math.log(len(log) / sum(item in other for other in log))
            near = 1.0 if kind == "vsknn" else math.exp(-abs(place - where[latest]) / 2.0)
            decay = 1.0 / step if kind == "vsknn" else math.exp(-(step - 1) / 4.0)
            scores[item] += similarity * decay * near * (1.0 + idf_weight * idf)
    best = max(scores.values(), default=0.0) or 1.0
    size = len(items)
    return {item: scores[item] / best + 1e-6 * (size - i) / (size + 1) for i, item in enumerate(items)}


@pytest.mark.parametrize("kind", ["vsknn", "vstan"])
@given(LOGS, SESSIONS, st.integers(1, 4), st.integers(1, 6), st.sampled_from([0.0, 1.0]), st.integers(1, 30))
@settings(max_examples=80, deadline=None)
def test_scores_are_those_of_the_literal_form_for_any_block(
    kind: str, log: list[list[str]], sessions: list[list[str]], k: int, sample: int, idf: float, block: int
) -> None:
    train = from_lists(log)
    vocabulary = build_vocabulary(train)
    ids = {item: position + 1 for position, item in enumerate(vocabulary.items)}
    inputs = pad([[ids[item] for item in session if item in ids] for session in sessions], 5)
    scorer = (VSkNN if kind == "vsknn" else VSTAN)(train, vocabulary, k=k, sample_size=sample, idf_weight=idf)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session_neighbours, "BLOCK", block)
        found = scorer.scores(inputs)
    assert found.shape == (len(sessions), len(vocabulary))
    for row, session in zip(found, sessions, strict=True):
        expected = literal(train, session, kind, k, sample, idf)
        np.testing.assert_allclose(row, [expected[item] for item in vocabulary.items], rtol=1e-9, atol=1e-12)


def test_v_sknn_by_hand() -> None:
    train = from_lists([["a", "b"], ["b", "c"], ["a", "b", "d"]])
    vocabulary = build_vocabulary(train)
    assert vocabulary.items == ("b", "a", "c", "d")
    # session a, b: similarities (1/2 + 1)/2, 1/2 and (1/2 + 1)/2, the latest shared item is b in all three
    votes = np.array([0.75 + 0.5 + 0.75, 0.75 + 0.75, 0.5, 0.75]) / 2.0
    found = VSkNN(train, vocabulary, idf_weight=0.0).scores(pad([[2, 1]], 3))[0]
    np.testing.assert_allclose(found, votes, atol=1e-5)
    # only the two most recent are candidates, only the nearest of them votes
    found = VSkNN(train, vocabulary, k=1, sample_size=2, idf_weight=0.0).scores(pad([[2, 1]], 3))[0]
    np.testing.assert_allclose(found, [1.0, 1.0, 0.0, 1.0], atol=1e-5)


def test_recency_is_that_of_the_starts_where_they_are_known() -> None:
    train = from_lists([["a", "b"], ["a", "c"], ["a", "d"]])
    days = np.array(["2024-05-11", "2024-05-01", "2024-05-06"], dtype="datetime64[us]")
    dated = replace(train, starts=days)
    for sequences, latest, expected in ((train, "d", [1.0, 0.5, 0.0]), (dated, "b", [1.0, 0.5, 0.0])):
        assert ages(sequences)[0].tolist() == expected
        vocabulary = build_vocabulary(sequences)
        for kind in (VSkNN, VSTAN):
            found = kind(sequences, vocabulary, k=1, idf_weight=0.0).scores(pad([[1]], 2))[0]
            assert {vocabulary.items[place] for place in np.flatnonzero(found > 0.1)} == {"a", latest}


@pytest.mark.parametrize("kind", [VSkNN, VSTAN])
def test_a_session_without_a_known_item_gets_popularity_and_nothing_ties(kind: type[SessionNeighbours]) -> None:
    train = from_lists([["a", "b"], ["c", "d", "c"], ["e", "f", "a"]])
    vocabulary = build_vocabulary(train)
    found = kind(train, vocabulary, 100, 1_000, 1.0).scores(pad([[], [1], [6]], 5))
    assert np.argsort(-found[0]).tolist() == list(range(6))
    assert all(len(set(row.tolist())) == 6 for row in found)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"k": 0}, "`k`"), ({"sample_size": 0}, "`sample_size`"), ({"idf_weight": -1.0}, "`idf_weight`"),
     ({"age_scale": 0.0}, "`age_scale`"), ({"nearness_scale": float("nan")}, "`nearness_scale`")],
)  # fmt: skip
def test_senseless_settings_are_refused(changes: dict[str, Any], said: str) -> None:
    train = from_lists([["a", "b"]])
    with pytest.raises(InputError, match=said):
        VSTAN(train, build_vocabulary(train), **changes)
