import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from data.config import SplitConfig
from data.errors import InputError
from data.feature import Feature, write_features
from data.splitting.sides import SIDES, boundaries
from data.splitting.splits import split_examples

START = datetime(2024, 1, 1)


def examples(sessions: int, seed: int = 0, visitors: int | None = None, hours: float = 1.0) -> pd.DataFrame:
    """Two examples of each session; a session starts every hour and lasts up to `hours`."""
    random = np.random.default_rng(seed)
    number = np.arange(sessions)
    hour = random.permutation(number)
    begin = pd.Series([START + timedelta(hours=int(i)) for i in hour])
    end = begin + pd.to_timedelta(random.random(sessions) * hours, unit="h")
    frame = pd.DataFrame(
        {
            "session_id": [f"s{i}" for i in number],
            "visitor_id": [f"v{i}" for i in random.integers(0, visitors or sessions, sessions)],
            "session_start": begin.astype("datetime64[us]"), "session_end": end.astype("datetime64[us]"),
            "abandoned": (hour % 2).astype("int8"), "x": random.random(sessions),
        }
    )  # fmt: skip
    points = [frame.assign(decision_point=np.int32(k), ts=frame["session_start"]) for k in (0, 1)]
    return pd.concat(points).sort_values(["session_start", "session_id", "decision_point"])


def split(folder: Path, frame: pd.DataFrame, sequences: bool = False, **config: Any) -> dict[str, pd.DataFrame]:
    folder.mkdir(exist_ok=True)
    frame.to_parquet(folder / "examples.parquet", index=False)
    write_features((Feature("x", "X", "table"),), folder / "features.json")
    if sequences:
        columns = ["session_id", "visitor_id", "session_start", "session_end"]
        frame[columns].drop_duplicates().to_parquet(folder / "sequences.parquet", index=False)
    out = folder / "out"
    out.mkdir(exist_ok=True)
    facts = split_examples(folder, SplitConfig(**config), out)
    assert facts == json.loads((out / "split.json").read_text())
    return {path.stem: pd.read_parquet(path) for path in sorted(out.glob("*.parquet"))}


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), hours=st.floats(0.1, 10))
def test_by_time_sessions_are_whole_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, seed: int, hours: float
) -> None:
    frame = examples(150, seed, hours=hours)
    sides = split(tmp_path_factory.mktemp("split"), frame, by="time")
    for side in SIDES:
        assert (sides[side].groupby("session_id").size() == 2).all()
    assert sides["train"]["session_end"].max() < sides["validation"]["session_start"].min()
    assert sides["validation"]["session_end"].max() < sides["test"]["session_start"].min()
    kept = pd.concat([sides[side] for side in SIDES])
    assert kept["session_id"].is_unique is False
    assert not kept.duplicated(["session_id", "decision_point"]).any()
    cut = boundaries(frame.drop_duplicates("session_id")["session_start"], SplitConfig())
    dropped = frame[~frame["session_id"].isin(kept["session_id"])]
    crosses = [
        (dropped["session_start"] < at) & (dropped["session_end"] >= at) for at in (cut.validation_from, cut.test_from)
    ]
    assert (crosses[0] | crosses[1]).all()


