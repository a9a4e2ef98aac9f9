"""The catalogue is the latest that the log says of each item."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
from hypothesis import given, settings

from data.catalogue import item_facts, write_catalogue
from data.config import EngineConfig
from data.engine import engine, read_parquet
from tests.data.logs import COLUMNS, Prepared, event_logs, log, sessions_of, write_events

FACTS = Prepared(lambda sessions: item_facts(sessions), {"sessions": COLUMNS}, ["item_id"])


def latest(events: pd.DataFrame, column: str) -> object:
    known = events.sort_values(["ts", "row"])[column].dropna()
    return None if known.empty else known.iloc[-1]


@settings(max_examples=25, deadline=None)
@given(frame=event_logs())
def test_category_and_price_are_the_latest_known_in_time(frame: pd.DataFrame) -> None:
    found = FACTS(sessions=frame).set_index("item_id")
    assert list(found.index) == sorted(frame["item_id"].unique())
    for item, events in frame.groupby("item_id"):
        row = found.loc[item]
        assert row["events"] == len(events)
        for column in ("category", "price"):
            expected = latest(events, column)
            assert pd.isna(row[column]) if expected is None else row[column] == expected, (item, column)


def test_a_price_of_nothing_is_known_and_a_missing_one_does_not_hide_the_last(tmp_path: Path) -> None:
    rows = [
        ("v", 5, "view", "a", None, 0.0, 1),
        ("v", 1, "view", "a", "x", 9.0, 1),
        ("v", 9, "view", "a", None, None, 1),
    ]
    write_events(sessions_of(log(*rows)), tmp_path / "events.parquet")
    with engine(EngineConfig(), tmp_path) as backend:
        write_catalogue(read_parquet(backend, tmp_path / "events.parquet"), tmp_path / "catalogue.parquet")
    assert pq.read_table(tmp_path / "catalogue.parquet").to_pylist() == [
        {"item_id": "a", "category": "x", "price": 0.0, "events": 3}
    ]
