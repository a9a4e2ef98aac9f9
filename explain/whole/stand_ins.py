"""Models simple enough to read, fitted to the network's predictions, and how far they can stand in for it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.examples import Examples
from explain.attributing.explanations import sigmoid
from explain.attributing.lookup import Floats
from models.binary_metrics import interval, resample_weights
from models.evaluation import clusters_of

RESAMPLES = 200


@dataclass(frozen=True)
class Fidelity:
    """How closely a stand-in follows the network on test carts that it was not fitted to."""

    r2: tuple[float, float, float]
    """R² of its log-odds against the network's, and the ends of the 95% interval over sessions; 1 is the same."""

    agreement: float
    """Share of the carts on the same side of the threshold."""

    constant: float
    """The same for a stand-in that says of every cart what the network says of most."""

    points: float
    """Mean distance of the predicted risks."""


@dataclass(frozen=True)
class Term:
    """One term of the regression."""

    feature: str
    """Name of the feature."""

    level: str | None
    """Category, "" for unknown, "other" for the rare ones; None for a number."""

    gap: bool
    """Whether the term is that the number is unknown."""

    coefficient: float
    """Log-odds for one standard deviation more of a number, or for a cart of the category or with the gap."""

    spread: float
    """Standard deviation over carts of what the term adds, with the coefficient's sign: how far it moves carts."""


@dataclass(frozen=True)
class Regression:
    """A logistic regression in the place of the network."""

    fidelity: Fidelity

    terms: tuple[Term, ...]
    """Strongest first."""


@dataclass(frozen=True)
class Node:
    """A group of carts in the tree, and how it is divided."""

    risk: float
    """Mean predicted risk of its carts, by the network."""

    share: float
    """Share of the fitted carts that are in it."""

    feature: str | None = None
    """Feature that divides it; None for a leaf."""

    threshold: float | None = None
    """Carts at or below it go to `yes`; None where a category divides."""

    level: str | None = None
    """Category whose carts go to `yes`; "" for unknown."""

    unknown: bool | None = None
    """Whether carts whose number is unknown go to `yes`; None where there are none."""

    yes: "Node | None" = None
    no: "Node | None" = None


@dataclass(frozen=True)
class Tree:
    """A decision tree in the place of the network."""

    fidelity: Fidelity
    root: Node


@dataclass(frozen=True)
class StandIns:
    """The two stand-ins."""

    regression: Regression
    tree: Tree

    threshold: float
    """Predicted risk whose two sides `agreement` is about."""

    min_fidelity: float
    """R² below which a stand-in is not to be leant on."""

    fitted: int
    """Training and validation carts that they were fitted to."""

    tested: int
    """Test carts that their fidelity was measured on."""


def fidelity(told: Floats, network: Floats, test: Examples, threshold: float, seed: int) -> Fidelity:
    """Compare the log-odds (n,) of a stand-in with the network's on n test carts."""
    residuals = (told - network) ** 2

    def r2(weights: Floats) -> Floats:
        means = weights @ network / weights.sum(axis=1)
        spread = (weights * (network - means[:, None]) ** 2).sum(axis=1)
        ratio = np.divide(weights @ residuals, spread, out=np.full(len(weights), np.nan), where=spread > 0)
        return np.asarray(1 - ratio)

    drawn = np.concatenate([r2(w) for w in resample_weights(clusters_of(test.keys), RESAMPLES, seed)])
    (whole,) = r2(np.ones((1, len(network)))).tolist()
    whole = 0.0 if np.isnan(whole) else whole  # the network says one thing of all: there is nothing to follow
    low, high = interval(drawn) or [whole, whole]
    ours, theirs = sigmoid(told) >= threshold, sigmoid(network) >= threshold
    nudged = float(theirs.mean())
    return Fidelity(
        r2=(whole, low, high),
        agreement=float((ours == theirs).mean()),
        constant=max(nudged, 1 - nudged),
        points=float(np.abs(sigmoid(told) - sigmoid(network)).mean()),
    )


def joined(sides: Sequence[Examples]) -> Examples:
    """Examples of several sides, one after the other."""
    return Examples(
        keys=pd.concat([side.keys for side in sides], ignore_index=True),
        features=pd.concat([side.features for side in sides], ignore_index=True),
        abandoned=np.concatenate([side.abandoned for side in sides]),
        specs=sides[0].specs,
    )
