"""Calibrated probabilities mean what they say, and the ranking stays."""

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import roc_auc_score

from models.binary_metrics import expected_calibration_error
from models.calibration import fit_platt


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
