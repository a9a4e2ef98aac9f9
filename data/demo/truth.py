"""Why carts of the demo shop are abandoned: the planted causes, in closed form.

At the first cart event a visitor's intent is drawn: the cart will be abandoned with log-odds Φ, the sum of the
causes' effects on what the log shows by then, or it will be bought. Every later step has a likelihood ratio of
exp(ΔΦ) between the two intents (`data.demo.options`), so that the log-odds given everything visible stay a sum of
effects of the current values: log-odds = BASE + Σ effect(value), at every decision point, exactly.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from data.demo.catalogue import Floats

BASE = 1.55
"""Log-odds of abandonment where every effect is at its centre."""

FEE, FREE_FROM = 4.90, 49.0
"""Shipping fee, and the cart value from which it is waived."""


@dataclass(frozen=True)
class Cause:
    """One thing that moves a visitor towards leaving the cart (effect > 0) or buying it (effect < 0)."""

    name: str
    """Column of the truth table."""

    title: str
    """Name a reader understands."""

    value: str
    """What the value is."""

    curve: Callable[[Floats], Floats]
    """Effect in log-odds, before centring, of an array of values."""

    centre: float
    """About the mean of `curve` over the decision points of the default shop; taken off to centre the effects."""

    features: tuple[str, ...]
    """Features of the pipeline through which the cause can be seen; no feature belongs to two causes.

    Most show it exactly. `loyalty` counts sessions where the feature counts purchase events, `popularity` an item's
    expected events, `price` relates to the price expected in the category, `late` to the first cart event's hour."""

    def effect(self, value: Floats) -> Floats:
        """Centred effect in log-odds of each value."""
        return self.curve(value) - self.centre


def fee_share(cart_value: Floats) -> Floats:
    """Shipping fee relative to the cart value, at most 1; 0 where shipping is free."""
    return np.where(cart_value >= FREE_FROM, 0.0, np.minimum(FEE / np.maximum(cart_value, 0.01), 1.0))


def _late(hour: Floats) -> Floats:
    """Rises from 0 at 9:00 to 1 at 23:00 and stays there until the shop's day starts at 5:00."""
    return np.clip(((hour - 5.0) % 24.0 + 5.0 - 9.0) / 14.0, 0.0, 1.0)


CAUSES: tuple[Cause, ...] = (
    Cause(
        "shipping", "Shipping fee", "value of the cart",
        lambda v: 4.0 * np.sqrt(fee_share(v)), 1.25,
        ("cart_value", "cart_quantity", "cart_mean_price", "cart_max_price", "viewed_mean_price"),
    ),
    Cause(
        "loyalty", "Bought here before", "earlier sessions of the visitor with a purchase",
        lambda v: -2.6 * (1.0 - 0.5**v), -0.25,
        ("visitor_purchases", "visitor_carts", "visitor_sessions"),
    ),
    Cause(
        "hesitation", "Looking at the cart's items again", "views of the items now in the cart",
        lambda v: 1.0 * np.log2(np.maximum(v, 1.0)), 1.23,
        ("cart_item_views",),
    ),
    Cause(
        "price", "Price above the category's usual", "mean over the cart of price ÷ the category's typical price",
        lambda v: 1.9 * np.clip(np.log(np.maximum(v, 0.01)), -1.2, 1.2), -0.1,
        ("cart_price_to_category",),
    ),
    Cause(
        "late", "Late hour", "hour of the first cart event, 0 to 23",
        lambda v: 1.5 * _late(v), 0.75,
        ("hour",),
    ),
    Cause(
        "popularity", "Popularity of the items",
        "log of the events the cart's items had, 0 for what an average item has in the end",
        lambda v: -0.16 * np.clip(v, -5.0, 4.0), 0.05,
        ("cart_item_popularity", "cart_item_conversion"),
    ),
    Cause(
        "pauses", "Pauses after the cart", "pauses of more than four minutes since the first cart event",
        lambda v: 0.8 * v, 0.2,
        (
            "seconds_since_first_cart", "seconds_since_last_cart", "seconds_since_previous_event", "max_interval",
            "mean_interval", "seconds_since_first_event",
        ),
    ),
    Cause(
        "comparing", "Looking at other items", "views of items that are not in the cart",
        lambda v: 0.27 * np.log2(1.0 + np.maximum(v, 0.0)), 0.57,
        ("distinct_items", "n_views", "events_so_far"),
    ),
    Cause(
        "several", "Several items in the cart", "different items in the cart now",
        lambda v: -0.4 * (v - 1.0), -0.1,
        ("cart_items", "n_carts"),
    ),
    Cause(
        "removal", "Something taken out again", "removals from the cart",
        lambda v: 1.0 * v, 0.06,
        ("n_uncarts",),
    ),
)  # fmt: skip
"""The planted causes."""

