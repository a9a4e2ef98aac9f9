"""Metrics of several models on the same resamples of whole sessions, fast enough for a thousand of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.binary_metrics import Floats, Labels, bin_starts, cluster_draws, log_losses

PAIRED = ("auc", "log_loss", "brier", "ece")
"""What is drawn, in this order."""

CELLS = 4_000_000
"""Resampled rows held in memory at a time, 4 bytes each and three times over."""

Singles = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Drawn:
    """`PAIRED` of one model; an AUC is NaN where there is one class only."""

    point: Floats
    """(4,) on the sample itself."""

    values: Floats
    """(resamples, 4)."""


@dataclass(frozen=True)
class _Scored:
    """What of one model's scores does not change from one resample to the next."""

    clusters: Ints
    """(n,) cluster of each row, rows by ascending score."""
    negative: Singles
    """(n,) 1 where the row, by ascending score, was not abandoned."""
    positives: Ints
    """(p,) places of the abandoned rows in that order."""
    first: Ints
    """(p,) rows that score less than each of them."""
    last: Ints
    """(p,) rows that score no more."""
    sums: Floats
    """(c, 2 + bins) sums over each cluster of log losses, of squares, and of label − probability by bin."""

    @classmethod
    def of(cls, abandoned: Labels, scores: Floats, clusters: Ints, bins: int) -> "_Scored":
        order = np.argsort(scores, kind="stable")
        ordered, labels, groups = scores[order], abandoned[order], clusters[order]
        positives = np.flatnonzero(labels == 1)
        starts = bin_starts(ordered, bins)
        sums = np.zeros((int(clusters.max()) + 1, 2 + len(starts)))
        np.add.at(sums[:, 0], groups, log_losses(labels, ordered))
        np.add.at(sums[:, 1], groups, (labels - ordered) ** 2)
        place = np.searchsorted(starts, np.arange(len(labels)), side="right") + 1
        np.add.at(sums, (groups, place), labels - ordered)
        return cls(
            clusters=groups,
            negative=(labels == 0).astype(np.float32),
            positives=positives,
            first=np.searchsorted(ordered, ordered[positives], side="left"),
            last=np.searchsorted(ordered, ordered[positives], side="right"),
            sums=sums,
        )

    def draws(self, times: Singles, sizes: Floats) -> Floats:
        """`PAIRED` where cluster j occurs `times[:, j]` times: (b, 4)."""
        sums = times.astype(np.float64) @ self.sums / (times @ sizes)[:, None]
        return np.column_stack([self.auc(times), sums[:, :2], np.abs(sums[:, 2:]).sum(axis=1)])

    def auc(self, times: Singles) -> Floats:
        """(b,) share of (abandoned, bought) pairs in the right order, half for ties; NaN where there are none."""
        weights = times[:, self.clusters]
        # Whole numbers below 2²⁴, which float32 holds exactly; their products are summed in float64.
        below = np.zeros((len(times), weights.shape[1] + 1), dtype=np.float32)
        np.cumsum(weights * self.negative, axis=1, out=below[:, 1:])
        right = below[:, self.first]
        right += below[:, self.last]
        own = weights[:, self.positives]
        pairs = own.sum(axis=1, dtype=np.float64) * below[:, -1]
        right = np.einsum("bp,bp->b", own, right, dtype=np.float64) / 2
        auc: Floats = np.divide(right, pairs, out=np.full(len(times), np.nan), where=pairs > 0)
        return auc


def paired_draws(
    abandoned: Labels, scores: Mapping[str, Floats], clusters: Ints, resamples: int, bins: int, seed: int
) -> dict[str, Drawn]:
    """`PAIRED` of several scores on the same resamples.

    Args:
        abandoned: (n,) labels.
        scores: name → (n,) probabilities.
        clusters: (n,) session of each row, as 0 … c − 1.
        resamples: draws with replacement of c sessions.
        bins: equal-count bins of the calibration error, set once on the sample itself.
        seed: of the draws.

    Returns:
        name → what was drawn. Row i of every name is of the same draw, so that differences of rows are paired.
    """
    scored = {name: _Scored.of(abandoned, values, clusters, bins) for name, values in scores.items()}
    sizes = np.bincount(clusters).astype(np.float64)
    parts: dict[str, list[Floats]] = {name: [] for name in scores}
    for times in cluster_draws(len(sizes), resamples, seed, max(1, CELLS // len(abandoned))):
        for name, one in scored.items():
            parts[name].append(one.draws(times.astype(np.float32), sizes))
    once = np.ones((1, len(sizes)), dtype=np.float32)
    return {name: Drawn(one.draws(once, sizes)[0], np.concatenate(parts[name])) for name, one in scored.items()}
