"""One cart explained: how likely it is left, and what moves that."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from data.examples import Examples
from explain.attributing.explanations import Attributions
from explain.attributing.sentences import reasons, risk_points
from explain.charts.row_charts import waterfall
from explain.charts.svg import Figure
from explain.wording import risk_text, unique_titles, value_text

SHOWN = 10  # features with a bar of their own


@dataclass(frozen=True)
class CartFeature:
    """What one feature adds to a cart's predicted risk."""

    name: str
    """Column name."""

    title: str
    """Name for a reader."""

    value: str
    """The cart's value in words."""

    typical: str
    """A typical value in words."""

    attribution: float
    """SHAP value in log-odds."""

    points: float
    """What the attribution alone does to a typical cart's predicted probability."""


@dataclass(frozen=True)
class CartExplanation:
    """A cart's prediction taken apart."""

    session_id: str | None
    """The session, where the source names one."""

    visitor_id: str | None
    """The visitor, where the source names one."""

    decision_point: int | None
    """Events since the first cart event."""

    ts: str | None
    """The decision point in time, ISO 8601, UTC."""

    probability: float
    """Predicted probability that the cart is left."""

    base_log_odds: float
    """Log-odds of a typical cart: the mean over the background."""

    base_probability: float
    """The same as a probability."""

    features: tuple[CartFeature, ...]
    """Every feature, the one that moves the prediction most first."""

    sentences: tuple[str, ...]
    """The strongest reasons in words."""

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON-ready values."""
        return asdict(self)


def explain_cart(attributions: Attributions, examples: Examples, row: int, top: int = 5) -> CartExplanation:
    """Take one of the attributed carts apart.

    Args:
        attributions: SHAP values of the examples.
        examples: the same examples.
        row: position of the cart.
        top: most sentences.
    """
    points, values = risk_points(attributions)[row], attributions.values[row]
    titles = unique_titles(attributions.specs)
    order = np.argsort(-np.abs(values), kind="stable")
    features = []
    for f in order:
        spec = attributions.specs[f]
        value = value_text(examples.features[spec.name].iloc[row], spec)
        typical = value_text(attributions.typical[f], spec)
        features.append(CartFeature(spec.name, titles[f], value, typical, float(values[f]), float(points[f])))
    key = examples.keys.iloc[row]
    return CartExplanation(
        session_id=None if _missing(key["session_id"]) else str(key["session_id"]),
        visitor_id=None if _missing(key["visitor_id"]) else str(key["visitor_id"]),
        decision_point=None if _missing(key["decision_point"]) else int(key["decision_point"]),
        ts=None if _missing(key["ts"]) else key["ts"].isoformat(),
        probability=float(attributions.probability[row]),
        base_log_odds=attributions.base,
        base_probability=attributions.base_probability,
        features=tuple(features),
        sentences=tuple(reasons(attributions, examples, np.array([row]), top)[0]),
    )


def cart_figure(cart: CartExplanation) -> Figure:
    """The cart's waterfall: from a typical cart's predicted risk to its own."""
    shown, rest = cart.features[:SHOWN], cart.features[SHOWN:]
    names = [f"{feature.title}: {feature.value}" for feature in shown]
    steps = [feature.attribution for feature in shown]
    if rest:
        names.append(f"{len(rest)} other features" if len(rest) > 1 else rest[0].title)
        steps.append(sum(feature.attribution for feature in rest))
    description = (
        f"From {risk_text(cart.base_probability)} for a typical cart to {risk_text(cart.probability)} for this one, "
        "feature by feature."
    )
    return waterfall(names, steps, cart.base_log_odds, "How the prediction comes about", description)


def _missing(value: Any) -> bool:
    return bool(pd.isna(value))
