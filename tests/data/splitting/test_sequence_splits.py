import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.config import SplitConfig
from data.errors import InputError
from data.splitting.sequence_splits import split_sequences
from data.splitting.sides import SIDES

START = datetime(2024, 1, 1)


def sequences(sessions: int, hours: float = 0.5, visitors: int | None = None, events: int = 2) -> pd.DataFrame:
    """Sessions an hour apart, each lasting up to `hours`; every tenth has one event, the others have `events`."""
    random = np.random.default_rng(0)
    begin = pd.Series([START + timedelta(hours=number) for number in range(sessions)])
    end = begin + pd.to_timedelta(random.random(sessions) * hours, unit="h")
    lengths = [1 if number % 10 == 9 else events for number in range(sessions)]
    return pd.DataFrame(
        {
            "session_id": [f"s{number}" for number in range(sessions)],
            "visitor_id": [f"v{number}" for number in random.integers(0, visitors or sessions, sessions)],
            "session_start": begin.astype("datetime64[us]"),
            "session_end": end.astype("datetime64[us]"),
            "items": [["a"] * length for length in lengths], "events": [["view"] * length for length in lengths],
        }
    )  # fmt: skip


def split(folder: Path, frame: pd.DataFrame, **config: Any) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    frame.to_parquet(folder / "sequences.parquet", index=False)
    out = folder / "out"
    out.mkdir()
    facts = split_sequences(folder, SplitConfig(**config), out)
    assert facts == json.loads((out / "split.json").read_text())
    assert {path.name for path in out.iterdir()} == {"split.json", *(f"sequences_{side}.parquet" for side in SIDES)}
    return facts, {side: pd.read_parquet(out / f"sequences_{side}.parquet") for side in SIDES}


def test_by_time_sessions_are_whole_and_in_order_in_the_shares_asked_for(tmp_path: Path) -> None:
    facts, sides = split(tmp_path, sequences(400), train=0.6, validation=0.2)
    assert facts["by"] == "time"
    assert [len(sides[side]) / 400 for side in SIDES] == pytest.approx([0.6, 0.2, 0.2], abs=0.01)
    assert sides["train"]["session_end"].max() < sides["validation"]["session_start"].min()
    assert sides["validation"]["session_end"].max() < sides["test"]["session_start"].min()
    for side in SIDES:
        count = facts["counts"][side]
        assert (count["sessions"], count["usable"]) == (len(sides[side]), (sides[side]["items"].str.len() > 1).sum())
        assert count["from"] == sides[side]["session_start"].min().isoformat()


def test_sessions_that_cross_a_boundary_are_dropped_and_counted(tmp_path: Path) -> None:
    facts, sides = split(tmp_path, sequences(200, hours=3))
    assert facts["dropped_sessions"] == 200 - sum(map(len, sides.values())) > 0
    assert "cross a boundary" in facts["notes"][0]


def test_by_group_no_visitor_is_on_two_sides(tmp_path: Path) -> None:
    facts, sides = split(tmp_path, sequences(300, visitors=100), by="group")
    visitors = [set(sides[side]["visitor_id"]) for side in SIDES]
    assert facts["by"] == "group"
    assert sum(map(len, visitors)) == len(set.union(*visitors))
    assert sum(map(len, sides.values())) == 300


def test_auto_goes_by_visitor_where_time_leaves_a_side_without_a_next_item(tmp_path: Path) -> None:
    frame = sequences(200)
    frame["session_end"] = frame["session_start"].max()
    facts, _ = split(tmp_path, frame)
    assert facts["by"] == "group"
    assert "Split by visitor" in facts["notes"][0]


@pytest.mark.parametrize("by", ["auto", "time", "group"])
def test_sessions_of_one_event_are_refused_with_counts(tmp_path: Path, by: str) -> None:
    with pytest.raises(InputError, match=r"without a session of two item events(.|\n)*test .* 0 of two events or more"):
        split(tmp_path, sequences(100, events=1), by=by)
