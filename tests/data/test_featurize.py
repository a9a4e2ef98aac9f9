import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

from data.config import EngineConfig, FeatureConfig
from data.errors import InputError
from data.feature import read_features
from data.features.labels import labelled_points
from data.featurize import featurize, featurize_sequences
from data.sequences import item_sequences
from tests.data.logs import COLUMNS, GAP, START, Prepared, event_logs, log, sessions_of, write_events

WITH_STEP = (*COLUMNS, "step")
BOUGHT = [
    ("v", 0, "cart", "a", "x", 5.0, 1),
    ("v", 10, "view", "a", "x", 5.0, 1),
    ("v", 12, "purchase", "a", "x", 5.0, 1),
]
LEFT = [("w", 0, "cart", "b", "x", 7.0, 1), ("w", 1, "view", "a", "x", 5.0, 1)]
LATE = [("z", 500, "view", "a", "x", 5.0, 1)]


SEQUENCES = Prepared(lambda sessions: item_sequences(sessions, 50), {"sessions": WITH_STEP}, ["session_id"])


def labels(sessions: pd.DataFrame, config: FeatureConfig) -> dict[tuple[str, int], int | None]:
    points = Prepared(
        lambda sessions: labelled_points(sessions, config, GAP), {"sessions": WITH_STEP}, ["session_id", "step"]
    )
    rows = points(sessions=sessions)[["session_id", "decision_point", "abandoned"]].itertuples(index=False, name=None)
    return {(session, k): None if pd.isna(label) else int(label) for session, k, label in rows}


def stage(folder: Path, *events: tuple[Any, ...], **config: Any) -> dict[str, Any]:
    write_events(sessions_of(log(*events)), folder / "events.parquet")
    return featurize(folder / "events.parquet", FeatureConfig(**config), GAP, EngineConfig(), folder)


def test_a_cart_is_abandoned_when_no_purchase_follows_in_its_session() -> None:
    found = labels(sessions_of(log(*BOUGHT, *LEFT, *LATE)), FeatureConfig())
    assert found == {("v#1", 0): 0, ("v#1", 1): 0, ("w#1", 0): 1, ("w#1", 1): 1}


def test_a_purchase_after_the_horizon_does_not_count() -> None:
    found = labels(sessions_of(log(*BOUGHT, *LATE)), FeatureConfig(horizon_minutes=5))
    assert found == {("v#1", 0): 1, ("v#1", 1): 0}


def test_an_outcome_that_the_log_does_not_show_is_unknown() -> None:
    sessions = sessions_of(log(*BOUGHT, *LEFT, ("z", 31, "view", "a", "x", 5.0, 1)))
    assert labels(sessions, FeatureConfig()) == {("v#1", 0): 0, ("v#1", 1): 0, ("w#1", 0): None, ("w#1", 1): None}
    by_horizon = labels(sessions, FeatureConfig(horizon_minutes=31))
    assert by_horizon == {("v#1", 0): 0, ("v#1", 1): 0, ("w#1", 0): 1, ("w#1", 1): None}


@settings(max_examples=10, deadline=None)
@given(frame=event_logs(least=6))
def test_labels_are_what_happens_next(frame: pd.DataFrame) -> None:
    sessions = sessions_of(frame)
    end = sessions["ts"].max()
    for (session, k), label in labels(sessions, FeatureConfig()).items():
        events = sessions[sessions["session_id"] == session].sort_values("step")
        cart = list(events["event"]).index("cart")
        rest = list(events["event"])[cart + k + 1 :]
        over = events["ts"].max() + timedelta(minutes=GAP.gap_minutes) < end
        assert label == (0 if "purchase" in rest else 1 if over else None)


def test_the_stage_writes_examples_that_match_their_features_and_counts(tmp_path: Path) -> None:
    facts = stage(tmp_path, *BOUGHT, *LEFT, *LATE)
    examples = pq.read_table(tmp_path / "examples.parquet").to_pandas()
    names = [feature.name for feature in read_features(tmp_path / "features.json")]
    keys = ["session_id", "visitor_id", "decision_point", "ts", "session_start", "session_end", "abandoned"]
    assert list(examples) == keys + [name for name in names if name != "decision_point"]
    assert list(examples["abandoned"]) == [0, 0, 1, 1]
    assert (examples["session_end"] >= examples["ts"]).all()
    assert facts == json.loads((tmp_path / "featurize.json").read_text())
    assert (facts["examples"], facts["sessions"], facts["abandoned_share"]) == (4, 2, 0.5)
    assert facts["by_decision_point"] == {k: {"examples": 2, "abandoned_share": 0.5} for k in ("0", "1")}
    assert "n_uncarts" not in names
    assert any("`n_uncarts`" in note for note in facts["notes"])


