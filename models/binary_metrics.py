"""How good probabilities of a yes-or-no outcome are, with intervals that keep a session's rows together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, roc_auc_score

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]

METRICS = ("auc", "average_precision", "log_loss", "brier", "ece")
"""Area under the ROC curve, average precision (for "abandoned"), mean log loss in nats, Brier score, ECE."""

CLIP = 1e-7
"""Probabilities are held this far from 0 and 1 in the log loss, so that one sure mistake does not cost infinity."""

CELLS = 4_000_000
"""Resampled rows held in memory at a time."""


def binary_metrics(abandoned: Labels, scores: Floats, bins: int) -> dict[str, float | None]:
    """The five `METRICS` of predicted probabilities.

    Args:
        abandoned: (n,) labels.
        scores: (n,) probabilities that the label is 1.
        bins: bins of the expected calibration error.

    Returns:
        Metric → value; None for what is not defined: everything without rows, AUC and average precision on one class.
    """
    if len(abandoned) == 0:
        return dict.fromkeys(METRICS)
    both = 0 < abandoned.sum() < len(abandoned)
    return {
        "auc": float(roc_auc_score(abandoned, scores)) if both else None,
        "average_precision": float(average_precision_score(abandoned, scores)) if both else None,
        "log_loss": float(log_losses(abandoned, scores).mean()),
        "brier": float(((scores - abandoned) ** 2).mean()),
        "ece": expected_calibration_error(abandoned, scores, bins),
    }


def expected_calibration_error(abandoned: Labels, scores: Floats, bins: int) -> float:
    """Mean distance between the predicted and the observed share over equal-count bins (Naeini et al. 2015)."""
    order = np.argsort(scores, kind="stable")
    starts = bin_starts(scores[order], bins)
    return float(np.abs(np.add.reduceat((abandoned - scores)[order], starts)).sum() / len(scores))


def bin_starts(ordered: Floats, bins: int) -> npt.NDArray[np.int64]:
    """First positions of at most `bins` equal-count bins of ascending scores; equal scores share a bin."""
    wanted = ordered[np.linspace(0, len(ordered), bins, endpoint=False).astype(np.int64)]
    return np.unique(np.searchsorted(ordered, wanted, side="left"))


@dataclass(frozen=True)
class _Ordered:
    """One set of scores, sorted once for all resamples."""

    order: npt.NDArray[np.int64]
    ties: npt.NDArray[np.int64]
    """First position of each run of equal scores."""
    bins: npt.NDArray[np.int64]
    """First position of each bin of the calibration error."""
    labels: Floats
    """Labels in the order of the scores."""
    gaps: Floats
    """Label − probability."""
    log_losses: Floats
    squares: Floats

    @classmethod
    def of(cls, abandoned: Labels, scores: Floats, bins: int) -> "_Ordered":
        order = np.argsort(scores, kind="stable")
        ordered, labels = scores[order], abandoned[order]
        return cls(
            order=order,
            ties=np.flatnonzero(np.r_[True, np.diff(ordered) > 0]),
            bins=bin_starts(ordered, bins),
            labels=labels.astype(np.float64),
            gaps=labels - ordered,
            log_losses=log_losses(labels, ordered),
            squares=(labels - ordered) ** 2,
        )

    def metrics(self, weights: Floats) -> Floats:
        """`METRICS` under row weights (b, n): (b, 5), NaN where a resample has one class only."""
        w = weights[:, self.order]
        total = w.sum(axis=1)
        positive = np.add.reduceat(w * self.labels, self.ties, axis=1)
        negative = np.add.reduceat(w, self.ties, axis=1) - positive
        calibration = np.abs(np.add.reduceat(w * self.gaps, self.bins, axis=1)).sum(axis=1)
        columns = [
            _auc(positive, negative),
            _average_precision(positive, negative),
            w @ self.log_losses / total,
            w @ self.squares / total,
            calibration / total,
        ]
        return np.stack(columns, axis=1)

    def auc(self, weights: Floats) -> Floats:
        """Only the first of `METRICS`, (b,)."""
        w = weights[:, self.order]
        positive = np.add.reduceat(w * self.labels, self.ties, axis=1)
        return _auc(positive, np.add.reduceat(w, self.ties, axis=1) - positive)


def bootstrap_metrics(
    abandoned: Labels,
    scores: Mapping[str, Floats],
    clusters: npt.NDArray[np.int64],
    resamples: int,
    bins: int,
    seed: int,
) -> dict[str, Floats]:
    """The metrics of several scores on the same resamples of whole sessions.

    Args:
        abandoned: (n,) labels.
        scores: name → (n,) probabilities.
        clusters: (n,) session of each row, as 0 … c − 1.
        resamples: draws with replacement of c sessions.
        bins: bins of the expected calibration error, set once on the sample itself.
        seed: of the draws.

    Returns:
        name → (resamples, 5) in the order of `METRICS`. Row i of every name is of the same draw, so differences of
        rows are paired. NaN where a draw has one class only.
    """
    ordered = {name: _Ordered.of(abandoned, values, bins) for name, values in scores.items()}
    parts: dict[str, list[Floats]] = {name: [] for name in scores}
    for weights in resample_weights(clusters, resamples, seed):
        for name, one in ordered.items():
            parts[name].append(one.metrics(weights))
    return {name: np.concatenate(values) for name, values in parts.items()}


def bootstrap_auc(
    abandoned: Labels, scores: Floats, clusters: npt.NDArray[np.int64], resamples: int, seed: int
) -> Floats:
    """(resamples,) AUC on draws of whole sessions; NaN where a draw has one class only."""
    ordered = _Ordered.of(abandoned, scores, 1)
    return np.concatenate([ordered.auc(weights) for weights in resample_weights(clusters, resamples, seed)])


def bootstrap_gap(
    abandoned: Labels, scores: Floats, clusters: npt.NDArray[np.int64], resamples: int, seed: int
) -> Floats:
    """(resamples,) mean prediction less the share abandoned, on draws of whole sessions."""
    gaps = scores - abandoned
    draws = resample_weights(clusters, resamples, seed)
    return np.concatenate([weights @ gaps / weights.sum(axis=1) for weights in draws])


def resample_weights(clusters: npt.NDArray[np.int64], resamples: int, seed: int) -> Iterator[Floats]:
    """How often each row occurs in draws of whole clusters with replacement: blocks (b, n) of the `resamples` draws."""
    for times in cluster_draws(int(clusters.max()) + 1, resamples, seed, max(1, CELLS // len(clusters))):
        yield times[:, clusters].astype(np.float64)


def cluster_draws(count: int, resamples: int, seed: int, block: int) -> Iterator[npt.NDArray[np.int64]]:
    """How often each of `count` clusters is drawn when as many are, with replacement: blocks (at most `block`, count).

    The draws are the same whatever the block.
    """
    generator = np.random.default_rng(seed)
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        drawn = generator.integers(0, count, (rows, count)) + np.arange(rows)[:, None] * count
        yield np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count)


def interval(values: Floats, around: float | None = None, level: float = 0.95) -> list[float] | None:
    """Percentile interval of resampled values, [low, high]; None where fewer than half of them are defined.

    Args:
        values: (resamples,) with NaN where not defined.
        around: the estimate, for a metric that resampling inflates (a calibration error adds up the noise of its
            bins, and resampling adds more of it): the interval is moved by that bias, and not below 0.
        level: share of the values inside the interval.
    """
    known = values[~np.isnan(values)]
    if 2 * len(known) < len(values) or len(known) == 0:
        return None
    low, high = (float(edge) for edge in np.quantile(known, [(1 - level) / 2, (1 + level) / 2]))
    if around is None:
        return [low, high]
    bias = float(known.mean()) - around
    return [max(0.0, low - bias), max(0.0, high - bias)]


def log_losses(abandoned: Labels, scores: Floats) -> Floats:
    """(n,) log loss of each probability in nats, held `CLIP` from 0 and 1."""
    clipped = np.clip(scores, CLIP, 1 - CLIP)
    losses: Floats = -np.where(abandoned == 1, np.log(clipped), np.log1p(-clipped))
    return losses


def _auc(positive: Floats, negative: Floats) -> Floats:
    """Share of (positive, negative) pairs in the right order, half for ties; weights per ascending score (b, g)."""
    below = np.cumsum(negative, axis=1) - negative
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    right = np.einsum("bg,bg->b", positive, below + 0.5 * negative)
    return _ratio(right, pairs, pairs > 0)


def _average_precision(positive: Floats, negative: Floats) -> Floats:
    """Precision at each score, weighted by the recall it adds, from weights per ascending score (b, g)."""
    hits = np.cumsum(positive[:, ::-1], axis=1)
    taken = hits + np.cumsum(negative[:, ::-1], axis=1)
    precision = np.divide(hits, taken, out=np.zeros_like(hits), where=taken > 0)
    total = positive.sum(axis=1)
    gained = np.einsum("bg,bg->b", precision, positive[:, ::-1])
    both = (total > 0) & (negative.sum(axis=1) > 0)
    return _ratio(gained, total, both)


def _ratio(over: Floats, under: Floats, defined: npt.NDArray[np.bool_]) -> Floats:
    quotient: Floats = np.divide(over, under, out=np.full(len(under), np.nan), where=defined)
    return quotient
