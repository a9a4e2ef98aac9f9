"""From log-odds to probabilities that mean what they say."""

from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

MIN_PER_CLASS = 20
"""Examples of each class below which a slope cannot be told from noise and only the shift is fitted."""

FOLDS = 5


@dataclass(frozen=True)
class Platt:
    """p = σ(scale · logit + shift)."""

    scale: float = 1.0
    """Positive, so that the ranking stays."""

    shift: float = 0.0
    """Added to the scaled log-odds."""

    note: str = ""
    """Why it is not the usual fit, where it is not."""

    def log_odds(self, logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """(n,) calibrated log-odds."""
        return self.scale * logits + self.shift

    def then(self, other: "Platt") -> "Platt":
        """Both, this one first, as one."""
        return Platt(self.scale * other.scale, other.scale * self.shift + other.shift, other.note)


def fit_platt(logits: npt.NDArray[np.float64], abandoned: npt.NDArray[np.int8]) -> Platt:
    """Platt scaling on examples that the network was not trained on.

    Targets are smoothed to (N₊ + 1)/(N₊ + 2) and 1/(N₋ + 2) as in Platt 1999 ("Probabilistic outputs for support
    vector machines"), which keeps the fit finite where the classes separate.

    Args:
        logits: (n,) log-odds before calibration.
        abandoned: (n,) labels.

    Returns:
        Scale and shift. Only the shift where one class has fewer than `MIN_PER_CLASS` examples or the fitted scale
        would reverse the ranking; the identity where there is no example of a class.
    """
    positives = int(abandoned.sum())
    negatives = len(abandoned) - positives
    if positives == 0 or negatives == 0:
        return Platt(note="not calibrated: the validation examples are all of one class")
    if min(positives, negatives) < MIN_PER_CLASS:
        few = f"only the level is calibrated: {min(positives, negatives)} validation examples of one class are too few"
        return Platt(shift=_shift(logits, abandoned), note=few)
    smooth = np.where(abandoned == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    weights = np.concatenate([smooth, 1 - smooth])
    labels = np.repeat([1, 0], len(logits))
    # Standardizing first makes the solver's tolerance mean the same for any network.
    centre, spread = float(logits.mean()), float(logits.std()) or 1.0
    column = np.tile((logits - centre) / spread, 2)[:, None]
    fit = LogisticRegression(C=1e9, tol=1e-8, max_iter=1000).fit(column, labels, sample_weight=weights)
    scale = float(fit.coef_[0, 0]) / spread
    if scale <= 0:
        return Platt(
            shift=_shift(logits, abandoned),
            note="only the level is calibrated: on the validation examples the ranking is no better than chance",
        )
    return Platt(scale=scale, shift=float(fit.intercept_[0]) - scale * centre)


def cross_fitted(
    logits: npt.NDArray[np.float64],
    abandoned: npt.NDArray[np.int8],
    sessions: npt.NDArray[np.int64],
    seed: int,
    folds: int = FOLDS,
) -> npt.NDArray[np.float64]:
    """Log-odds, (n,), each calibrated by examples of other sessions: what a calibration on all of them is worth.

    Args:
        logits: (n,) log-odds before calibration.
        abandoned: (n,) labels.
        sessions: (n,) session of each example, as 0 … c − 1; a session's examples are calibrated together.
        seed: of the parts that the sessions are dealt to.
        folds: how many parts there are.
    """
    part = np.random.default_rng(seed).permutation(int(sessions.max(initial=-1)) + 1)[sessions] % folds
    found = np.empty(len(logits))
    for fold in range(folds):
        own = part == fold
        found[own] = fit_platt(logits[~own], abandoned[~own]).log_odds(logits[own])
    return found


def calibration_of(core: keras.Model) -> Platt:
    """What is in the core's "calibration" layer."""
    scale, shift = core.get_layer("calibration").get_weights()
    return Platt(float(scale[0, 0]), float(shift[0]))


def set_calibration(core: keras.Model, platt: Platt) -> None:
    """Put a calibration into the core's "calibration" layer."""
    core.get_layer("calibration").set_weights(
        [np.array([[platt.scale]], "float32"), np.array([platt.shift], "float32")]
    )


def _shift(logits: npt.NDArray[np.float64], abandoned: npt.NDArray[np.int8]) -> float:
    """The shift, by bisection, at which the mean probability is the share abandoned (one more of each class)."""
    target = (abandoned.sum() + 1) / (len(abandoned) + 2)
    low, high = -40.0 - float(logits.max()), 40.0 - float(logits.min())
    for _ in range(80):
        middle = (low + high) / 2
        too_low = np.mean(1 / (1 + np.exp(-np.clip(logits + middle, -700, 700)))) < target
        low, high = (middle, high) if too_low else (low, middle)
    return (low + high) / 2
