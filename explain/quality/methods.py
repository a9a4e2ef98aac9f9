"""What kinds of explanation a report has, by the properties of methods of Robnik-Šikonja and Bohanec (2018)."""

import time
from collections.abc import Callable
from dataclasses import dataclass


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
    """How the work grows with m typical carts, F features and r repeats."""


METHODS = (
    Method(
        "SHAP values (DeepSHAP)",
        "shap",
        "feed-forward networks whose layers have a DeepLIFT rule",
        "high: follows every layer from the output back",
        "one signed number per feature and cart, which add up to the prediction; no interactions of their own",
        "m forward and backward passes a cart, whatever F is",
    ),
    Method(
        "Permutation importance",
        "permutation",
        "every model that predicts",
        "none: sees inputs and predictions alone",
        "one number per feature for all carts together, with an interval; says nothing of a single cart",
        "r · F forward passes a cart",
    ),
)
"""The methods of this report."""


def seconds_per_1000_carts(work: Callable[[], object], carts: int) -> float:
    """Wall time of some work on so many carts, after a first time that traces what it needs."""
    work()
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000 / max(carts, 1)
