from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from data.examples import Examples
from explain.attributing.explanations import Floats
from explain.quality.stability import JOINT, Nudges, deviations, kept_top, lipschitz, nudge
from tests.explain.shop import carts

TRAIN, TEST = carts(300), carts(40, seed=1)
SPREAD = deviations(TRAIN)
NUMBERS = list(SPREAD.index)


def linear(examples: Examples, weights: Floats) -> Floats:
    """Exact attributions of a linear model of the numbers in deviations; unknown counts as the typical value."""
    scaled = examples.features[NUMBERS].to_numpy(dtype=np.float64) / SPREAD.to_numpy()
    return np.asarray(np.nan_to_num(scaled) * weights)


@given(weights=st.lists(st.floats(-5, 5), min_size=4, max_size=4), seed=st.integers(0, 100))
def test_a_linear_models_lipschitz_constant_is_its_largest_weight(weights: list[float], seed: int) -> None:
    w = np.array(weights)
    whole = TEST.take(TEST.features["cart_value"].notna().to_numpy(dtype=bool))
    moved = nudge(whole, SPREAD, 0.05, seed)
    found = lipschitz(linear(whole, w), linear(moved.examples, w), moved)
    assert found.shape == (len(whole),)
    assert_allclose(found, np.abs(w).max(), rtol=1e-6, atol=1e-9)


def test_a_nudge_is_as_long_as_asked_and_moves_only_numbers() -> None:
    moved = nudge(TEST, SPREAD, 0.05, seed=0)
    known = TEST.features.loc[moved.rows, NUMBERS].notna().all(axis=1).to_numpy()
    assert_allclose(moved.distance[known], 0.05, rtol=1e-3)
    assert_array_equal(moved.examples.features["device"], TEST.features["device"].iloc[moved.rows])
    before = TEST.features.loc[moved.rows, NUMBERS].reset_index(drop=True)
    assert_array_equal(before.isna(), moved.examples.features[NUMBERS].isna())
    changed = (before.fillna(0) != moved.examples.features[NUMBERS].fillna(0)).sum(axis=1)
    assert changed.min() == 1
    assert (changed == 1).sum() + JOINT * len(TEST) == len(moved.rows)


def test_what_never_varied_stays() -> None:
    flat = replace(TRAIN, features=TRAIN.features.assign(unused=np.float32(2.0)))
    moved = nudge(TEST, deviations(flat), 0.05, seed=0)
    assert_array_equal(moved.examples.features["unused"], TEST.features["unused"].iloc[moved.rows])


def test_explanations_at_random_jump() -> None:
    moved = nudge(TEST, SPREAD, 0.05, seed=0)
    w, chance = np.array([1.0, 2.0, 0.5, 1.5]), np.random.default_rng(0)
    before, after = linear(TEST, w), linear(moved.examples, w)
    wrong = chance.permutation(after.ravel()).reshape(after.shape)
    assert np.median(lipschitz(before, wrong, moved)) > 5 * np.median(lipschitz(before, after, moved))
    assert kept_top(before, wrong, moved) < kept_top(before, after, moved)


def test_the_first_place_is_kept_or_lost() -> None:
    nudges = Nudges(TEST.take(np.array([0, 0])), np.array([0, 0]), np.array([0.1, 0.1]))
    before = np.array([[-3.0, 1.0]])
    assert kept_top(before, np.array([[-2.0, 1.0], [1.0, 2.0]]), nudges) == 0.5
    assert np.isnan(kept_top(before, before[:0], Nudges(TEST, nudges.rows[:0], nudges.distance[:0])))


def test_only_numbers_have_deviations() -> None:
    assert "device" not in SPREAD
    assert SPREAD["cart_value"] == pytest.approx(float(np.nanstd(TRAIN.features["cart_value"].astype("float64"))))
    unknown = replace(TRAIN, features=TRAIN.features.assign(unused=pd.Series(np.nan, range(300), "float32")))
    assert deviations(unknown)["unused"] == 0.0