def test_threads_and_memory_do_not_change_a_byte(tmp_path: Path) -> None:
    write_events(sessions_of(log(*BOUGHT, *LEFT, *LATE)), tmp_path / "events.parquet")
    written = []
    for threads in (1, 2):
        out = tmp_path / str(threads)
        out.mkdir()
        engine = EngineConfig(threads=threads, memory_limit_mib=512 * threads)
        featurize(tmp_path / "events.parquet", FeatureConfig(), GAP, engine, out)
        written.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert written[0] == written[1]


def test_carts_without_an_outcome_are_dropped_unless_they_are_many(tmp_path: Path) -> None:
    many = [*BOUGHT, *LEFT, ("z", 20, "view", "a", "x", 5.0, 1)]
    facts = stage(tmp_path, *many)
    assert (facts["sessions"], facts["censored_sessions"], facts["unfinished_kept"]) == (2, 0, 1)
    with pytest.raises(InputError, match=r"All 2 examples .* are bought"):
        stage(tmp_path, *many, unfinished="drop")


@pytest.mark.parametrize(
    ("events", "message"),
    [
        (
            [LATE[0], ("z", 501, "purchase", "a", "x", 5.0, 1)],
            "no cart event among 2,.*purchase, view.*abandonment.enabled=false",
        ),
        (BOUGHT, "belong to one session"),
        ([*BOUGHT, *LATE], "All 2 examples from 1 cart sessions are bought"),
        ([*LEFT, *LATE], "All 2 examples from 1 cart sessions are abandoned"),
        ([("v", 0, "purchase", "a", "x", 5.0, 1), ("v", 1, "cart", "a", "x", 5.0, 1), *LATE], "No example"),
    ],
)
def test_a_log_that_cannot_teach_is_refused(tmp_path: Path, events: list[tuple[Any, ...]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        stage(tmp_path, *events)
    assert [path.name for path in tmp_path.iterdir()] == ["events.parquet"]


def test_sequences_keep_the_latest_events_in_order() -> None:
    events = [("v", minute, "view", f"i{minute}", None, None, 1) for minute in range(5)]
    sequences = Prepared(lambda sessions: item_sequences(sessions, 3), {"sessions": WITH_STEP}, ["session_id"])
    found = sequences(sessions=sessions_of(log(*events, ("w", 2, "cart", "x", None, None, 1))))
    assert [list(items) for items in found["items"]] == [["i2", "i3", "i4"], ["x"]]
    assert [list(events) for events in found["events"]] == [["view"] * 3, ["cart"]]
    assert [list(gaps) for gaps in found["gaps"]] == [[60.0] * 3, [0.0]], "the first one kept has an event before it"
    assert list(found["session_start"]) == [START, START + timedelta(minutes=2)]
    assert list(found["session_end"]) == [START + timedelta(minutes=4), START + timedelta(minutes=2)]


@settings(max_examples=10, deadline=None)
@given(frame=event_logs(least=1))
def test_gaps_are_the_seconds_since_the_event_before_in_the_session(frame: pd.DataFrame) -> None:
    sessions = sessions_of(frame)
    found = SEQUENCES(sessions=sessions).set_index("session_id")["gaps"]
    for session, events in sessions.groupby("session_id"):
        waited = events.sort_values("step")["ts"].diff().dt.total_seconds().fillna(0.0)
        assert list(found[session]) == waited.astype("float32").tolist()


def test_sequences_alone_need_no_cart_event_and_are_the_same_as_beside_examples(tmp_path: Path) -> None:
    stage(tmp_path, *BOUGHT, *LEFT, *LATE)
    alone = tmp_path / "alone"
    alone.mkdir()
    facts = featurize_sequences(tmp_path / "events.parquet", FeatureConfig(), EngineConfig(), alone)
    assert facts == json.loads((alone / "featurize.json").read_text())
    assert facts == {"sessions": 3, "events": 6, "notes": []}
    assert sorted(path.name for path in alone.iterdir()) == ["catalogue.parquet", "featurize.json", "sequences.parquet"]
    assert (alone / "sequences.parquet").read_bytes() == (tmp_path / "sequences.parquet").read_bytes()
    write_events(sessions_of(log(LATE[0], ("y", 501, "purchase", "a", "x", 5.0, 1))), tmp_path / "events.parquet")
    assert featurize_sequences(tmp_path / "events.parquet", FeatureConfig(), EngineConfig(), alone)["sessions"] == 2


def test_sequences_of_one_session_are_refused(tmp_path: Path) -> None:
    write_events(sessions_of(log(*LATE)), tmp_path / "events.parquet")
    with pytest.raises(InputError, match="belong to one session"):
        featurize_sequences(tmp_path / "events.parquet", FeatureConfig(), EngineConfig(), tmp_path)
