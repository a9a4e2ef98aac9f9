"""One live session's features against those of the log's own expressions."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from data.config import EngineConfig
from data.errors import InputError
from data.features.live import LiveEvent, live_features, rounded
from data.live.log_history import write_history
from data.live.log_memory import HISTORY, SALT, LogMemory, hidden, read_memory
from tests.data.logs import event_logs, log, sessions_of, write_events
from tests.data.test_features import NAMES, features, points_of


def memory_of(sessions: pd.DataFrame, folder: Path) -> LogMemory:
    write_events(sessions, folder / "events.parquet")
    write_history(folder / "events.parquet", folder, EngineConfig(threads=1))
    return read_memory(folder)


def live(sessions: pd.DataFrame) -> list[LiveEvent]:
    told = sessions.sort_values("step")[["event", "item_id", "category", "price", "quantity"]].astype(object)
    moments = sessions.sort_values("step")["ts"].astype("datetime64[us]").astype("int64")
    rows = zip(moments, told.where(told.notna(), None).to_numpy().tolist(), strict=True)
    return [LiveEvent(moment, *row) for moment, row in rows]


def at(sessions: pd.DataFrame, session_id: str, step: int) -> pd.DataFrame:
    return sessions[(sessions["session_id"] == session_id) & (sessions["step"] <= step)]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frame=event_logs(least=8), half=st.booleans())
def test_a_live_session_has_the_bits_of_the_batch(frame: pd.DataFrame, half: bool, tmp_path: Path) -> None:
    # A live event comes after all that the log holds of its microsecond, so none may share one.
    frame["ts"] += pd.to_timedelta(frame["row"], unit="us")
    if half:  # 0.00005 is half a unit of price
        frame["price"] += 0.00005
    sessions = sessions_of(frame)
    points = points_of(sessions=sessions)
    assume(len(points))
    expected = features(sessions=sessions, points=points)
    whole = memory_of(sessions, tmp_path)
    for row, (session_id, step) in enumerate(points.itertuples(index=False)):
        events = at(sessions, session_id, step)
        visitor, others = events["visitor_id"].iloc[0], sessions[sessions["session_id"] != session_id]
        for memory in (whole, memory_of(others, tmp_path) if row == 0 else whole):
            found = live_features(visitor, live(events), memory)
            assert found.keys() == set(NAMES)
            for name in NAMES:
                np.testing.assert_array_equal(np.float32(found[name]), np.float32(expected[name][row]), err_msg=name)


def test_without_a_log_only_the_session_itself_is_known(tmp_path: Path) -> None:
    sessions = sessions_of(log(("v", 0, "view", "a", "c", 8.0, None), ("v", 1, "cart", "a", "c", 6.0, 2)))
    nothing = memory_of(sessions.iloc[:0], tmp_path)
    found = live_features("v", live(sessions), nothing)
    assert found == live_features(None, live(sessions), nothing)
    assert (found["visitor_sessions"], found["cart_item_popularity"], found["cart_value"]) == (0, 1.0, 12.0)
    assert found["cart_price_to_category"] == pytest.approx(0.75)
    assert found["cart_item_conversion"] == pytest.approx(0.25)


def test_the_log_knows_who_bought_what_and_when(tmp_path: Path) -> None:
    frame = log(
        ("v", 0, "cart", "a", "c", 8.0, 1), ("v", 2, "purchase", "a", "c", 8.0, 1), ("w", 5, "view", "b", None, None, 1)
    )
    memory = memory_of(sessions_of(frame), tmp_path)
    moment = pd.Timestamp(frame["ts"][1]).value // 1_000
    assert (memory.visitor("v", moment), memory.bought("v", moment)) == ((1, 1, 0), [])
    assert (memory.visitor("v", moment + 1), memory.bought("v", moment + 1)) == ((1, 1, 1), ["a"])
    assert memory.since("v", moment) == [(moment, "purchase", "a", "c", 80_000.0)]
    assert (memory.item("a", moment - 1), memory.item("a", moment)) == ((1, 1, 0), (2, 1, 1))
    assert (memory.category("c", moment), memory.category("x", moment)) == ((160_000.0, 2), (0.0, 0))
    assert (memory.knows("w"), memory.knows("x")) == (True, False)
    assert (memory.since("x", moment), memory.bought("x", moment), memory.visitor("x", moment)) == ([], [], (0, 0, 0))


def test_the_history_names_no_visitor_and_keeps_no_order_of_them(tmp_path: Path) -> None:
    names = [f"visitor-{place:03d}" for place in range(40)]
    frame = log(*((name, place, "view", "a", None, None, 1) for place, name in enumerate(names)))
    memory = memory_of(sessions_of(frame), tmp_path)
    files = [(tmp_path / name).read_bytes() for name in (HISTORY, SALT)]
    assert not any(b"visitor-" in content for content in files)
    rows = pd.read_parquet(tmp_path / HISTORY)
    assert set(rows) == {"visitor", "ts", "event", "item_id", "category", "units", "starts"}
    assert rows["visitor"].tolist() == sorted(hidden(name, memory.salt) for name in names)
    assert rows["ts"].tolist() != sorted(rows["ts"])
    assert all(memory.knows(name) for name in names)
    assert not memory.knows(None)
    again = memory_of(sessions_of(frame), tmp_path)
    assert not set(again.visitors.places) & set(memory.visitors.places)


def test_a_broken_history_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"should hold history\.parquet and history\.json"):
        read_memory(tmp_path)
    memory_of(sessions_of(log(("v", 0, "view", "a", None, None, 1))), tmp_path)
    (tmp_path / HISTORY).write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"should hold history\.parquet"):
        read_memory(tmp_path)


@pytest.mark.parametrize(("value", "whole"), [(0.0, 0.0), (0.49999999999999994, 0.0), (0.5, 1.0), (2.5, 3.0)])
def test_halves_are_rounded_up(value: float, whole: float) -> None:
    assert rounded(value) == whole
