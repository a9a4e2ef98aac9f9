"""A log made of parts is every row once, in order of time, whatever the parts repeat."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.config import EngineConfig, IngestConfig
from data.contract import COLUMNS
from data.growing.log_parts import LOG_SOURCE, begin_of_latest, measure_added, write_log
from data.raw.duplicates import MAPPED
from data.raw.ingest import ingest

ENGINE = EngineConfig(threads=1)
START = datetime(2026, 3, 1)


def events(count: int, seed: int = 0) -> pd.DataFrame:
    """Distinct events, one a minute, with unknown prices and session ids among them."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "visitor_id": [f"v{i}" for i in rng.integers(0, 5, count)],
            "session_id": pd.array([None if i else "s" for i in rng.integers(0, 2, count)], dtype="str"),
            "ts": pd.Series([START + timedelta(minutes=i) for i in range(count)]).astype("datetime64[us]"),
            "event": rng.choice(["view", "cart", "purchase"], count),
            "item_id": [f"i{i}" for i in rng.integers(0, 9, count)],
            "category": pd.array([None] * count, dtype="str"),
            "price": np.where(rng.random(count) < 0.3, np.nan, 5.0),
            "quantity": pd.array([1] * count, dtype="Int32"),
        }
    )


def part(folder: Path, name: str, frame: pd.DataFrame) -> Path:
    file = folder / f"{name}.parquet"
    numbered = frame.assign(row=np.arange(1, len(frame) + 1))[list(COLUMNS)]
    numbered.to_parquet(file, index=False)
    return file


@settings(max_examples=15, deadline=None)
@given(where=st.lists(st.sets(st.integers(0, 2), min_size=1), min_size=1, max_size=30))
def test_rows_that_several_parts_have_are_there_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, where: list[set[int]]
) -> None:
    folder, log = tmp_path_factory.mktemp("parts"), events(len(where))
    held = [log[[place in one for one in where]] for place in range(3)]
    parts = [part(folder, f"p{place}", rows) for place, rows in enumerate(held) if len(rows)]
    newest = write_log(parts, folder / "log.parquet", ENGINE, folder)
    made = pd.read_parquet(folder / "log.parquet")
    assert newest == log["ts"].max()
    pd.testing.assert_frame_equal(made, log[list(MAPPED)], check_dtype=False)
    added = [measure_added(one, parts[:place], ENGINE, folder).events for place, one in enumerate(parts)]
    assert sum(added) == len(log)


def test_what_a_part_adds_is_counted_and_late_where_the_log_was_past_it(tmp_path: Path) -> None:
    log = events(30)
    first = part(tmp_path, "first", log.iloc[5:20])
    again = measure_added(first, [first], ENGINE, tmp_path)
    assert (again.events, again.late, again.last) == (0, 0, None)
    grown = measure_added(part(tmp_path, "grown", log.iloc[2:24]), [first], ENGINE, tmp_path)
    assert (grown.events, grown.late) == (3 + 4, 3)
    assert (grown.first, grown.last) == (log["ts"][2].to_pydatetime(), log["ts"][23].to_pydatetime())


def test_a_part_may_repeat_itself(tmp_path: Path) -> None:
    log = events(4)
    twice = part(tmp_path, "twice", pd.concat([log, log]))
    later = part(tmp_path, "later", pd.concat([log.iloc[3:], events(6).iloc[4:]]))
    write_log([twice, later], tmp_path / "log.parquet", ENGINE, tmp_path)
    assert len(pd.read_parquet(tmp_path / "log.parquet")) == 8 + 2


def test_a_window_keeps_the_newest_days(tmp_path: Path) -> None:
    log = events(60)
    log["ts"] = log["ts"] + pd.to_timedelta(np.arange(60), unit="D")
    write_log([part(tmp_path, "all", log)], tmp_path / "log.parquet", ENGINE, tmp_path, days=7)
    assert len(pd.read_parquet(tmp_path / "log.parquet")) == 7


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=40), st.integers(0, 60), st.sampled_from([0.25, 0.5, 0.8, 1.0])
)
def test_the_latest_share_of_the_events_since_a_moment_is_counted_in_events(
    tmp_path_factory: pytest.TempPathFactory, hours: list[int], since: int, share: float
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    frame = events(len(hours)).assign(ts=[START + timedelta(hours=hour) for hour in hours])
    both = [part(folder, "one", frame), part(folder, "two", frame.head(len(hours) // 2))]  # the second adds nothing
    moment = START + timedelta(hours=since)
    begin = begin_of_latest(both, moment, share, EngineConfig(), folder)
    new = sorted(hour for hour in hours if hour >= since)
    assert begin >= moment
    if not new or share == 1.0:
        assert begin == moment
    else:
        latest = (begin - START) / timedelta(hours=1)
        assert sum(hour < latest for hour in new) <= (1 - share) * len(new)
        assert sum(hour > latest for hour in new) <= share * len(new) + 1


def test_the_log_comes_back_through_ingest_as_it_is(tmp_path: Path) -> None:
    log = events(40)
    write_log([part(tmp_path, "all", log)], tmp_path / "log.parquet", ENGINE, tmp_path)
    (tmp_path / "out").mkdir()
    report = ingest(LOG_SOURCE, IngestConfig(max_bad_share=0), ENGINE, tmp_path / "log.parquet", tmp_path / "out")
    assert report["accepted"] == report["rows"] == 40
    made = pd.read_parquet(tmp_path / "out" / "events.parquet")
    pd.testing.assert_frame_equal(made[list(MAPPED)], log[list(MAPPED)], check_dtype=False)
