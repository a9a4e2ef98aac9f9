"""Small event logs: one written by hand, any number drawn by hypothesis, and the engine that reads them."""

import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from data.config import SessionConfig
from data.sessions import sessionize

START = datetime(2024, 3, 4, 22, 50)  # a Monday
GAP = SessionConfig(gap_minutes=30)
KINDS = ("view", "cart", "uncart", "purchase", "favourite")
COLUMNS = ("visitor_id", "session_id", "ts", "event", "item_id", "category", "price", "quantity", "row")
TYPES = {
    "visitor_id": pa.string(), "session_id": pa.string(), "ts": pa.timestamp("us"), "event": pa.string(),
    "item_id": pa.string(), "category": pa.string(), "price": pa.float64(), "quantity": pa.int32(), "row": pa.int64(),
    "step": pa.int32(),
}  # fmt: skip


SCHEMA = pa.schema(list(TYPES.items()))


def table(frame: pd.DataFrame) -> ibis.Table:
    """A frame with the event contract's columns as a table of the contract's types."""
    return ibis.memtable(_arrow(frame))


def _arrow(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, pa.schema([SCHEMA.field(name) for name in frame.columns]), preserve_index=False)


def write_events(frame: pd.DataFrame, path: Path) -> None:
    """Write a log as ingest writes it."""
    pq.write_table(_arrow(frame), path)


class Prepared:
    """An expression compiled once and run on many small tables: compiling takes longer than running.

    Args:
        build: makes the expression from tables.
        columns: columns of each table, by its name.
        order: columns that order the result.
    """

    def __init__(self, build: Callable[..., ibis.Table], columns: dict[str, Sequence[str]], order: list[str]) -> None:
        self._columns = columns
        tables = {
            name: ibis.table(
                ibis.Schema.from_pyarrow(pa.schema([SCHEMA.field(column) for column in listed])), name=name
            )
            for name, listed in columns.items()
        }
        self._sql = ibis.to_sql(build(**tables).order_by(order), dialect="duckdb")

    def __call__(self, **frames: pd.DataFrame) -> pd.DataFrame:
        with contextlib.closing(duckdb.connect(config={"threads": 1})) as connection:
            for name, frame in frames.items():
                connection.register(name, _arrow(frame[list(self._columns[name])]))
            result: pd.DataFrame = connection.sql(self._sql).to_arrow_table().to_pandas()
        return result


def log(*events: tuple[Any, ...]) -> pd.DataFrame:
    """Events as (visitor, minutes since the start, kind, item, category, price, quantity), rows numbered from 1."""
    rows = [
        (visitor, None, START + timedelta(minutes=minutes), kind, item, category, price, quantity, position + 1)
        for position, (visitor, minutes, kind, item, category, price, quantity) in enumerate(events)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def sessions_of(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with sessions, ordered by row."""
    return _sessionize(events=frame)


def collect(expression: ibis.Table, *order: str) -> pd.DataFrame:
    """The expression's rows in a fixed order."""
    frame: pd.DataFrame = expression.order_by(list(order)).to_pyarrow().to_pandas()
    return frame


_sessionize = Prepared(lambda events: sessionize(events, GAP), {"events": COLUMNS}, ["row"])


@st.composite
def event_logs(draw: st.DrawFn, least: int = 1, most: int = 30, source_ids: bool = False) -> pd.DataFrame:
    """A log of few visitors, items and categories, so that everything meets everything; ties in time included."""
    size = draw(st.integers(least, most))
    ids = st.sampled_from((None, "s", "#", "v#1", "v#:s")) if source_ids else st.none()
    event = st.tuples(
        st.sampled_from(("v", "w", "v#")), ids, st.integers(0, 400), st.sampled_from(KINDS), st.integers(0, 3),
        st.sampled_from((None, 0.0, 0.1, 9.99, 25.0)), st.sampled_from((None, 1, 2, 3)),
    )  # fmt: skip
    rows = [
        (visitor, session, START + timedelta(seconds=30 * at), kind, f"i{item}", ("a", "b", None, "a")[item], price, n)
        for visitor, session, at, kind, item, price, n in draw(st.lists(event, min_size=size, max_size=size))
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS[:-1])
    frame["row"] = draw(st.permutations(range(1, size + 1)))
    return frame
