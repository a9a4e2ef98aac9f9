"""What a session held up to a decision point: complete, in order, and blind to what came after."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from data.config import EngineConfig, FeatureConfig, SplitConfig
from data.featurize import featurize
from data.sequences import example_sequences
from data.splitting.sides import SIDES
from data.splitting.splits import split_examples
from tests.data.logs import COLUMNS, GAP, Prepared, event_logs, log, sessions_of, write_events
from tests.data.test_features import after, points_of

WITH_STEP = (*COLUMNS, "step")
LONGEST = 4


def _asked(sessions: Any, points: Any) -> Any:
    # The tests draw any points; the end of the session and k are whatever their caller says they are.
    known = points.mutate(decision_point=points.step, session_end=points.ts)
    return example_sequences(sessions, known, LONGEST)


sequences = Prepared(
    _asked, {"sessions": WITH_STEP, "points": ("session_id", "step", "ts")}, ["session_id", "decision_point"]
)


def points_in(sessions: pd.DataFrame) -> pd.DataFrame:
    return points_of(sessions=sessions).assign(ts=sessions["ts"].max())


@settings(max_examples=12, deadline=None)
@given(frame=event_logs(least=4))
def test_they_are_the_latest_events_up_to_the_point_in_order(frame: pd.DataFrame) -> None:
    sessions = sessions_of(frame)
    points = points_in(sessions)
    assume(len(points))
    found = sequences(sessions=sessions, points=points)
    assert len(found) == len(points)
    for row in found.to_dict("records"):
        whole = sessions[sessions["session_id"] == row["session_id"]].sort_values("step")
        seen = whole[whole["step"] <= row["decision_point"]].tail(LONGEST)
        assert list(row["items"]) == list(seen["item_id"])
        assert list(row["events"]) == list(seen["event"])
        waited = whole["ts"].diff().dt.total_seconds().fillna(0.0)
        np.testing.assert_allclose(row["gaps"], waited[seen.index], rtol=1e-6)
        assert row["session_start"] == whole["ts"].min()
        assert row["visitor_id"] == whole["visitor_id"].iloc[0]


@settings(max_examples=20, deadline=None)
@given(frame=event_logs(least=6), data=st.data())
def test_they_do_not_see_past_the_decision_point(frame: pd.DataFrame, data: st.DataObject) -> None:
    sessions = sessions_of(frame)
    points = points_in(sessions)
    assume(len(points))
    point = data.draw(st.sampled_from(list(points.itertuples(index=False))))
    asked = pd.DataFrame([point])
    later = after(sessions, point)
    untouched = sequences(sessions=sessions, points=asked)

    altered = sessions.copy()
    altered.loc[later, ["event", "item_id"]] = ["cart", "i0"]
    shuffled = sessions.copy()
    order = data.draw(st.permutations(list(np.flatnonzero(later))))
    for name in ("event", "item_id", "visitor_id"):
        shuffled.loc[later, name] = sessions[name].to_numpy()[order]
    for tampered in (sessions[~later], altered, shuffled):
        assert_frame_equal(sequences(sessions=tampered, points=asked), untouched, check_exact=True)


def shop(sessions: int) -> list[tuple[Any, ...]]:
    """Sessions an hour apart: two views, a cart, two more views, and a purchase in every other one."""
    kinds = ("view", "view", "cart", "view", "view", "purchase")
    return [
        (f"v{number}", 60 * number + place, kind, f"i{(number * place) % 7}", None, None, 1)
        for number in range(sessions)
        for place, kind in enumerate(kinds[: 6 - number % 2])
    ]


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a featurize stage with sequences, and in it `split`."""
    folder = tmp_path_factory.mktemp("stages")
    write_events(sessions_of(log(*shop(60))), folder / "events.parquet")
    config = FeatureConfig(decision_points=(0, 2), max_sequence=LONGEST)
    featurize(folder / "events.parquet", config, GAP, EngineConfig(), folder, with_sequences=True)
    (folder / "split").mkdir()
    split_examples(folder, SplitConfig(), folder / "split")
    return folder


def test_the_rows_are_those_of_the_examples_on_every_side(stages: Path) -> None:
    keys = ["session_id", "visitor_id", "decision_point", "session_start", "session_end"]
    pairs = [(stages / "examples.parquet", stages / "example_sequences.parquet")]
    pairs += [(stages / "split" / f"{s}.parquet", stages / "split" / f"example_sequences_{s}.parquet") for s in SIDES]
    for examples, rows in pairs:
        assert_frame_equal(pd.read_parquet(examples)[keys], pd.read_parquet(rows)[keys])
    whole = pd.read_parquet(stages / "example_sequences.parquet")
    assert [list(events) for events in whole["events"][:2]] == [
        ["view", "view", "cart"],
        ["view", "cart"] + 2 * ["view"],
    ]
    assert whole["session_end"][0] - whole["session_start"][0] == timedelta(minutes=5)


def test_without_being_asked_nothing_changes(stages: Path, tmp_path: Path) -> None:
    config = FeatureConfig(decision_points=(0, 2), max_sequence=LONGEST)
    featurize(stages / "events.parquet", config, GAP, EngineConfig(), tmp_path)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert "example_sequences.parquet" not in written
    assert written == {name: (stages / name).read_bytes() for name in written}
    assert "sequences" not in json.loads(written["featurize.json"])
