"""Features that go together, and what shuffling them together costs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from data.examples import Examples
from explain.attributing.explanations import Importance
from explain.attributing.lookup import Matrix, Predict
from explain.attributing.permutation import metric_drops

BINS = 10
MOVED = 0.2  # population stability index from which a shift counts as large (Siddiqi 2006, "Credit risk scorecards")


@dataclass(frozen=True)
class Group:
    """Features of which every two have a rank correlation of at least the cut, and their importance as one."""

    members: tuple[str, ...]
    """Names of the features, in column order."""

    mean: float
    """AUC lost when they are shuffled together, each cart getting all of them from one other cart."""

    low: float
    """Lower end of its 95% interval."""

    high: float
    """Upper end of its 95% interval."""


@dataclass(frozen=True)
class Related:
    """What goes with what, and what has moved since training."""

    groups: tuple[Group, ...]
    """Every feature is in one, alone or with others; in column order of their first members."""

    cut: float
    """Absolute Spearman correlation from which two features count as going together."""

    shift: dict[str, float]
    """Feature → population stability index of the test carts against the training carts."""


def related(
    encoded: Matrix,
    columns: npt.NDArray[np.int64],
    predict: Predict,
    train: Examples,
    test: Examples,
    cut: float,
    repeats: int,
    seed: int,
    single: Importance,
) -> Related:
    """Group the features, shuffle each group of several as one, and measure what has moved.

    Args:
        encoded: float32 (n, D), the encoded test examples.
        columns: (D,) position of the feature each encoded column came from.
        predict: (n, D) → (n,) score.
        train: training examples.
        test: the n examples, with labels of both classes.
        cut: absolute rank correlation from which two features go together.
        repeats: resamples, as in `permutation`.
        seed: of resampling and shuffling.
        single: importance of the features one by one, which is that of a group of one.
    """
    place = group_features(test, cut)
    members = [np.flatnonzero(place == group) for group in range(place.max() + 1)]
    several = [group for group in members if len(group) > 1]
    part = np.full(len(place), len(several))  # all that stand alone are one more part, of which nothing is told
    for number, group in enumerate(several):
        part[group] = number
    together = metric_drops(encoded, part[columns], predict, test, repeats, seed)["auc"] if several else ()
    alone = (single.mean["auc"], single.low["auc"], single.high["auc"])
    groups = tuple(
        _group(test, group, [ends[part[group[0]]] for ends in together])
        if len(group) > 1
        else _group(test, group, [ends[group[0]] for ends in alone])
        for group in members
    )
    shift = {spec.name: stability(train.features[spec.name], test.features[spec.name]) for spec in test.specs}
    return Related(groups, cut, shift)


def _group(examples: Examples, members: npt.NDArray[np.int64], ends: Sequence[float]) -> Group:
    return Group(tuple(examples.specs[f].name for f in members), *map(float, ends))


def group_features(examples: Examples, cut: float) -> npt.NDArray[np.int64]:
    """(F,) group of each feature, numbered by first member.

    Hierarchical clustering with complete linkage on 1 − |ρ| (Spearman), so that no two features of a group have a
    correlation below the cut. Categorical features, which have no ranks, stand alone.
    """
    numeric = [f for f, spec in enumerate(examples.specs) if spec.kind == "numeric"]
    labels = np.arange(len(examples.specs)) + len(examples.specs) + 1
    if len(numeric) > 1:
        frame = examples.features[[examples.specs[f].name for f in numeric]]
        strength = np.nan_to_num(np.abs(frame.rank().corr().to_numpy(copy=True)))
        distance = np.clip(1 - np.maximum(strength, strength.T), 0, 1)
        np.fill_diagonal(distance, 0)
        tree = linkage(squareform(distance, checks=False), method="complete")
        labels[numeric] = fcluster(tree, t=1 - cut + 1e-9, criterion="distance")
    return pd.factorize(labels)[0].astype(np.int64)


def stability(before: pd.Series, after: pd.Series) -> float:
    """Population stability index of a feature: Σ (q − p) ln(q / p) over ten bins of equal frequency, or categories.

    "Unknown" is a bin of its own. Half a cart is added to every bin, so that an empty one does not cost infinity.
    0 where nothing moved.
    """
    if before.dtype.kind == "f":
        edges = np.unique(before.quantile(np.linspace(0, 1, BINS + 1)[1:-1]).dropna().to_numpy())
        codes = [np.where(side.isna(), -1, np.searchsorted(edges, side.fillna(0), "left")) for side in (before, after)]
    else:
        both = pd.concat([before, after], ignore_index=True)
        known = pd.factorize(both)[0]
        codes = [known[: len(before)], known[len(before) :]]
    width = max(int(side.max(initial=-1)) for side in codes) + 2
    p, q = (_smoothed(np.bincount(side + 1, minlength=width)) for side in codes)
    return float(((q - p) * np.log(q / p)).sum())


def _smoothed(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    shares: npt.NDArray[np.float64] = (counts + 0.5) / (counts.sum() + 0.5 * len(counts))
    return shares
