"""A varied session is the session but for what its way of varying says."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from models.config import AugmentationConfig, RecommenderConfig
from models.recommending.cases import make_windows
from models.recommending.fitting import Batches
from models.recommending.network import build_network, session_scores, steps_back
from models.recommending.retrieval import SessionTrainer
from models.recommending.training import train_recommender
from models.sessions.augmentation import Varied, vary
from models.sessions.encoded import Seen
from models.sessions.sequences import UNKNOWN
from models.sessions.vocabulary import Vocabulary, build_vocabulary
from tests.models.walks import SMALL, walks

CROP, REORDER, MASK = ({"crop": 1.0}, {"reorder": 1.0}, {"mask": 1.0})


def batch(lengths: list[int]) -> Seen:
    """Rows of so many events; every event differs from every other, and tells its place in kind and gap too."""
    inside = np.arange(max(lengths)) < np.array(lengths)[:, None]
    ids = np.where(inside, np.cumsum(inside).reshape(inside.shape), 0).astype(np.int32)
    kinds = np.where(inside, ids % 5 + 1, 0).astype(np.int8)
    return Seen(ids, kinds, np.where(inside, ids * 2.0, UNKNOWN).astype(np.float32))


def varied(seen: Seen, ways: dict[str, float], seed: int = 0) -> Varied:
    return vary(seen, AugmentationConfig.model_validate(ways), np.random.default_rng(seed))


def check_events_are_whole(found: Varied) -> None:
    """Kinds and gaps are where their items are, and the padding is on the right."""
    inside = found.ids > 0
    assert_array_equal(found.kinds, np.where(inside, found.ids % 5 + 1, 0))
    assert_array_equal(found.gaps, np.where(inside, found.ids * 2.0, UNKNOWN))
    assert (np.diff(inside.astype(int), axis=1) <= 0).all()


LENGTHS = st.lists(st.integers(2, 60), min_size=1, max_size=8)
SEEDS = st.integers(0, 1000)


@given(lengths=LENGTHS, seed=SEEDS)
def test_a_crop_is_half_the_session_in_one_piece(lengths: list[int], seed: int) -> None:
    seen = batch(lengths)
    found = varied(seen, CROP, seed)
    check_events_are_whole(found)
    for row, length in enumerate(lengths):
        kept = found.ids[row][found.ids[row] > 0]
        assert len(kept) == max(2, -(-length // 2))
        assert_array_equal(np.diff(kept), 1)
        assert set(kept) <= set(seen.ids[row])
    assert not found.hidden.any()


@given(lengths=LENGTHS, seed=SEEDS)
def test_a_reordered_session_is_a_permutation_inside_a_piece_and_the_same_outside(
    lengths: list[int], seed: int
) -> None:
    seen = batch(lengths)
    found = varied(seen, REORDER, seed)
    check_events_are_whole(found)
    for row, length in enumerate(lengths):
        before, after = seen.ids[row, :length], found.ids[row, :length]
        assert_array_equal(np.sort(after), before)
        assert after[-1] == before[-1]
        moved = np.flatnonzero(before != after)
        if len(moved):
            assert moved[-1] - moved[0] < max(2, -(-(length - 1) // 5))
    assert not found.hidden.any()


@given(lengths=LENGTHS, seed=SEEDS)
def test_a_mask_hides_a_fifth_of_the_inputs_and_moves_nothing(lengths: list[int], seed: int) -> None:
    seen = batch(lengths)
    found = varied(seen, MASK, seed)
    for one, other in zip(seen, found, strict=False):
        assert_array_equal(one, other)
    for row, length in enumerate(lengths):
        inputs = length - 1
        assert found.hidden[row].sum() == (-(-inputs // 5) if inputs > 1 else 0)
        assert not found.hidden[row, inputs:].any()


@given(lengths=LENGTHS, seed=SEEDS)
def test_all_three_together_keep_events_whole(lengths: list[int], seed: int) -> None:
    found = varied(batch(lengths), CROP | REORDER | MASK, seed)
    check_events_are_whole(found)
    assert ((found.ids > 0).sum(axis=1) >= 2).all()
    assert not (found.hidden & (found.ids == 0)).any()


@pytest.mark.parametrize("way", ["crop", "reorder", "mask"])
def test_a_probability_is_that_of_a_session(way: str) -> None:
    seen = batch([16] * 3000)
    found = varied(seen, {way: 0.3})
    share = ((found.ids != seen.ids) | found.hidden).any(axis=1).mean()
    assert share == pytest.approx(0.3 * (5 / 6 if way == "reorder" else 1.0), abs=0.03)  # 1 of 3! orders is the old one


@pytest.mark.parametrize("way", ["crop", "reorder", "mask"])
def test_every_place_has_the_same_chance(way: str) -> None:
    seen = batch([21] * 4000)
    found = varied(seen, {way: 1.0})
    if way == "mask":
        assert_allclose(found.hidden.mean(axis=0), [0.2] * 20 + [0.0], atol=0.03)
        return
    # Each of the pieces there are has its share: 11 crops of 11 of 21, 17 pieces of 4 of 20.
    starts = found.ids[:, 0] - seen.ids[:, 0] if way == "crop" else np.argmax(found.ids != seen.ids, axis=1)
    counts = np.bincount(starts, minlength=11 if way == "crop" else 17) / 4000
    if way == "crop":
        assert_allclose(counts, 1 / 11, atol=0.02)
    else:
        assert_allclose(counts[3:15], 1 / 17, atol=0.02)


def epochs(augmentation: AugmentationConfig, seed: int = 0) -> list[list[Any]]:
    sequences = walks(200, 4)
    windows = make_windows(sequences, build_vocabulary(sequences), 10)
    batches = Batches(windows, 64, seed, shuffle=True, augmentation=augmentation)
    return [list(batches()) for _ in range(2)]


def same(first: list[Any], second: list[Any]) -> bool:
    return all(
        np.array_equal(a, b) for one, two in zip(first, second, strict=True) for a, b in zip(one, two, strict=True)
    )


def test_epochs_differ_the_seed_repeats_them_and_the_order_stays() -> None:
    masked = AugmentationConfig(mask=0.5)
    first, second = epochs(masked)
    assert not any(
        len(a.ids) == len(b.ids) and (a.hidden == b.hidden).all() for a, b in zip(first, second, strict=True)
    )
    assert same(first, epochs(masked)[0])
    assert same(second, epochs(masked)[1])
    for one, plain in zip((first, second), epochs(AugmentationConfig()), strict=True):
        assert all(isinstance(part, Seen) for part in plain)
        assert same([part[:3] for part in one], plain)


def trainer(**settings: Any) -> SessionTrainer:
    small = {"dimension": 8, "max_length": 12, "negatives": "all", "dropout": 0.0, "input_dropout": 0.0}
    config = RecommenderConfig.model_validate(small | {"augmentation": MASK} | settings)
    network = build_network(Vocabulary(tuple(map(str, range(30))), np.full(30, 3)), config, 0)
    made = SessionTrainer(network, np.append(0.0, np.full(30, 1 / 30)), np.full(30, 3), config)
    made.compile(optimizer=keras.optimizers.SGD(0.1), jit_compile=False)
    return made


def loss(of: SessionTrainer, rows: Any) -> float:
    return float(of.test_on_batch(rows, return_dict=True)["loss"])


@pytest.mark.parametrize("kind", ["softmax", "in_batch", "bpr_max"])
def test_hiding_nothing_changes_nothing_and_hiding_something_does(kind: str) -> None:
    network, seen = trainer(loss=kind), batch([7, 4, 9])
    nothing = Varied(*seen, np.zeros(seen.ids.shape, np.bool_))
    assert loss(network, nothing) == loss(network, seen) == loss(trainer(loss=kind, augmentation={}), seen)
    hidden = nothing.hidden.copy()
    hidden[0, [1, 2]] = True
    assert loss(network, nothing._replace(hidden=hidden)) != loss(network, seen)


def test_no_training_moves_the_row_that_stands_for_a_hidden_item() -> None:
    network = trainer()
    for seed in range(3):
        network.train_on_batch(varied(batch([7, 4, 9]), MASK, seed))
    rows = np.asarray(network.items.embeddings)
    assert not rows[0].any()
    assert np.isfinite(rows).all()


def test_a_hidden_event_is_skipped_where_a_session_s_own_items_are_scored() -> None:
    ids = tf.constant([[3, 0, 5, 0, 3, 0, 0]])
    known = tf.constant([[3, 5, 3]])
    generator = np.random.default_rng(0)
    table = tf.constant(np.concatenate([np.zeros((1, 4)), generator.normal(size=(5, 4))]), tf.float32)
    vector, bonus, weight = (tf.constant(generator.normal(size=(1, size)), tf.float32) for size in (4, 7, 1))
    with_holes = session_scores(ids, tf.gather(table, ids), vector, bonus, weight)
    without = session_scores(known, tf.gather(table, known), vector, bonus, weight)
    assert_allclose(np.asarray(with_holes)[:, [0, 2, 4]], without, rtol=1e-6)
    assert np.isneginf(np.asarray(with_holes)[0, [1, 3, 5, 6]]).all()


def test_two_hidden_events_are_no_return() -> None:
    found = np.asarray(steps_back(tf.constant([[4, 0, 7, 0, 4, 0]])))
    assert found.tolist() == [[0, 0, 0, 0, 4, 0]]


def test_training_takes_the_setting() -> None:
    quick = SMALL.model_copy(update={"epochs": 1, "encoder": "pooling"})
    varying = quick.model_copy(update={"augmentation": AugmentationConfig(crop=0.3, mask=0.3, reorder=0.3)})
    plain, varied = (train_recommender(walks(100, 1), walks(20, 2), one, 5).history for one in (quick, varying))
    assert plain["loss"] != varied["loss"]
    assert np.isfinite(varied["val_loss"]).all()
