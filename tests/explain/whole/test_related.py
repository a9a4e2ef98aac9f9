import numpy as np
import pandas as pd
import pytest

from data.examples import Examples
from data.feature import Feature
from explain.attributing.permutation import permutation
from explain.whole.related import group_features, related, stability
from tests.explain.whole.boards import random

GENERATOR = np.random.default_rng(0)
A, B = GENERATOR.normal(size=(2, 600))
FRAME = pd.DataFrame({"a": A, "twin": A + 0.1 * GENERATOR.normal(size=600), "b": B}).astype("float32")
LABELS = (A + 0.5 * B + GENERATOR.normal(size=600) > 0).astype(np.int8)
CARTS = Examples(
    random(600).keys, FRAME, LABELS, tuple(Feature(name, name.title(), "table") for name in ("a", "twin", "b"))
)
ENCODED = FRAME.to_numpy(np.float32)
COLUMNS = np.arange(3)


def predict(rows: np.ndarray) -> np.ndarray:
    return np.asarray(0.5 * rows[:, 0] + 0.5 * rows[:, 1] + 0.5 * rows[:, 2], dtype=np.float64)


def test_features_that_go_together_are_grouped_and_others_are_not() -> None:
    assert group_features(CARTS, 0.6).tolist() == [0, 0, 1]
    assert group_features(CARTS, 1.0).tolist() == [0, 1, 2]


def test_no_two_features_of_a_group_are_below_the_cut() -> None:
    # The first goes with the second and the second with the third, yet the ends are unlike: a chain is no group.
    a, b = np.random.default_rng(1).normal(size=(2, 2000))
    frame = pd.DataFrame({"a": a, "twin": a + b, "b": b}).astype("float32")
    carts = Examples(random(2000).keys, frame, np.zeros(2000, np.int8), CARTS.specs)
    assert len(set(group_features(carts, 0.6).tolist())) == 2


def test_a_falling_relation_counts_and_a_constant_or_a_category_stands_alone() -> None:
    frame = FRAME.assign(twin=-A, b=1.0)
    carts = Examples(CARTS.keys, frame.astype("float32"), LABELS, CARTS.specs)
    assert group_features(carts, 0.9).tolist() == [0, 0, 1]
    assert group_features(random(50), 0.9).tolist() == [0, 1, 2]


def test_twins_shuffled_together_cost_what_one_alone_hides() -> None:
    single = permutation(ENCODED, COLUMNS, predict, CARTS, 5, 0)
    found = related(ENCODED, COLUMNS, predict, CARTS, CARTS, 0.6, 5, 0, single)
    together, alone = found.groups
    assert together.members == ("a", "twin")
    assert together.low > max(single.mean["auc"][:2])
    assert (alone.mean, alone.low, alone.high) == tuple(
        ends["auc"][2] for ends in (single.mean, single.low, single.high)
    )


def test_a_group_of_all_features_is_worth_all_that_is_above_chance() -> None:
    frame = FRAME.assign(b=FRAME["a"] * 2)
    carts = Examples(CARTS.keys, frame, LABELS, CARTS.specs)
    encoded = frame.to_numpy(np.float32)
    single = permutation(encoded, COLUMNS, predict, carts, 10, 0)
    (group,) = related(encoded, COLUMNS, predict, carts, carts, 0.6, 10, 0, single).groups
    assert group.low < single.score["auc"] - 0.5 < group.high


def test_nothing_moved_has_no_shift_and_moving_more_has_more() -> None:
    before = pd.Series(A, dtype="float32")
    assert stability(before, before) == 0.0
    shifts = [stability(before, before + by) for by in (0.1, 0.5, 2.0)]
    assert 0 < shifts[0] < shifts[1] < shifts[2]
    assert shifts[2] > 0.2


def test_the_shift_of_two_categories_is_the_formula() -> None:
    before, after = (pd.Series(["x"] * x + ["y"] * y, dtype=object) for x, y in ((50, 50), (80, 20)))
    p, q = np.array([50.5, 50.5, 0.5]) / 101.5, np.array([80.5, 20.5, 0.5]) / 101.5
    assert stability(before, after) == pytest.approx(((q - p) * np.log(q / p)).sum())


def test_a_shift_into_unknown_and_into_a_new_category_is_seen() -> None:
    before = pd.Series(A, dtype="float32")
    assert stability(before, before.where(np.arange(600) % 2 == 0)) > 0.2
    words = pd.Series(["x"] * 100, dtype=object)
    assert stability(words, words.where(np.arange(100) % 2 == 0, "new")) > 0.2