def test_by_time_shares_are_those_asked_for(tmp_path: Path) -> None:
    sides = split(tmp_path, examples(400, hours=0.5), train=0.6, validation=0.2)
    assert [len(sides[side]) / 800 for side in SIDES] == pytest.approx([0.6, 0.2, 0.2], abs=0.01)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_by_group_no_visitor_is_on_two_sides(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    frame = examples(300, seed, visitors=100)
    sides = split(tmp_path_factory.mktemp("split"), frame, by="group", seed=seed)
    visitors = [set(sides[side]["visitor_id"]) for side in SIDES]
    assert sum(map(len, visitors)) == len(set.union(*visitors)) == frame["visitor_id"].nunique()
    assert sum(len(sides[side]) for side in SIDES) == len(frame)


def test_by_group_shares_come_near_those_asked_for_and_the_seed_moves_visitors(tmp_path: Path) -> None:
    frame = examples(2000)
    one = split(tmp_path / "one", frame, by="group", seed=1)
    again = split(tmp_path / "again", frame, by="group", seed=1)
    other = split(tmp_path / "other", frame, by="group", seed=2)
    assert [len(one[side]) / len(frame) for side in SIDES] == pytest.approx([0.7, 0.1, 0.2], abs=0.03)
    pd.testing.assert_frame_equal(one["test"], again["test"])
    assert set(one["test"]["visitor_id"]) != set(other["test"]["visitor_id"])


@pytest.mark.parametrize(("by", "validation_by"), [("time", "time"), ("time", "visitor"), ("group", "time")])
def test_sequences_are_cut_like_the_examples(tmp_path: Path, by: str, validation_by: str) -> None:
    sides = split(tmp_path, examples(200, hours=3), sequences=True, by=by, validation_by=validation_by)
    for side in SIDES:
        assert set(sides[f"sequences_{side}"]["session_id"]) == set(sides[side]["session_id"])


def test_auto_goes_by_visitor_where_time_is_unknown_or_leaves_too_little(tmp_path: Path) -> None:
    timeless = examples(200)
    timeless[["session_start", "session_end", "ts"]] = pd.NaT
    split(tmp_path / "timeless", timeless)
    crowded = examples(200)
    crowded["session_end"] = crowded["session_start"].max()
    split(tmp_path / "crowded", crowded)
    facts = [json.loads((tmp_path / name / "out" / "split.json").read_text()) for name in ("timeless", "crowded")]
    assert [one["by"] for one in facts] == ["group", "group"]
    assert facts[0]["notes"] == []
    assert "Split by visitor" in facts[1]["notes"][0]


def test_a_side_without_both_labels_is_refused_with_counts(tmp_path: Path) -> None:
    frame = examples(100, hours=0.1)
    frame["abandoned"] = (frame["session_start"] < START + timedelta(hours=75)).astype("int8")
    with pytest.raises(InputError, match=r"train and test without(.|\n)*test +42 examples, 0 abandoned, 42 bought"):
        split(tmp_path, frame, by="time")


def test_by_time_needs_times(tmp_path: Path) -> None:
    frame = examples(20)
    frame["session_start"] = pd.NaT
    with pytest.raises(InputError, match=r"`split.by` is \"time\""):
        split(tmp_path, frame, by="time")


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), hour=st.integers(40, 140))
def test_a_given_moment_begins_the_test_and_the_shares_divide_what_lies_before(
    tmp_path_factory: pytest.TempPathFactory, seed: int, hour: int
) -> None:
    frame = examples(150, seed, hours=3.0)
    moment = START + timedelta(hours=hour)
    sides = split(tmp_path_factory.mktemp("split"), frame, by="time", test_from=moment, train=0.6, validation=0.2)
    assert set(sides["test"]["session_id"]) == set(frame.loc[frame["session_start"] >= moment, "session_id"])
    for side in ("train", "validation"):
        assert (sides[side]["session_end"] < moment).all()
    before = frame.loc[frame["session_start"] < moment, "session_start"].drop_duplicates().sort_values()
    begin = sides["validation"]["session_start"].min()
    assert abs((before < begin).mean() - 0.75) <= 2 / len(before)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_visitors_drawn_for_validation_leave_the_latest_sessions_to_train(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    frame, folder = examples(1500, seed, hours=3.0, visitors=500), tmp_path_factory.mktemp("split")
    by_time = split(folder / "time", frame, by="time")
    sides = split(folder / "visitor", frame, by="time", validation_by="visitor", seed=seed)
    pd.testing.assert_frame_equal(sides["test"], by_time["test"])
    train, validation = sides["train"], sides["validation"]
    assert not set(train["visitor_id"]) & set(validation["visitor_id"])
    ended = frame[frame["session_end"] < sides["test"]["session_start"].min()]
    learnt = pd.concat([train, validation])
    assert set(learnt["session_id"]) == set(ended["session_id"])
    assert len(validation) / len(learnt) == pytest.approx(0.1 / 0.8, abs=0.05)
    assert train["session_start"].max() > by_time["validation"]["session_start"].min()


def test_a_moment_with_a_zone_is_the_same_instant() -> None:
    starts = examples(50)["session_start"]
    zoned = datetime(2024, 1, 2, 2, tzinfo=timezone(timedelta(hours=2)))
    assert boundaries(starts, SplitConfig(by="time", test_from=zoned)) == boundaries(
        starts, SplitConfig(by="time", test_from=datetime(2024, 1, 2))
    )


def test_a_moment_that_leaves_nothing_to_learn_from_is_refused() -> None:
    with pytest.raises(InputError, match=r"`split.test_from` should be after the log's first session"):
        boundaries(examples(50)["session_start"], SplitConfig(by="time", test_from=START))
    with pytest.raises(ValidationError, match=r'`split.by` should be "time"'):
        SplitConfig(test_from=START)
