"""The event contract: what every event looks like once it is ingested, whatever log it came from."""

from datetime import datetime
from typing import Final, Literal, get_args

import ibis
import ibis.expr.datatypes as dt

Event = Literal["view", "cart", "uncart", "purchase", "favourite"]
EVENTS: Final[tuple[str, ...]] = get_args(Event)

TIME = dt.Timestamp(scale=6)
"""Times are UTC, to the microsecond, without a zone."""

YEARS: Final = (1900, 2200)
"""First year an event may be from, and the first it may not: beyond them the unit of the time is wrong."""

COLUMNS: Final[dict[str, dt.DataType]] = {
    "visitor_id": dt.String(nullable=True),
    "session_id": dt.String(nullable=True),
    "ts": TIME,
    "event": dt.String(nullable=True),
    "item_id": dt.String(nullable=True),
    "category": dt.String(nullable=True),
    "price": dt.Float64(nullable=True),
    "quantity": dt.Int32(nullable=True),
    "row": dt.Int64(nullable=True),
}
"""Columns of `events.parquet` in order. `row` is the event's 1-based position in its source, and unique."""

OPTIONAL: Final = ("session_id", "category", "price", "quantity")
"""Columns that may be null."""


def validate(events: ibis.Table) -> ibis.Table:
    """Check a table against the contract, inside the engine.

    Args:
        events: any table with the contract's columns.

    Returns:
        `events`, unchanged.

    Raises:
        pandera.errors.SchemaErrors: names each column and rule that is broken, and rows that break it.
    """
    import pandera.ibis as pa  # a second to import, and only ingest needs it

    rules: dict[str, list[pa.Check]] = {
        "event": [pa.Check.isin(EVENTS)],
        "ts": [pa.Check.in_range(_first_day(YEARS[0]), _first_day(YEARS[1]), include_max=False)],
        "price": [pa.Check.ge(0.0)],
        "quantity": [pa.Check.ge(1)],
        "row": [pa.Check.ge(1)],
    }
    schema = pa.DataFrameSchema(
        {name: pa.Column(dtype, rules.get(name), nullable=name in OPTIONAL) for name, dtype in COLUMNS.items()},
        strict=True,
        ordered=True,
        name="event contract",
    )
    return schema.validate(events, lazy=True)


def _first_day(year: int) -> datetime:
    return datetime(year, 1, 1)
