"""Curves pass through the points that are known."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from models.config import CostConfig
from models.curves import calibration_curve, lift_curve, precision_recall_curve, profit_thresholds, roc_curve, wilson
from models.nudging.decision import at_threshold, rescue_worth
from tests.models.tables import carts, truth

EXAMPLES = carts(1000, 1)
LABELS, SCORES = EXAMPLES.abandoned, truth(EXAMPLES)


def test_the_area_under_the_roc_curve_is_the_auc() -> None:
    curve = roc_curve(LABELS, SCORES)
    assert (curve["x"][0], curve["y"][0], curve["x"][-1], curve["y"][-1]) == (0, 0, 1, 1)
    assert np.trapezoid(curve["y"], curve["x"]) == pytest.approx(roc_auc_score(LABELS, SCORES), abs=0.003)


def test_a_perfect_score_rises_at_once() -> None:
    assert roc_curve(LABELS, LABELS.astype(float))["y"][1] == 1.0
    assert set(precision_recall_curve(LABELS, LABELS.astype(float))["y"][:1]) == {1.0}
    assert lift_curve(LABELS, LABELS.astype(float))["y"][0] == pytest.approx(1 / LABELS.mean())


def test_taking_every_cart_gives_recall_one_precision_base_rate_and_lift_one() -> None:
    curve = precision_recall_curve(LABELS, SCORES)
    assert curve["x"][-1] == 1.0
    assert curve["y"][-1] == pytest.approx(LABELS.mean())
    assert lift_curve(LABELS, SCORES)["y"][-1] == pytest.approx(1.0)


def test_a_flat_score_has_no_lift_anywhere() -> None:
    np.testing.assert_allclose(lift_curve(LABELS, np.full(1000, 0.3))["y"], 1.0)


def test_calibration_bins_hold_every_row_once() -> None:
    bins = calibration_curve(LABELS, SCORES, 10)
    assert sum(one["n"] for one in bins) == 1000
    mean = sum(one["n"] * one["abandoned_share"] for one in bins) / 1000
    assert mean == pytest.approx(LABELS.mean())
    assert all(one["low"] <= one["abandoned_share"] <= one["high"] for one in bins)


def test_wilson_interval_of_a_textbook_case() -> None:
    low, high = wilson(np.array([0.1]), np.array([10]))
    assert (low[0], high[0]) == (pytest.approx(0.0179, abs=1e-4), pytest.approx(0.4042, abs=1e-4))


def test_the_profit_curve_agrees_with_nudging_at_each_threshold() -> None:
    costs = CostConfig()
    worth = rescue_worth(SCORES, EXAMPLES, EXAMPLES.features["cart_value"].to_numpy(np.float64), costs)
    curve = profit_thresholds(LABELS, SCORES, worth, costs)
    for x, y in list(zip(curve["x"], curve["y"], strict=True))[::7]:
        assert at_threshold(SCORES, LABELS, worth, costs, x)["expected_profit_per_cart"] == pytest.approx(y)
    assert curve["y"][-1] == 0.0
