"""What kinds of explanation a report has, by the properties of methods of Robnik-Šikonja and Bohanec (2018)."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from explain.config import ExplainConfig


@dataclass(frozen=True)
class Method:
    """One way of explaining, and what can be said of it before it is run."""

    title: str
    """Name a reader understands."""

    key: str
    """Name in figures."""

    portability: str
    """Which models it can explain."""

    translucency: str
    """How far it looks inside the model."""

    expressive_power: str
    """What it can say, and what it cannot."""

    cost: str
    """How the work grows."""

    passes: Callable[[ExplainConfig, int], int]
    """Rows through the network, forward or backward, a cart, under a configuration and for so many features."""


METHODS = (
    Method(
        "SHAP values (DeepSHAP)",
        "shap",
        "feed-forward networks whose layers have a DeepLIFT rule",
        "high: follows every layer from the output back",
        "one signed number per feature and cart, which add up to the prediction; no interactions of their own",
        "with the typical carts: each goes forward and backward together with the cart; not with the features",
        lambda config, _: 4 * config.background,
    ),
    Method(
        "Permutation importance",
        "permutation",
        "every model that predicts",
        "none: sees inputs and predictions alone",
        "one number per feature for all carts together, with an interval; says nothing of a single cart",
        "with features and repeats",
        lambda config, features: features * config.permutation_repeats,
    ),
    Method(
        "Partial dependence and local effects",
        "shapes",
        "every model that predicts",
        "none: sees inputs and predictions alone",
        "one curve per feature: how the risk goes with its value; misleads where features go together, which the local "
        "effects avoid",
        "with the features shown and the points of their curves",
        lambda config, features: min(features, config.shape_features) * (config.shape_points + 2),
    ),
    Method(
        "Friedman's H",
        "interactions",
        "every model that predicts",
        "none: sees inputs and predictions alone",
        "one number per pair of features: how far their effects do not simply add up; not which way",
        "with the carts and with the pairs of features shown",
        lambda config, features: config.interaction_rows * _pairs_and_singles(min(features, config.shape_features)),
    ),
    Method(
        "Stand-ins: regression and tree",
        "stand_ins",
        "every model that predicts",
        "none: learn from its predictions",
        "a model small enough to read as a whole; true only as far as its fidelity goes",
        "one prediction a cart, and a quick fit",
        lambda *_: 1,
    ),
)
"""The methods of this report."""


def _pairs_and_singles(features: int) -> int:
    return features * (features + 1) // 2


def seconds_per_1000_carts(work: Callable[[], object], carts: int) -> float:
    """Wall time of some work on so many carts, after a first time that traces what it needs."""
    work()
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000 / max(carts, 1)
