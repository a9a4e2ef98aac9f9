"""How far several explanations of the same carts agree."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from scipy.stats import rankdata

from explain.attributing.explanations import Floats
from explain.quality.fidelity import row_correlation

TOP = 5
"""Features compared as "the most important ones"."""


def cart_spearman(a: Floats, b: Floats) -> Floats:
    """(n,) Spearman's correlation of each cart's attributions (n, F) with another's, NaN where one is constant."""
    return row_correlation(rankdata(a, axis=1), rankdata(b, axis=1))


def feature_spearman(a: Floats, b: Floats) -> float:
    """Spearman's correlation of two mean sizes of attributions (n, F) over their features, NaN where undefined."""
    return float(cart_spearman(np.abs(a).mean(axis=0)[None], np.abs(b).mean(axis=0)[None])[0])


def top_jaccard(a: Floats, b: Floats, top: int = TOP) -> float:
    """Shared features among the `top` of largest mean size, divided by all that are in either."""
    first, second = (set(np.argsort(-np.abs(x).mean(axis=0), kind="stable")[:top].tolist()) for x in (a, b))
    return len(first & second) / len(first | second)


def pairwise(found: Sequence[Floats]) -> tuple[float, float]:
    """Mean `cart_spearman` over carts and mean `top_jaccard`, over all pairs of two or more explanations (n, F)."""
    pairs = list(combinations(found, 2))
    ranks = np.concatenate([cart_spearman(a, b) for a, b in pairs])
    return mean(ranks), float(np.mean([top_jaccard(a, b) for a, b in pairs]))


def mean(values: Floats) -> float:
    """Mean of what is not NaN; NaN where there is nothing."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
