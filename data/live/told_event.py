"""Events as a client tells them, in JSON: what their fields hold, and in which words a wrong one is refused."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictInt

from data.event import YEARS, Event

SHOWN = 200
"""Most characters shown of what was received."""


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("a time in ISO 8601, such as 2026-03-01T12:00:00Z; without an offset it is UTC")
    return value


def utc(ts: datetime) -> datetime:
    """A time in UTC."""
    return ts.replace(tzinfo=UTC) if ts.tzinfo is None else ts.astimezone(UTC)


def _near(ts: datetime) -> datetime:
    # A year aside before the zone is changed: the first and the last day that a time can name have none beside them.
    if not (YEARS[0] - 1 <= ts.year <= YEARS[1] and YEARS[0] <= utc(ts).year < YEARS[1]):
        raise ValueError(f"in the years {YEARS[0]}..{YEARS[1] - 1}")
    return utc(ts)


Id = Annotated[str, Field(min_length=1, max_length=1_000)]
Time = Annotated[datetime, BeforeValidator(_text, json_schema_input_type=datetime), AfterValidator(_near)]
Price = Annotated[float, Field(ge=0, le=1e9, strict=True, allow_inf_nan=False)]
Pieces = Annotated[StrictInt, Field(ge=1, lt=2**31)]


class Body(BaseModel):
    """What a client sends: no fields beside those that are there."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ToldEvent(Body):
    """One event of a session: the event contract without the ids that all of its events share."""

    ts: Annotated[Time, Field(description="ISO 8601; without an offset it is UTC.")]
    event: Event
    item_id: Id
    category: Id | None = None
    price: Price | None = None
    quantity: Pieces | None = None


def complaint(where: str, detail: Mapping[str, Any]) -> str:
    """What one of pydantic's errors (`ValidationError.errors`) says, in a sentence.

    Args:
        where: name of the field.
        detail: the error.
    """
    if detail["type"] == "missing":
        return f"`{where}` should be there. Received: nothing"
    if detail["type"] == "extra_forbidden":
        return f"`{where}` is no field of this request."
    if detail["type"] == "value_error":
        rule = f"should be {detail['ctx']['error']}"
    else:
        rule = re.sub("^(Input|List|String) should", "should", str(detail["msg"]))
    return f"`{where}` {rule}. Received: {json.dumps(detail['input'], default=str)[:SHOWN]}"
