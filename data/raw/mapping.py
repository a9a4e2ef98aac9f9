"""From a source's own words to the event contract, by declared rules, with a reason for every row that breaks it."""

from collections.abc import Sequence
from datetime import datetime

import ibis
import ibis.expr.datatypes as dt

from data.config import SourceConfig
from data.contract import COLUMNS, TIME
from data.engine import at_zone, barrier, from_microseconds, parse_instant, parse_time, wall_time
from data.errors import InputError
from data.event import YEARS
from data.moments import naive_utc
from data.raw.layout import Family
from data.raw.readers import RAW, raw_text

IGNORED = "ignored"
"""Stands as the reason of rows whose event is declared "ignore": they are left out without being bad."""

DUPLICATE = "duplicate row"
UNRECOGNISED = "event not recognised"
OUTSIDE_YEARS = f"ts outside the years {YEARS[0]}..{YEARS[1] - 1}"
LINE_BREAK = "line break in a cell"
UNREADABLE_TIME = "ts not readable"
NOT_A_NUMBER = ("price not readable", "quantity not readable")

TEXTS = ("visitor_id", "session_id", "item_id", "category")
INSTANT = dt.Timestamp(timezone="UTC", scale=6)
MOST_MICROSECONDS = 9e18
MOST_NUMBER = 1.7e308
SECONDS = {"s": 1, "ms": 1_000, "us": 1_000_000}
"""How many of each time unit a second has."""


def map_events(backend: ibis.BaseBackend, fields: ibis.Table, source: SourceConfig, family: Family) -> ibis.Table:
    """Map rows to the event contract and name what is wrong with those that break it.

    Args:
        backend: the engine, whose time zone is `source.time_zone`.
        fields: what `readers.read` gives.
        source: the rules.
        family: the files that `fields` comes from.

    Returns:
        As many rows in the same order: the contract's columns without `row`; `reason`, null where the contract
        holds, `IGNORED`, or the first rule that is broken; `value`, the text that breaks it where it is one
        field's; `raw`, null where `reason` is; `file`; and `key`, a hash of the contract's columns.

    Raises:
        InputError: the time column's type does not go with `source.time_unit`.
    """
    typed = barrier(backend, _typed(fields, source, family.event_fixed))
    judged = barrier(backend, typed.mutate(reason=ibis.cases(*_rules(typed, source))))
    good = judged.reason.isnull()
    mapped = {name: judged[name] for name in COLUMNS if name not in ("quantity", "row")}
    mapped["quantity"] = ibis.ifelse(good, judged.quantity, ibis.null("float64")).cast("int32")
    return judged.select(
        **mapped,
        reason=judged.reason,
        value=_value(judged),
        raw=ibis.ifelse(good, ibis.null(str), raw_text(judged, family)),
        file=judged.file.cast("int32"),
        key=ibis.struct({name: judged[name] for name in mapped}).hash(),
    )


def _typed(fields: ibis.Table, source: SourceConfig, event_fixed: str | None) -> ibis.Table:
    """Every field in its type, null where missing or not readable, and its cell where that may be at fault."""
    known = {
        name: ibis.ifelse(_is_unknown(fields[name], values), ibis.null(fields[name].type()), fields[name])
        for name, values in source.unknown.items()
    }
    cells = fields.mutate(**known) if known else fields
    return cells.select(
        "broken",
        "file",
        *(name for name in cells.columns if name.startswith(RAW)),
        **{name: cells[name].cast(str) for name in TEXTS},
        ts=_time(cells.ts, source),
        ts_cell=cells.ts,
        event=_event(cells.event, source, event_fixed),
        event_cell=ibis.literal(event_fixed) if event_fixed else cells.event,
        price=_number(cells.price),
        price_cell=cells.price,
        quantity=_number(cells.quantity),
        quantity_cell=cells.quantity,
    )


def _is_unknown(cell: ibis.Value, values: Sequence[str]) -> ibis.Value:
    unknown = cell.cast(str).isin(values)
    numbers = [float(value) for value in values if _is_number(value)]
    # 0.00 is the price that `["0"]` declares unknown.
    return (unknown | _number(cell).isin(numbers)).fill_null(False) if numbers else unknown.fill_null(False)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(cell: ibis.Value) -> ibis.Value:
    return cell.cast("float64") if cell.type().is_numeric() else cell.cast(str).try_cast("float64")


def _event(cell: ibis.Value, source: SourceConfig, event_fixed: str | None) -> ibis.Value:
    if event_fixed is not None:
        return ibis.literal(event_fixed)
    named = [
        (cell.cast(str) == name, "ignore" if event == "ignore" else event) for name, event in source.events.items()
    ]
    return ibis.cases(*named)


