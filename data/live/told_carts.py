"""Live carts from a table that a client sends, one a row."""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field, ValidationError

from data.errors import InputError
from data.live.live_cart import LiveCart, SessionRules, live_cart
from data.live.told_event import Body, Id, ToldEvent, complaint


class ToldCart(Body):
    """A row: a session with an open cart."""

    visitor_id: Id | None = None
    session_id: Id | None = None
    events: Annotated[list[ToldEvent], Field(min_length=1)]


def told_carts(table: pd.DataFrame, rules: SessionRules) -> list[LiveCart]:
    """The carts of n rows.

    Args:
        table: column `events` with the session's events from its first one on, each a mapping with `ts`, `event`,
            `item_id` and, where known, `category`, `price` and `quantity`; and, where known, `visitor_id` and
            `session_id`. NaN is what pandas makes of what is not known.
        rules: how the log became sessions.

    Raises:
        InputError: a row is something else, its events are out of order, or they are no session with an open cart.
    """
    rows: list[dict[str, Any]] = table.to_dict("records")  # type: ignore[assignment]
    return [_cart(_plain(row), f"rows.{place}", rules) for place, row in enumerate(rows)]


def _cart(row: dict[str, Any], where: str, rules: SessionRules) -> LiveCart:
    try:
        told = ToldCart.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(complaint(".".join(map(str, (where, *first["loc"]))), first)) from None
    for earlier, later in pairwise(told.events):
        if later.ts < earlier.ts:
            raise InputError(
                f"`{where}.events` should be in order of time. Received: {later.ts:%Y-%m-%dT%H:%M:%S.%fZ} after "
                f"{earlier.ts:%Y-%m-%dT%H:%M:%S.%fZ}"
            )
    return live_cart(told.visitor_id, told.session_id, told.events, f"{where}.events", rules)


def _plain(value: Any) -> Any:
    """A value as JSON has it: pandas and MLflow hand over NumPy's arrays and numbers too."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(inner) for inner in value]
    value = value.item() if isinstance(value, np.generic) else value
    return None if value is pd.NA or (isinstance(value, float) and math.isnan(value)) else value
