import json
from datetime import timedelta
from pathlib import Path

import pandas as pd
from hypothesis import given, settings

from data.config import EngineConfig, SessionConfig
from data.sessions import write_sessions
from tests.data.logs import GAP, event_logs, log, sessions_of, write_events

LIMIT = timedelta(minutes=GAP.gap_minutes)


def view(visitor: str, minutes: float) -> tuple[object, ...]:
    return (visitor, minutes, "view", "i", None, None, 1)


def test_a_session_ends_only_when_more_than_the_gap_passes() -> None:
    sessions = sessions_of(log(view("v", 0), view("v", 30), view("v", 60.001), view("v", 61)))
    assert list(sessions["session_id"]) == ["v#1", "v#1", "v#2", "v#2"]
    assert list(sessions["step"]) == [0, 1, 0, 1]


def test_a_source_session_id_wins_over_the_gap() -> None:
    frame = log(view("v", 0), view("v", 100), view("v", 101), view("v", 500))
    frame["session_id"] = ["a", "a", "b", None]
    assert list(sessions_of(frame)["session_id"]) == ["a", "a", "b", "v#1"]


def test_a_session_id_of_two_visitors_makes_two_sessions() -> None:
    frame = log(view("v", 0), view("w", 1), view("w", 2))
    frame["session_id"] = ["a", "a", "b"]
    sessions = sessions_of(frame)
    assert list(sessions["session_id"]) == ["v#:a", "w#:a", "b"]
    assert list(sessions["step"]) == [0, 0, 0]


@settings(max_examples=25, deadline=None)
@given(frame=event_logs(source_ids=True))
def test_sessions_partition_the_log(frame: pd.DataFrame) -> None:
    sessions = sessions_of(frame)
    assert list(sessions["row"]) == sorted(frame["row"])
    given_ids = frame.set_index("row")["session_id"].reindex(sessions["row"]).to_numpy()
    for _, events in sessions.assign(given=given_ids).sort_values(["ts", "row"]).groupby("session_id"):
        assert events["visitor_id"].nunique() == 1
        assert events["given"].nunique(dropna=False) == 1
        assert list(events["step"]) == list(range(len(events)))
        if events["given"].isna().all():
            assert (events["ts"].diff().dropna() <= LIMIT).all()


@settings(max_examples=25, deadline=None)
@given(frame=event_logs(source_ids=True))
def test_one_visitors_sessions_are_as_few_as_the_rules_allow(frame: pd.DataFrame) -> None:
    sessions = sessions_of(frame)
    expected = 0
    for (_, given_id), events in frame.sort_values(["ts", "row"]).groupby(["visitor_id", "session_id"], dropna=False):
        expected += 1 if isinstance(given_id, str) else 1 + int((events["ts"].diff() > LIMIT).sum())
    assert sessions["session_id"].nunique() == expected


@settings(max_examples=10, deadline=None)
@given(frame=event_logs(source_ids=True))
def test_sessions_do_not_depend_on_the_order_of_the_file(frame: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(sessions_of(frame), sessions_of(frame.iloc[::-1].reset_index(drop=True)))


def test_the_stage_counts_what_it_wrote_and_repeats_its_bytes(tmp_path: Path) -> None:
    frame = log(
        ("v", 0, "cart", "i", None, None, 1), ("v", 1, "purchase", "i", None, None, 1),
        ("v", 90, "cart", "i", None, None, 1), ("w", 2, "view", "i", None, None, 1),
    )  # fmt: skip
    write_events(frame, tmp_path / "in.parquet")
    written = []
    for threads in (1, 2):
        out = tmp_path / str(threads)
        out.mkdir()
        facts = write_sessions(tmp_path / "in.parquet", SessionConfig(), EngineConfig(threads=threads), out)
        written.append((out / "events.parquet").read_bytes())
        assert json.loads((out / "sessionize.json").read_text()) == facts
        assert sorted(path.name for path in out.iterdir()) == ["events.parquet", "sessionize.json"]
    assert facts["events"] == 4
    assert (facts["sessions"], facts["cart_sessions"], facts["purchased_cart_sessions"]) == (3, 2, 1)
    assert written[0] == written[1]