DECOYS: dict[str, tuple[str, ...]] = {
    "favourites": ("n_favourites",),
    "variety": ("distinct_categories",),
    "weekday": ("weekday",),
    "steps": ("decision_point",),
}
"""Visible things without any effect, and their features."""

NAMES = tuple(cause.name for cause in CAUSES)
CAUSE = {cause.name: cause for cause in CAUSES}


@dataclass(frozen=True)
class Season:
    """A time in which causes weigh more or less than usual: their centred effects are multiplied."""

    factors: Mapping[str, float] = field(default_factory=dict)
    """Cause → factor, 1 where none is given; below 0 a cause works the other way round."""

    def effect(self, cause: str, value: Floats) -> Floats:
        """Centred effect of one cause in this season, in log-odds."""
        return self.factors.get(cause, 1.0) * CAUSE[cause].effect(value)


USUAL = Season()


def effects(values: pd.DataFrame, season: Season = USUAL) -> pd.DataFrame:
    """Centred effect of every cause, in log-odds.

    Args:
        values: n rows, one column of values per cause.
        season: what the causes weigh.

    Returns:
        n × len(CAUSES), columns in the order of `CAUSES`.
    """
    columns = {name: season.effect(name, values[name].to_numpy(dtype=np.float64)) for name in NAMES}
    return pd.DataFrame(columns, values.index)


def log_odds(values: pd.DataFrame, season: Season = USUAL) -> pd.Series:
    """Log-odds of abandonment given the causes' values: BASE plus all effects."""
    total: pd.Series = BASE + effects(values, season).sum(axis=1)
    return total


def p_abandon(values: pd.DataFrame, season: Season = USUAL) -> pd.Series:
    """Probability that the cart is abandoned, given everything the log shows."""
    return _sigmoid(log_odds(values, season))


def nudge_response(values: pd.DataFrame) -> pd.Series:
    """By how much a nudge lowers the log-odds, always above 0.

    It works on those who wince at the price or the shipping fee, and little on those who have bought before:
    (0.1 + 2 · fee share + 0.6 · log price ratio above 0) / (1 + earlier purchases).
    """
    fee = fee_share(values["shipping"].to_numpy(dtype=np.float64))
    dear = np.maximum(np.log(np.maximum(values["price"].to_numpy(dtype=np.float64), 0.01)), 0.0)
    bought = values["loyalty"].to_numpy(dtype=np.float64)
    return pd.Series((0.1 + 2.0 * fee + 0.6 * dear) / (1.0 + bought), values.index)


def p_if_nudged(values: pd.DataFrame, season: Season = USUAL) -> pd.Series:
    """Probability that the cart is abandoned although its visitor is nudged now."""
    return _sigmoid(log_odds(values, season) - nudge_response(values))


def planted_effects(effects: pd.DataFrame, reference: pd.DataFrame | None = None) -> pd.Series:
    """Strength of each cause over the given carts: mean distance of its effect from the usual one, in log-odds.

    Args:
        effects: n × at least the causes, such as `effects(values)` or rows of the truth table.
        reference: carts whose mean effect is the usual one, such as those that a model learnt from and that its
            attributions count from; `effects` itself where not given.

    Returns:
        One number per cause and decoy (whose effect is 0).
    """
    names = list(NAMES)
    usual = (effects if reference is None else reference)[names].mean()
    strength = (effects[names] - usual).abs().mean()
    planted: pd.Series = pd.concat([strength, pd.Series(0.0, index=list(DECOYS))])
    return planted


def features_by_cause() -> dict[str, tuple[str, ...]]:
    """Features through which each cause or decoy can be seen; disjoint."""
    return {cause.name: cause.features for cause in CAUSES} | DECOYS


def _sigmoid(log_odds: pd.Series) -> pd.Series:
    probability: pd.Series = 1.0 / (1.0 + np.exp(-log_odds))
    return probability
