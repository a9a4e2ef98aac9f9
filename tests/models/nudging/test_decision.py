"""Nudges are sent where they pay."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from data.examples import Examples
from models.config import CostConfig
from models.nudging.decision import at_threshold, cart_values, choose_threshold, nudge_value, profit_curve, rescue_worth
from tests.models.tables import carts, numbers_only, truth

COSTS = CostConfig(nudge_cost=0.5, margin=0.25, rescue_rate=0.1)


def test_a_nudge_pays_from_cost_over_gain_on() -> None:
    break_even = 0.5 / (0.25 * 0.1 * 40)
    risks = np.array([break_even - 0.01, break_even, break_even + 0.01])
    values = nudge_value(risks, rescue_worth(risks, carts(3, 0), np.full(3, 40.0), COSTS), COSTS)
    assert values[0] < 0 < values[2]
    assert values[1] == pytest.approx(0)


def test_with_true_probabilities_and_equal_values_the_threshold_is_the_break_even() -> None:
    examples = numbers_only(carts(60_000, 3))
    frame = examples.features.assign(cart_value=np.float32(40.0))
    probability = truth(carts(60_000, 3))
    chosen = choose_threshold(probability, replace(examples, features=frame), COSTS)
    assert chosen["value"] == pytest.approx(0.5, abs=0.05)
    assert chosen["notes"] == []


def test_no_other_threshold_earns_more_on_the_validation_examples() -> None:
    examples = carts(500, 4)
    probability, values = truth(examples), examples.features["cart_value"].to_numpy(np.float64)
    worth = rescue_worth(probability, examples, values, COSTS)
    chosen = choose_threshold(probability, examples, COSTS)
    for threshold in np.linspace(0, 0.99, 50):
        other = at_threshold(probability, examples.abandoned, worth, COSTS, threshold)["expected_profit_per_cart"]
        assert other is not None
        assert other <= chosen["expected_profit_per_cart"] + 1e-12
    same = at_threshold(probability, examples.abandoned, worth, COSTS, chosen["value"])
    assert same["expected_profit_per_cart"] == pytest.approx(chosen["expected_profit_per_cart"])
    assert same["nudged_share"] == pytest.approx(chosen["nudged_share"])


def test_where_no_nudge_pays_nobody_is_nudged_and_a_note_says_so() -> None:
    chosen = choose_threshold(np.full(10, 0.9), carts(10, 0), CostConfig(nudge_cost=1e6))
    assert chosen["value"] == 1.0
    assert chosen["nudged_share"] == 0.0
    assert "no nudge pays" in chosen["notes"][-1]


def test_unknown_cart_values_count_as_configured_and_are_told() -> None:
    examples = carts(4, 0)
    values, notes = cart_values(replace(examples, features=examples.features[["n_views"]]), COSTS)
    np.testing.assert_array_equal(values, 1.0)
    assert "No cart has a known value" in notes[0]
    gap = examples.features.assign(cart_value=pd.Series([1.0, np.nan, 3.0, 4.0], dtype="float32"))
    values, notes = cart_values(replace(examples, features=gap), CostConfig(cart_value=9.0))
    np.testing.assert_array_equal(values, [1, 9, 3, 4])
    assert "25.0%" in notes[0]


def test_the_profit_of_nudging_everyone_is_the_end_of_the_curve() -> None:
    examples = carts(200, 1)
    values = examples.features["cart_value"].to_numpy(np.float64)
    thresholds, profits, shares = profit_curve(truth(examples).round(1), examples.abandoned, values * 0.025, COSTS)
    assert thresholds[0] == 1.0
    assert profits[0] == 0.0
    assert shares[-1] == 1.0
    assert (np.diff(thresholds) < 0).all()
    gain = examples.abandoned * values * 0.025 - 0.5
    assert profits[-1] == pytest.approx(gain.mean())


def test_nothing_to_decide_is_no_crash() -> None:
    empty: Examples = carts(4, 0).take(np.zeros(4, bool))
    assert choose_threshold(np.zeros(0), empty, COSTS)["value"] == 1.0
    assert at_threshold(np.zeros(0), empty.abandoned, np.zeros(0), COSTS, 0.5)["precision"] is None
