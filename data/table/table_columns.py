"""Keys and labels of a team's own table of examples."""

from typing import Any
from zoneinfo import ZoneInfoNotFoundError

import numpy as np
import pandas as pd
from pandas.api import types

from data.config import SourceConfig
from data.errors import InputError

OFFSET = r"(?:Z|[+-]\d\d:?\d\d)$"


def keys(source: SourceConfig, table: pd.DataFrame) -> dict[str, Any]:
    """The key columns of the examples.

    Raises:
        InputError: a group or time that is missing or cannot be read.
    """
    rows = pd.Series(np.arange(1, len(table) + 1), index=table.index)
    group = texts(table[source.group]) if source.group else texts(rows)
    _no_nulls(group, "source.group", source.group)
    times = _times(source, table)
    spans = times.groupby(group)
    points = table[source.decision_point] if source.decision_point else pd.Series(pd.NA, index=table.index)
    return {
        "session_id": pd.Series(None, index=table.index, dtype="string"),
        "visitor_id": group.astype("string"),
        "decision_point": _whole(points, source),
        "ts": times,
        # What belongs together is kept on one side: it starts with its first row and ends with its last.
        "session_start": spans.transform("min"),
        "session_end": spans.transform("max"),
    }


def _whole(points: "pd.Series[Any]", source: SourceConfig) -> "pd.Series[Any]":
    try:
        whole = points.astype("Int32")
    except (ValueError, TypeError):
        raise InputError(
            f"`source.decision_point` should name a column of whole numbers. Received: {source.decision_point}, with "
            f"e.g. {example(points)}."
        ) from None
    return whole


def _times(source: SourceConfig, table: pd.DataFrame) -> "pd.Series[Any]":
    if source.time is None:
        return pd.Series(pd.NaT, index=table.index, dtype="datetime64[us]")
    column = table[source.time]
    _no_nulls(column, "source.time", source.time)
    numeric = types.is_numeric_dtype(column)
    if numeric and source.time_unit is None:
        raise InputError(
            f"`source.time` names the numeric column {source.time}: set `source.time_unit` to s, ms or us."
        )
    try:
        if numeric:
            times = pd.to_datetime(column, unit=source.time_unit, utc=True)
        else:
            times = pd.to_datetime(column, format=source.time_format or "ISO8601", utc=_has_offsets(column, source))
        if times.dt.tz is None:
            times = _at_zone(times, source.time_zone)
    except ZoneInfoNotFoundError:
        raise InputError(
            f'`source.time_zone` should be an IANA time zone such as "Europe/Berlin". Received: "{source.time_zone}".'
        ) from None
    except (ValueError, TypeError) as error:
        raise InputError(f"`source.time` names {source.time}, which is no time: {error}") from None
    return times.dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[us]")


def _has_offsets(column: "pd.Series[Any]", source: SourceConfig) -> bool:
    """Whether times in text say how far from UTC they are, which may be this far in winter and that far in summer."""
    if types.is_datetime64_any_dtype(column):
        return False
    if source.time_format is not None:
        return "%z" in source.time_format
    found = column.astype(str).str.contains(OFFSET)
    if found.any() and not found.all():
        raise ValueError("some have an offset from UTC and some have none")
    return bool(found.all())


def _at_zone(times: "pd.Series[Any]", zone: str) -> "pd.Series[Any]":
    """Instants of what clocks in a zone show, as ingest has them where clocks are changed.

    A time that comes twice is the later one, and one that is leapt over is as much later as the leap.
    """
    again = np.zeros(len(times), dtype=bool)
    instants: pd.Series[Any] = times.dt.tz_localize(zone, ambiguous=again, nonexistent=pd.Timedelta(hours=1))
    return instants


def _no_nulls(column: "pd.Series[Any]", key: str, name: str | None) -> None:
    nulls = np.flatnonzero(column.isna())
    if len(nulls):
        raise InputError(
            f"`{key}` names {name}, which is empty in {len(nulls):,} rows (e.g. row {nulls[0] + 1:,}). Every example "
            "needs one: mend or remove those rows."
        )


def labels(source: SourceConfig, table: pd.DataFrame) -> "pd.Series[Any]":
    """1 (int8) where the cart was abandoned.

    Raises:
        InputError: a missing label, or no row or every row with the value that means abandoned.
    """
    assert source.label is not None
    column = table[source.label]
    _no_nulls(column, "source.label", source.label)
    is_abandoned = column.map(lambda value: _same(value, source.abandoned))
    found = [str(value) for value in column.drop_duplicates().head(6)]
    if not is_abandoned.any():
        raise InputError(
            f"`source.abandoned` should be a value of `{source.label}`. Received: {source.abandoned}. Values there: "
            f"{', '.join(found)}{', …' if column.nunique() > len(found) else ''}."
        )
    if is_abandoned.all():
        raise InputError(
            f"`{source.label}` is {found[0]} in all {len(table):,} rows, so every cart is abandoned; a model needs "
            "both outcomes."
        )
    return is_abandoned.astype("int8")


def _same(value: object, wanted: object) -> bool:
    """Whether a cell is the wanted value, however the file and the command line spell it (0, "0", FALSE)."""
    return _canonical(value) == _canonical(wanted)


def _canonical(value: object) -> object:
    text = str(value).strip()
    number = {"true": "1", "false": "0"}.get(text.lower(), text)
    try:
        return float(number)
    except ValueError:
        return text


def example(column: "pd.Series[Any]") -> str:
    """A value of the column, for a message."""
    return repr(column.dropna().iloc[0]) if column.notna().any() else "nothing"


def texts(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Values as text; a whole number has no decimals, even where nulls made the column one of floats."""
    if types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    return column.astype("string").astype(object).where(column.notna(), None)
