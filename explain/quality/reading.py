"""Comprehensibility: how much there is to read, and how much what is read tells."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from explain.attributing.explanations import Floats

MOST = 0.8
"""Share of an explanation that counts as most of it."""


def features_needed(values: Floats, share: float = MOST) -> Floats:
    """(n,) fewest features whose sizes add up to the share of all sizes, of attributions (n, F); 0 where all are 0."""
    sizes = -np.sort(-np.abs(values), axis=1)
    total = sizes.sum(axis=1, keepdims=True)
    # A hair less, so that a sum that rounding left short of the share still counts.
    needed = 1 + (np.cumsum(sizes, axis=1) < (share - 1e-9) * total).sum(axis=1)
    return np.where(total[:, 0] > 0, needed, 0).astype(np.float64)


def words(sentences: Sequence[Sequence[str]]) -> Floats:
    """(n,) words of each cart's reasons."""
    return np.array([sum(len(sentence.split()) for sentence in one) for one in sentences], dtype=np.float64)


def largest(values: Floats, top: int) -> Floats:
    """(n,) sum of each cart's `top` attributions of largest size, of (n, F): all that its reasons tell."""
    order = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :top]
    return np.asarray(np.take_along_axis(values, order, axis=1).sum(axis=1))


def auc(scores: Floats, labels: npt.NDArray[np.int8]) -> float:
    """AUC of (n,) scores against what happened, NaN where the carts all ended the same way."""
    return float(roc_auc_score(labels, scores)) if len(np.unique(labels)) > 1 else float("nan")
