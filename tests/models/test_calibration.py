"""Calibrated probabilities mean what they say, and the ranking stays."""

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import roc_auc_score

from models.binary_metrics import expected_calibration_error
from models.calibration import Platt, cross_fitted, fit_platt


def sigmoid(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    shares: npt.NDArray[np.float64] = 1 / (1 + np.exp(-values))
    return shares


def test_a_known_distortion_is_undone() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 1.5, 40_000)
    labels = (generator.random(40_000) < sigmoid(0.5 * logits + 1.0)).astype(np.int8)
    platt = fit_platt(logits, labels)
    assert platt.scale == pytest.approx(0.5, abs=0.03)
    assert platt.shift == pytest.approx(1.0, abs=0.03)
    calibrated = sigmoid(platt.scale * logits + platt.shift)
    assert (
        expected_calibration_error(labels, calibrated, 15)
        < 0.01
        < expected_calibration_error(labels, sigmoid(logits), 15)
    )
    assert roc_auc_score(labels, calibrated) == roc_auc_score(labels, logits)


def test_separated_classes_give_a_finite_scale() -> None:
    platt = fit_platt(np.r_[np.full(50, -1.0), np.full(50, 1.0)], np.r_[np.zeros(50), np.ones(50)].astype(np.int8))
    # Platt's targets are 51/52 and 1/52: the fit is exact at ln 51.
    assert platt.scale == pytest.approx(np.log(51), rel=1e-3)


@pytest.mark.parametrize("kind", ["reversed", "few"])
def test_a_slope_that_cannot_be_trusted_leaves_the_ranking_and_sets_the_level(kind: str) -> None:
    generator = np.random.default_rng(1)
    logits = generator.normal(0, 1, 400)
    labels = (generator.random(400) < sigmoid(-logits - 1)).astype(np.int8)
    if kind == "few":
        logits, labels = logits[:25], labels[:25]
    platt = fit_platt(logits, labels)
    assert platt.scale == 1.0
    expected = (labels.sum() + 1) / (len(labels) + 2)
    assert sigmoid(logits + platt.shift).mean() == pytest.approx(expected, abs=1e-6)
    assert "only the level" in platt.note


def test_one_class_is_not_calibrated() -> None:
    platt = fit_platt(np.array([0.3, 0.4]), np.ones(2, np.int8))
    assert (platt.scale, platt.shift) == (1.0, 0.0)
    assert "one class" in platt.note


def test_equal_logits_are_no_crash() -> None:
    platt = fit_platt(np.zeros(100), np.r_[np.zeros(60), np.ones(40)].astype(np.int8))
    assert np.isfinite([platt.scale, platt.shift]).all()
    assert platt.scale > 0


def distorted(sessions: int, seed: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int8], npt.NDArray[np.int64]]:
    """Log-odds that are twice what they should be, labels and sessions; three examples to a session."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 2, 3 * sessions)
    return logits, (generator.random(3 * sessions) < sigmoid(logits / 2)).astype(np.int8), np.arange(3 * sessions) // 3


def test_no_session_has_a_part_in_the_calibration_of_its_own_examples() -> None:
    logits, labels, sessions = distorted(200, 2)
    before = cross_fitted(logits, labels, sessions, 0)
    for session in (0, 77, 199):
        own = sessions == session
        after = cross_fitted(logits, np.where(own, 1 - labels, labels), sessions, 0)
        assert np.array_equal(after[own], before[own])
        assert not np.allclose(after[~own], before[~own], atol=1e-6)


def test_what_is_cross_fitted_is_nearly_what_all_examples_calibrate() -> None:
    logits, labels, sessions = distorted(2_000, 3)
    whole = fit_platt(logits, labels)
    assert np.abs(cross_fitted(logits, labels, sessions, 0) - whole.log_odds(logits)).max() < 0.5
    assert whole.scale == pytest.approx(0.5, abs=0.05)


def test_two_calibrations_one_after_the_other_are_one() -> None:
    one, other, logits = Platt(0.7, -0.2), Platt(1.9, 0.4), np.linspace(-4, 4, 9)
    assert one.then(other).log_odds(logits) == pytest.approx(other.log_odds(one.log_odds(logits)))