def _time(cell: ibis.Value, source: SourceConfig) -> ibis.Value:
    """The time in UTC, null where it cannot be read."""
    kind = cell.type()
    if kind.is_temporal():
        if source.time_unit is not None:
            raise InputError(f"The time column is a {kind} already. Leave `source.time_unit` out.")
        return _utc(cell.cast(TIME) if kind.is_date() else cell, source)
    if source.time_unit is not None:
        microseconds = (_number(cell) * (1_000_000 // SECONDS[source.time_unit])).round()
        fits = microseconds.abs() < MOST_MICROSECONDS
        return from_microseconds(ibis.ifelse(fits, microseconds, ibis.null("float64")).cast("int64"))
    if kind.is_numeric():
        raise InputError(f'The time column holds numbers ({kind}). Set `source.time_unit` to "s", "ms" or "us".')
    if source.time_format is not None:
        has_offset = "%z" in source.time_format or "%Z" in source.time_format
        read = parse_instant if has_offset else parse_time
        return _utc(read(cell, source.time_format), source)
    # The engine also takes words ("now", "epoch", "infinity") for times.
    text = ibis.ifelse(cell.between("0", ":"), cell, ibis.null(str))
    return wall_time("UTC", text.try_cast(INSTANT))


def _utc(cell: ibis.Value, source: SourceConfig) -> ibis.Value:
    if cell.type().timezone is not None:
        return wall_time("UTC", cell.cast(INSTANT))
    return (
        cell.cast(TIME) if source.time_zone == "UTC" else wall_time("UTC", at_zone(source.time_zone, cell.cast(TIME)))
    )


def _rules(row: ibis.Table, source: SourceConfig) -> list[tuple[ibis.Value, ibis.Value]]:
    """What may be wrong with a row and its reason, the first that holds counts."""
    whole = row.quantity == row.quantity.round()
    return [
        (row.broken.notnull(), row.broken),
        (row.event == "ignore", ibis.literal(IGNORED)),
        *((row[name].contains("\n"), ibis.literal(LINE_BREAK)) for name in TEXTS),
        (row.visitor_id.isnull(), ibis.literal("visitor_id missing")),
        (row.item_id.isnull(), ibis.literal("item_id missing")),
        (row.ts_cell.isnull(), ibis.literal("ts missing")),
        (row.ts.isnull(), ibis.literal(UNREADABLE_TIME)),
        *_range(row.ts, source),
        (row.ts < datetime(YEARS[0], 1, 1), ibis.literal(OUTSIDE_YEARS)),
        (row.ts >= datetime(YEARS[1], 1, 1), ibis.literal(OUTSIDE_YEARS)),
        (row.event_cell.isnull(), ibis.literal("event missing")),
        (row.event.isnull(), ibis.literal(UNRECOGNISED)),
        (row.price_cell.notnull() & ~_finite(row.price), ibis.literal(NOT_A_NUMBER[0])),
        (row.price < 0, ibis.literal("price < 0")),
        (row.quantity_cell.notnull() & ~_finite(row.quantity), ibis.literal(NOT_A_NUMBER[1])),
        (row.quantity < 1, ibis.literal("quantity < 1")),
        (~whole | (row.quantity >= 2**31), ibis.literal("quantity not a whole number")),
    ]


def _finite(number: ibis.Value) -> ibis.Value:
    # Not a number is the largest number of all to the engine, so this leaves it out as well.
    return (number.abs() < MOST_NUMBER).fill_null(False)


def _range(ts: ibis.Value, source: SourceConfig) -> list[tuple[ibis.Value, ibis.Value]]:
    reason = ibis.literal(outside(source))
    rules = []
    if source.time_from is not None:
        rules.append((ts < naive_utc(source.time_from), reason))
    if source.time_to is not None:
        rules.append((ts >= naive_utc(source.time_to), reason))
    return rules


def outside(source: SourceConfig) -> str:
    """The reason of a row whose time is outside the declared range."""
    bounds = ["time_from" if source.time_from else "", "time_to" if source.time_to else ""]
    return f"ts outside {'..'.join(bounds)}"


def _value(row: ibis.Table) -> ibis.Value:
    """The text of the field that is at fault."""
    reason = row.reason
    return ibis.cases(
        (reason.isnull(), ibis.null(str)),
        (reason.startswith("ts "), row.ts_cell.cast(str)),
        (reason.startswith("event "), row.event_cell.cast(str)),
        (reason.startswith("price "), row.price_cell.cast(str)),
        (reason.startswith("quantity "), row.quantity_cell.cast(str)),
    )
