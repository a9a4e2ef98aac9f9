"""The open carts of a fresh log are those of the whole log, with the same features."""

from datetime import timedelta
from pathlib import Path

import ibis
import pandas as pd
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from data.coded_sessions import code_sessions
from data.config import DemoConfig, EngineConfig, IngestConfig, SessionConfig
from data.demo import DEMO_SOURCE, write_demo
from data.features.at import features_at, features_of
from data.features.points import open_carts
from data.open_carts import write_open_carts
from data.sessions import sessionize
from tests.data.logs import COLUMNS, GAP, START, Prepared, event_logs, write_events

SINCE = START + timedelta(minutes=100)
"""The middle of a drawn log."""


def _as_it_is(table: ibis.Table) -> ibis.Table:
    return table


def _scored(events: ibis.Table) -> ibis.Table:
    sessions = code_sessions(events, SINCE, GAP, _as_it_is)
    points = open_carts(sessions.events, SINCE)
    found = features_of(sessions.of(points), points, sessions.events, events, _as_it_is)
    return sessions.decoded(found, points)


def _trained(events: ibis.Table) -> ibis.Table:
    sessions = sessionize(events, GAP)
    recent = sessions.filter(sessions.ts >= SINCE).select("session_id").distinct()
    return features_at(sessions, open_carts(sessions).semi_join(recent, "session_id"))


scored = Prepared(_scored, {"events": COLUMNS}, ["session_id"])
"""Features of open carts as `score` computes them, for sessions told by whole numbers."""

trained = Prepared(_trained, {"events": COLUMNS}, ["session_id"])
"""The same as `featurize` computes them, for sessions told by name."""


@settings(max_examples=40, deadline=None)
@given(frame=event_logs(least=4, source_ids=True))
def test_open_carts_have_the_ids_and_features_that_training_gives_them(frame: pd.DataFrame) -> None:
    expected = trained(events=frame)
    assume(len(expected))
    assert_frame_equal(scored(events=frame), expected, check_exact=True)


@settings(max_examples=40, deadline=None)
@given(frame=event_logs(least=4), data=st.data())
def test_open_carts_without_ids_of_the_source_do_so_too(frame: pd.DataFrame, data: st.DataObject) -> None:
    more = data.draw(event_logs(least=4))
    events = pd.concat([frame, more.assign(row=more["row"] + len(frame))], ignore_index=True)
    assert_frame_equal(scored(events=events), trained(events=events), check_exact=True)


def test_a_fresh_log_with_its_history_is_one_log(tmp_path: Path) -> None:
    write_demo(DemoConfig(sessions=600, seed=5), tmp_path)
    events = pd.read_parquet(tmp_path / "events.parquet").sort_values("ts", ignore_index=True)
    events = events.assign(session_id=None, row=events.index + 1)[list(COLUMNS)]
    cut = events["ts"][len(events) // 2]
    fresh = tmp_path / "fresh.parquet"
    events[events["ts"] >= cut].drop(columns=["session_id", "row"]).to_parquet(fresh, index=False)
    # History that the fresh log has as well does not count twice.
    write_events(events[events["ts"] < cut + timedelta(days=1)], tmp_path / "history.parquet")
    found = {}
    for lists in (False, True):
        out, scratch = tmp_path / f"{lists}.parquet", tmp_path / f"{lists}"
        scratch.mkdir()
        engine = EngineConfig(threads=2, memory_limit_mib=512)
        history = tmp_path / "history.parquet"
        write_open_carts(
            DEMO_SOURCE, IngestConfig(), SessionConfig(), engine, fresh, history, out, scratch, lists=lists
        )
        found[lists] = pd.read_parquet(out)
    expected = _of_whole(events, cut)
    assert len(expected) > 50
    assert_frame_equal(found[False], expected, check_exact=True)
    assert_frame_equal(found[True][expected.columns], expected, check_exact=True)


def _of_whole(events: pd.DataFrame, cut: pd.Timestamp) -> pd.DataFrame:
    def build(events: ibis.Table) -> ibis.Table:
        sessions = sessionize(events, SessionConfig())
        recent = sessions.filter(sessions.ts >= cut.to_pydatetime()).select("session_id").distinct()
        return features_at(sessions, open_carts(sessions).semi_join(recent, "session_id"))

    return Prepared(build, {"events": COLUMNS}, ["session_id"])(events=events)
