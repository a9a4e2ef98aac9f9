"""Curves of a report, as plain numbers: at most about 200 points each."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn import metrics

from models.binary_metrics import Floats, Labels, bin_starts
from models.config import CostConfig
from models.nudging.decision import profit_curve

POINTS = 200

Curve = dict[str, list[float]]


def roc_curve(abandoned: Labels, scores: Floats) -> Curve:
    """x: share of the bought carts flagged, y: share of the abandoned carts flagged. Empty on one class."""
    if not 0 < abandoned.sum() < len(abandoned):
        return {"x": [], "y": []}
    false, true, _ = metrics.roc_curve(abandoned, scores)
    return _at(np.linspace(0, 1, POINTS), false, true)


def precision_recall_curve(abandoned: Labels, scores: Floats) -> Curve:
    """x: recall, y: precision, for "abandoned", by ascending recall. Empty on one class."""
    if not 0 < abandoned.sum() < len(abandoned):
        return {"x": [], "y": []}
    precision, recall, _ = metrics.precision_recall_curve(abandoned, scores)
    # The last point, (0, 1), stands for no flagged cart and is no measurement.
    precision, recall = precision[:-1][::-1], recall[:-1][::-1]
    return _thinned(recall, precision)


def lift_curve(abandoned: Labels, scores: Floats) -> Curve:
    """x: share of the carts taken, likeliest to be abandoned first; y: their abandoned share over that of all carts.

    Carts of equal score are taken together, in equal parts. Empty where no cart was abandoned.
    """
    if not abandoned.sum():
        return {"x": [], "y": []}
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.r_[np.diff(scores[order]) < 0, True])
    taken = np.r_[0, ends + 1] / len(scores)
    hits = np.r_[0, np.cumsum(abandoned[order])[ends]] / abandoned.sum()
    shares = np.linspace(1 / 100, 1, 100)
    return {"x": _floats(shares), "y": _floats(np.interp(shares, taken, hits) / shares)}


def calibration_curve(abandoned: Labels, scores: Floats, bins: int) -> list[dict[str, float | int]]:
    """Per equal-count bin: mean prediction, share abandoned with a 95% Wilson interval (`low`, `high`), rows."""
    if len(scores) == 0:
        return []
    order = np.argsort(scores, kind="stable")
    starts = bin_starts(scores[order], bins)
    counts = np.diff(np.r_[starts, len(scores)])
    means = np.add.reduceat(scores[order], starts) / counts
    shares = np.add.reduceat(abandoned[order].astype(np.float64), starts) / counts
    low, high = wilson(shares, counts)
    return [
        {
            "mean_prediction": float(mean),
            "abandoned_share": float(share),
            "low": float(below),
            "high": float(above),
            "n": int(count),
        }
        for mean, share, below, above, count in zip(means, shares, low, high, counts, strict=True)
    ]


def wilson(shares: Floats, counts: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """95% interval of a share (Wilson 1927)."""
    z = 1.959964
    middle = (shares + z**2 / (2 * counts)) / (1 + z**2 / counts)
    half = z / (1 + z**2 / counts) * np.sqrt(shares * (1 - shares) / counts + z**2 / (4 * counts**2))
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def profit_thresholds(abandoned: Labels, scores: Floats, worth: Floats, costs: CostConfig) -> Curve:
    """x: threshold from 0 to 1, y: profit per cart of nudging every cart at or above it, in the shop's currency."""
    thresholds, profits, _ = profit_curve(scores, abandoned, worth, costs)
    grid = np.linspace(0, 1, 101)
    # Thresholds descend: the last of them at or above a grid value bounds the carts that are nudged there.
    found = np.searchsorted(-thresholds, -grid, side="right") - 1
    return {"x": _floats(grid), "y": _floats(profits[found])}


def _at(grid: Floats, x: Floats, y: Floats) -> Curve:
    """A curve read off on a grid; where it rises in one step at the start, from the top of that step."""
    return {"x": [0.0, *_floats(grid)], "y": [0.0, *_floats(np.interp(grid, x, y))]}


def _thinned(x: Floats, y: Floats) -> Curve:
    keep = np.unique(np.linspace(0, len(x) - 1, min(POINTS, len(x))).astype(np.int64))
    return {"x": _floats(x[keep]), "y": _floats(y[keep])}


def _floats(values: npt.NDArray[Any]) -> list[float]:
    return [float(value) for value in values]
