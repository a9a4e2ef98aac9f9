"""The leak guard: features that alone nearly give the label away."""

import math
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.tree import DecisionTreeClassifier

from data.config import SplitConfig
from data.examples import Examples
from data.feature import Feature

LEAVES = 16
"""Leaves of a one-feature tree: enough for a label that hides in a few ranges, too few to learn noise."""

MIN_LEAF_SHARE = 0.005


class Leak(TypedDict):
    """A feature that alone nearly gives the label away."""

    feature: str
    title: str
    auc: float


def leak_guard(train: Examples, validation: Examples, config: SplitConfig) -> list[Leak]:
    """Fit a model to each feature alone, and name those that tell the label too well to be true.

    Args:
        train: examples the one-feature models are fitted to.
        validation: examples their AUC is measured on, with both labels.
        config: `leak_auc`, which a named feature's AUC reaches beyond chance.

    Returns:
        The named features, the most telling first.
    """
    lost = int(validation.abandoned.sum())
    leaks: list[Leak] = [
        {"feature": spec.name, "title": spec.title, "auc": round(auc, 4)}
        for spec in train.specs
        if lower_bound(auc := feature_auc(train, validation, spec), lost, len(validation) - lost) >= config.leak_auc
    ]
    return sorted(leaks, key=lambda leak: (-leak["auc"], leak["feature"]))


def lower_bound(auc: float, positives: int, negatives: int) -> float:
    """What an AUC surely reaches (one-sided 95%), so that few validation examples raise no false alarm.

    The standard error is that of Hanley and McNeil (Radiology 143, 1982), of an AUC pulled a little towards .5,
    without which a perfect one would have none.
    """
    fewest = min(positives, negatives)
    auc = (auc * fewest + 1) / (fewest + 2)
    one, two = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (positives - 1) * (one - auc**2) + (negatives - 1) * (two - auc**2)
    return auc - 1.645 * math.sqrt(max(variance, 0.0) / (positives * negatives))


def feature_auc(train: Examples, validation: Examples, spec: Feature) -> float:
    """AUC on `validation` of a small tree that sees one feature of `train`; a missing value is a value of its own."""
    known, asked = train.features[spec.name], validation.features[spec.name]
    if spec.kind == "categorical":
        known, asked = _encoded(known, asked, train.abandoned)
    leaf = max(5, int(MIN_LEAF_SHARE * len(train)))
    tree = DecisionTreeClassifier(max_leaf_nodes=LEAVES, min_samples_leaf=leaf, random_state=0)
    tree.fit(_column(known), train.abandoned)
    return float(roc_auc_score(validation.abandoned, tree.predict_proba(_column(asked))[:, -1]))


def _encoded(
    known: "pd.Series[Any]", asked: "pd.Series[Any]", labels: npt.NDArray[np.int8]
) -> tuple["pd.Series[Any]", "pd.Series[Any]"]:
    """Categories as the share of their training examples abandoned; one that training has not is unknown."""
    known, asked = (column.astype(object).where(column.notna(), None) for column in (known, asked))
    shares = pd.Series(labels, dtype="float64").groupby(known.to_numpy(), dropna=False).mean()
    return known.map(shares), asked.map(shares)


def _column(values: "pd.Series[Any]") -> npt.NDArray[np.float64]:
    return values.to_numpy(dtype="float64")[:, None]
