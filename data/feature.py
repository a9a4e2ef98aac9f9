"""What one feature means, for models and for sentences in reports."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["numeric", "categorical"]
Way = Literal["any", "lower", "raise"]


@dataclass(frozen=True)
class Feature:
    """One column of the examples."""

    name: str
    """Column name, such as `cart_value`."""

    title: str
    """Name a reader understands, such as "Cart value"."""

    group: str
    """Family of features that belong together: "cart", "price", "time", "visitor", "item", "session" or "table"."""

    kind: Kind = "numeric"
    """`numeric` is float32, null where unknown; `categorical` is a string, null where unknown."""

    unit: str = ""
    """Unit of the value: "s", "items", "events", "currency", "share", "ratio", "hour" or empty."""

    description: str = ""
    """One sentence: what the value is, as of the decision point."""

    actionable: bool = False
    """Whether a shop can change it for a live cart (a price can be lowered, the hour cannot)."""

    way: Way = "any"
    """Which way a shop would change it to keep a cart: a discount lowers a price, an offer of more raises a value."""

    along: tuple[str, ...] = ()
    """Features that then change in the same proportion: a discount lowers the cart's value with its prices."""

    at_least: tuple[str, ...] = ()
    """Features that are never above it: a cart is worth no less than the dearest item in it."""

    cumulative: bool = False
    """Whether it is made of counts since the log began: it moves as the log grows, though nobody behaves otherwise."""


def write_features(features: tuple[Feature, ...], path: Path) -> None:
    """Write the features as JSON, in column order."""
    path.write_text(json.dumps([asdict(feature) for feature in features], indent=1, ensure_ascii=False) + "\n")


def read_features(path: Path) -> tuple[Feature, ...]:
    """Read what `write_features` wrote."""
    return features_from(json.loads(path.read_text()))


def features_from(table: Iterable[Mapping[str, Any]]) -> tuple[Feature, ...]:
    """Features as they were before they became JSON, which knows no tuples."""
    lists = ("along", "at_least")
    return tuple(Feature(**{**fields, **{name: tuple(fields.get(name, ())) for name in lists}}) for fields in table)
