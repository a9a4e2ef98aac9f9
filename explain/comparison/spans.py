"""Curves over seeds, and how much of an axis a chart shows of them."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Span = tuple[float, float]
Seeds = Sequence[Sequence[float]]
"""A metric by seed, by epoch."""


def band(seeds: Seeds) -> list[dict[str, float]]:
    """Mean, lowest and highest over seeds by 1-based epoch `x`, up to the last epoch that every seed reached.

    Epochs in which a seed's value is not finite are left out.
    """
    shortest = min((len(seed) for seed in seeds), default=0)
    columns = np.array([seed[:shortest] for seed in seeds], dtype=float).reshape(len(seeds), shortest).T
    return [
        {"x": epoch, "mean": float(column.mean()), "low": float(column.min()), "high": float(column.max())}
        for epoch, column in enumerate(columns, 1)
        if np.isfinite(column).all()
    ]


def span_of(curves: Sequence[Seeds], near: Sequence[Seeds] | None = None) -> Span | None:
    """Lowest and highest value of the curves' bands, with a little room; None where there is no value.

    Args:
        curves: what is drawn.
        near: the curves to see well: the span goes beyond theirs by twice its width at most, for one curve that
            runs away would press the others flat.
    """
    whole, inner = _values(curves), _values(near or curves)
    if not len(inner):
        return None
    low, high = float(inner.min()), float(inner.max())
    room = 2 * (high - low)
    return _wider(max(float(whole.min()), low - room), min(float(whole.max()), high + room))


def span_of_scores(values: npt.NDArray[np.float64], less_is_better: bool) -> Span:
    """From the best to the worst of the values, but no further below the best than three times what the median is."""
    scores = values * (-1 if less_is_better else 1)
    best, worst = float(scores.max()), float(scores.min())
    reach = 3 * (best - float(np.median(scores)))
    ends = (best, max(worst, best - reach) if reach else worst)
    return _wider(*sorted(-end if less_is_better else end for end in ends))


def _values(curves: Sequence[Seeds]) -> npt.NDArray[np.float64]:
    return np.array([point[end] for seeds in curves for point in band(seeds) for end in ("low", "high")])


def _wider(low: float, high: float) -> Span:
    pad = 0.06 * (high - low) or 0.01
    return low - pad, high + pad
