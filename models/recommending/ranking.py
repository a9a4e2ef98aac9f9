"""How well a ranking of the whole catalogue puts the next item on top, and how much of the catalogue it shows."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Scorer = Callable[[int, int], npt.NDArray[np.floating]]
"""Gives the (stop - start, V) scores of the cases start..stop-1, the higher the better."""

CHUNK_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Ranking:
    """What a scorer did with P cases over V items."""

    ranks: Floats
    """(P,) rank of each case's target, 1 the best, ties counted against it; infinite where it cannot be ranked."""

    exposure: dict[int, npt.NDArray[np.int64]]
    """Per k, (V,) in how many cases an item is among the k best."""


def rank_targets(scores: npt.NDArray[np.floating], targets: npt.NDArray[np.integer]) -> Floats:
    """Rank of each target by full-catalogue ranking with conservative ties: 1 + other items that score no less.

    An item with a score of NaN counts as better than the target, and a target with NaN comes last, so that a broken
    scorer cannot look good.

    Args:
        scores: (n, V), the higher the better.
        targets: (n,) position of the right item in 0..V-1; negative where the catalogue does not have it.

    Returns:
        (n,) ranks, infinite for a negative target.
    """
    rows = np.arange(len(targets))
    own = scores[rows, np.maximum(targets, 0)]
    better = (~(scores < own[:, None])).sum(axis=1)  # the target itself is one of them
    return np.where(targets >= 0, better, np.inf)


def top_items(scores: npt.NDArray[np.floating], k: int) -> npt.NDArray[np.int64]:
    """(n, min(k, V)) positions of the best items, best first, equal scores by position."""
    count = scores.shape[1]
    k = min(k, count)
    best = np.argpartition(-scores, k - 1, axis=1)[:, :k] if k < count else np.tile(np.arange(count), (len(scores), 1))
    # argpartition chooses freely among items that tie for the last place: the first by position are the ones meant.
    last = np.take_along_axis(scores, best, axis=1).min(axis=1)
    for row in np.flatnonzero((scores >= last[:, None]).sum(axis=1) > k):
        tied = np.flatnonzero(scores[row] >= last[row])
        best[row] = tied[np.argsort(-scores[row, tied], kind="stable")][:k]
    best = np.sort(best, axis=1)
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1)


def rank_all(score: Scorer, targets: npt.NDArray[np.integer], items: int, *cutoffs: int) -> Ranking:
    """Rank every case, chunk by chunk, so that no more than about 200 MiB are held whatever P is.

    Args:
        score: gives the scores of a range of cases.
        targets: (P,) as in `rank_targets`.
        items: V, the size of the catalogue.
        cutoffs: lengths k of the lists whose exposure is counted, one at least.
    """
    chunk = max(1, CHUNK_BYTES // (8 * max(items, 1)))
    ranks = np.empty(len(targets))
    exposure = {k: np.zeros(items, dtype=np.int64) for k in cutoffs}
    for start in range(0, len(targets), chunk):
        stop = min(start + chunk, len(targets))
        scores = score(start, stop)
        ranks[start:stop] = rank_targets(scores, targets[start:stop])
        best = top_items(scores, max(cutoffs))
        for k, counts in exposure.items():
            counts += np.bincount(best[:, :k].ravel(), minlength=items)
    return Ranking(ranks=ranks, exposure=exposure)


def gains(ranks: Floats, k: int) -> Floats:
    """(P, 3) what each case brings to Recall@k, MRR@k and NDCG@k.

    With one right item a case, Recall is 1 where its rank is at most k, MRR 1 / rank and NDCG 1 / log2(1 + rank).
    """
    hit = ranks <= k
    return np.stack([hit, hit / ranks, hit / np.log2(1.0 + ranks)], axis=1)


def names(k: int) -> tuple[str, str, str]:
    """Names of the columns of `gains`."""
    return f"recall_at_{k}", f"mrr_at_{k}", f"ndcg_at_{k}"


def metrics(ranking: Ranking, k: int) -> dict[str, float]:
    """Recall, MRR, NDCG (means over the cases) and coverage (share of the catalogue shown to anybody) at k."""
    means = gains(ranking.ranks, k).mean(axis=0) if len(ranking.ranks) else np.full(3, np.nan)
    found = {name: float(mean) for name, mean in zip(names(k), means, strict=True)}
    shown = ranking.exposure[k] > 0
    return found | {f"coverage_at_{k}": float(shown.mean()) if len(shown) else float("nan")}


def gini(exposure: npt.NDArray[np.integer]) -> float:
    """How unequally the items are shown: 0 all equally often, 1 - 1 / V one alone; NaN where nothing is shown.

    Gini coefficient of the (V,) counts: sum of (2 i - V - 1) x_i over V times the total, x in ascending order.
    """
    total, items = exposure.sum(), len(exposure)
    if not total:
        return float("nan")
    return float((2 * np.arange(1, items + 1) - items - 1) @ np.sort(exposure) / (items * total))


def novelty(exposure: npt.NDArray[np.integer], counts: npt.NDArray[np.integer]) -> float:
    """Mean bits of surprise of an item shown: -log2 of its share of the training events; NaN where nothing is shown.

    Self-information as in Vargas & Castells 2011, "Rank and relevance in novelty and diversity metrics for recommender
    systems".

    Args:
        exposure: (V,) how often each item is shown.
        counts: (V,) training events of each item, above 0.
    """
    if not exposure.sum():
        return float("nan")
    bits = np.log2(counts.sum()) - np.log2(counts)
    return float(exposure @ bits / exposure.sum())


def bootstrap_intervals(
    values: Floats, groups: npt.NDArray[np.integer], resamples: int, seed: int, level: float = 0.95
) -> Floats:
    """Percentile bootstrap intervals of column means, whole groups (sessions) drawn with replacement.

    Cases of one session resemble each other, so drawing single cases would make the intervals too narrow. For a paired
    comparison pass the differences of two systems' gains.

    Args:
        values: (P, m), one row per case.
        groups: (P,) session of each case.
        resamples: bootstrap samples to draw.
        seed: seed of the draws.
        level: share of the samples inside the interval.

    Returns:
        (m, 2) low and high ends; NaN where there is no case.
    """
    if not len(values):
        return np.full((values.shape[1], 2), np.nan)
    _, group = np.unique(groups, return_inverse=True)
    sums = np.stack([np.bincount(group, weights=column) for column in values.T], axis=1)
    sizes = np.bincount(group)
    rng = np.random.default_rng(seed)
    means = np.empty((resamples, values.shape[1]))
    for sample in range(resamples):
        weights = np.bincount(rng.integers(len(sizes), size=len(sizes)), minlength=len(sizes))
        means[sample] = weights @ sums / (weights @ sizes)
    tail = (1.0 - level) / 2.0
    return np.quantile(means, [tail, 1.0 - tail], axis=0).T
