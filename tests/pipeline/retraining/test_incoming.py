"""Every file is taken in once, by its content, and nothing that was refused is looked at again as it is."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from data.config import SourceConfig
from data.errors import InputError
from data.growing.log_parts import write_log
from pipeline.config import PipelineConfig
from pipeline.planning import Selection
from pipeline.progress import Progress
from pipeline.retraining.decision import waiting
from pipeline.retraining.flow import retrain
from pipeline.retraining.incoming import Judged, take_in, undecided_arrivals
from pipeline.retraining.leftovers import clear
from pipeline.retraining.state import HOME, State, events_of, first_state, read_state, write_state
from pipeline.runner import run
from tests.pipeline.retraining.shop import NOW, config, first_run, weeks


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ran")
    first_run(folder)
    return folder


@pytest.fixture
def shop(ran: Path, tmp_path: Path) -> Path:
    shutil.copytree(ran, tmp_path, dirs_exist_ok=True)
    return tmp_path


def take(folder: Path, state: State, *settings: str, made: PipelineConfig | None = None) -> tuple[State, list[Judged]]:
    with Progress() as progress:
        return take_in(made or config(folder / "logs", *settings), folder / "work" / HOME, state, progress, NOW)


def put(folder: Path, name: str, *frames: pd.DataFrame) -> None:
    pd.concat(frames).to_csv(folder / "logs" / name, index=False)


def log(folder: Path, state: State) -> pd.DataFrame:
    parts = [events_of(folder / "work" / HOME, part) for part in state.active]
    write_log(parts, folder / "log.parquet", config(folder).engine, folder)
    return pd.read_parquet(folder / "log.parquet")


def test_what_the_run_has_read_is_not_new_under_any_name(shop: Path) -> None:
    state = first_state(shop / "work", NOW)
    assert state.window_from == state.watermark == weeks()[0]["ts"].max()
    put(shop, "copy.csv", weeks()[0])
    assert take(shop, state) == (state, [])


def test_a_new_week_is_added_once(shop: Path) -> None:
    state = first_state(shop / "work", NOW)
    put(shop, "week1.csv", weeks()[1])
    state, (found,) = take(shop, state)
    (part,) = [part for part in state.parts if part.id == found.arrival.id]
    assert (part.added, part.late) == (len(weeks()[1]), 0)
    assert state.undecided == (part.id,)
    # A later call that finds nothing new decides on it with all that this one has found.
    assert undecided_arrivals(shop / "work" / HOME, state) == [json.loads(json.dumps(found.as_table()))]
    assert found.checks
    assert state.watermark == weeks()[1]["ts"].max() > state.window_from
    write_state(shop / "work" / HOME, state)
    assert read_state(shop / "work" / HOME) == state
    assert take(shop, state) == (state, [])


def test_a_file_that_grew_adds_what_is_new_and_a_late_file_counts(shop: Path) -> None:
    state = first_state(shop / "work", NOW)
    old, new = weeks()[1], weeks()[2]
    put(shop, "all.csv", old.iloc[::2])
    state, _ = take(shop, state)
    put(shop, "all.csv", old.iloc[::2], new)
    state, _ = take(shop, state)
    assert [part.superseded for part in state.parts] == [False, True, False]
    put(shop, "late.csv", old.iloc[1::2])
    state, _ = take(shop, state)
    late = state.parts[-1]
    assert (late.added, late.late) == (len(old.iloc[1::2]), len(old.iloc[1::2]))
    assert state.watermark == new["ts"].max()
    expected = pd.concat(weeks()[:3]).sort_values(["ts", "visitor_id"])["ts"]
    assert log(shop, state)["ts"].tolist() == expected.tolist()


def test_a_log_that_was_rotated_loses_none_of_its_events(shop: Path) -> None:
    state = first_state(shop / "work", NOW)
    put(shop, "now.csv", weeks()[1])
    state, _ = take(shop, state)
    (shop / "logs" / "now.csv").rename(shop / "logs" / "now-1.csv")
    put(shop, "now.csv", weeks()[2])
    state, _ = take(shop, state)
    assert len(log(shop, state)) == sum(map(len, weeks()[:3]))
    (shop / "logs" / "now-1.csv").unlink()
    (shop / "logs" / "now.csv").rename(shop / "logs" / "now-1.csv")
    put(shop, "now.csv", weeks()[3])
    state, _ = take(shop, state)
    assert len(log(shop, state)) == sum(map(len, weeks()))
    assert [part.names for part in state.parts[1:]] == [("now-1.csv",), ("now-1.csv",), ("now.csv",)]


@pytest.mark.parametrize("pattern", ["logs", "logs/*.csv", "logs/all.csv"])
def test_a_file_is_the_same_one_however_the_input_is_named(
    shop: Path, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    state = first_state(shop / "work", NOW)
    put(shop, "all.csv", weeks()[1].iloc[:200])
    state, _ = take(shop, state)
    put(shop, "all.csv", weeks()[1].iloc[:400])
    monkeypatch.chdir(shop)
    state, _ = take(shop, state, made=config(Path(pattern)))
    assert [part.superseded for part in state.parts] == [False, True, False]
    assert len(log(shop, state)) == len(weeks()[0]) + 400


def test_content_that_comes_back_counts_again(shop: Path) -> None:
    state = first_state(shop / "work", NOW)
    put(shop, "all.csv", weeks()[1])
    state, _ = take(shop, state)
    whole = log(shop, state)
    put(shop, "all.csv", weeks()[1].iloc[:200])
    state, _ = take(shop, state)
    assert len(log(shop, state)) == len(weeks()[0]) + 200
    clear(shop / "work" / HOME, state)
    put(shop, "all.csv", weeks()[1])
    state, _ = take(shop, state)
    assert log(shop, state).equals(whole)
    assert len({part.id for part in state.parts}) == len(state.parts)


def test_of_a_file_that_grows_each_event_is_counted_and_kept_once(shop: Path) -> None:
    state, home = first_state(shop / "work", NOW), shop / "work" / HOME
    for end in (200, 400, 600):
        put(shop, "all.csv", weeks()[1].iloc[:end])
        state, _ = take(shop, state)
        clear(home, state)
        counted = waiting(config(shop), "id", state, "why", {})["data"]
        assert (counted["added"], counted["events"]) == (end, len(weeks()[0]) + end)
    assert state.parts[-1].first == weeks()[1]["ts"].min()
    assert sorted(home.glob("parts/*/events.parquet")) == sorted(events_of(home, part) for part in state.active)
    assert len(undecided_arrivals(home, state)) == 3
    put(shop, "all.csv", weeks()[1].iloc[100:600])
    state, _ = take(shop, state)
    assert waiting(config(shop), "id", state, "why", {})["data"]["events"] == len(log(shop, state))


def test_a_mended_file_counts_in_the_place_of_what_it_was(shop: Path) -> None:
    state = first_state(shop / "work", NOW)
    put(shop, "week1.csv", weeks()[1])
    state, _ = take(shop, state)
    put(shop, "week1.csv", weeks()[1].assign(quantity=2))
    state, _ = take(shop, state)
    made = log(shop, state)
    assert len(made) == len(weeks()[0]) + len(weeks()[1])
    assert (made["quantity"].tail(len(weeks()[1])) == 2).all()


def test_what_is_refused_leaves_the_log_as_it_was_until_its_content_or_the_rules_change(shop: Path) -> None:
    before = first_state(shop / "work", NOW)
    put(shop, "week1.csv", weeks()[1].assign(price=weeks()[1]["price"] * 100))
    put(shop, "week2.csv", weeks()[2].drop(columns="visitor_id"))
    (shop / "logs" / "week3.csv").write_text(weeks()[3].to_csv(index=False).replace("2025-", "a-"))
    state, judged = take(shop, before)
    told = {one.arrival.names[0]: str(one.reason) for one in judged}
    assert "`retrain.data.max_price_ratio`" in told["week1.csv"]
    assert 'visitor_id should be in "visitor_id"' in told["week2.csv"]
    assert "break the event contract" in told["week3.csv"]
    assert (state.parts, state.undecided) == (before.parts, ())
    assert {path.name for path in (shop / "work" / HOME / "parts").iterdir()} == {"run"}
    assert take(shop, state) == (state, [])
    changed, again = take(shop, state, "retrain.data.max_price_ratio=200")
    assert [one.arrival.names[0] for one in again if one.reason is None] == ["week1.csv"]
    assert len(changed.refused) == 3  # the one that is a part now is not forgotten under the other rules
    put(shop, "week2.csv", weeks()[2])
    _, mended = take(shop, state)
    assert [(one.arrival.names, one.reason) for one in mended] == [(("week2.csv",), None)]


def test_the_bad_rows_of_each_refused_file_are_kept(shop: Path) -> None:
    for week in (1, 2):
        text = weeks()[week].to_csv(index=False).replace("2025-", "a-")
        (shop / "logs" / f"week{week}.csv").write_text(text)
    _, judged = take(shop, first_state(shop / "work", NOW))
    copies = [Path(str(one.reason).split("All of them are in ")[1].split(".parquet")[0] + ".parquet") for one in judged]
    for one, copy in zip(judged, copies, strict=True):
        assert set(pd.read_parquet(copy)["file"]) == set(one.arrival.names)


def test_an_event_with_a_wrong_year_is_left_out_and_holds_nothing_up(shop: Path) -> None:
    state = first_state(shop / "work", NOW)
    stray = weeks()[1].tail(1).assign(ts=pd.Timestamp(NOW + timedelta(days=400)))
    put(shop, "week1.csv", weeks()[1], stray)
    state, (found,) = take(shop, state)
    assert found.reason is None
    assert state.watermark == weeks()[1]["ts"].max()
    assert (state.parts[-1].added, state.parts[-1].events) == (len(weeks()[1]), len(weeks()[1]))
    put(shop, "week2.csv", weeks()[2])
    state, _ = take(shop, state)
    assert (state.watermark, state.parts[-1].late) == (weeks()[2]["ts"].max(), 0)
    assert len(log(shop, state)) == sum(map(len, weeks()[:3]))


def test_a_run_that_has_read_an_event_with_a_wrong_year_can_be_retrained(shop: Path) -> None:
    events = shop / "work" / "ingest" / "events.parquet"
    taken = pd.read_parquet(events)
    stray = taken.tail(1).assign(ts=taken["ts"].tail(1) + timedelta(days=4000))
    whole = pd.concat([taken, stray])
    whole.to_parquet(events, index=False)
    assert first_state(shop / "work", NOW).watermark == weeks()[0]["ts"].max()
    assert len(pd.read_parquet(events)) == len(whole)


def test_shards_of_one_day_are_held_to_the_usual_volume_together(shop: Path) -> None:
    state = first_state(shop / "work", NOW)
    for shard in range(6):
        put(shop, f"shard{shard}.csv", weeks()[1].iloc[shard::6])
    state, judged = take(shop, state)
    assert [one.reason for one in judged] == [None] * 6
    put(shop, "week2.csv", weeks()[2].iloc[::6])
    _, (thin,) = take(shop, state)
    assert "`retrain.data.max_volume_ratio`" in str(thin.reason)


def test_families_of_files_are_taken_in_together(tmp_path: Path) -> None:
    columns = {name: name for name in ("visitor_id", "ts", "item_id", "event")}
    families = [{"pattern": f"{kind}*.csv", "columns": columns} for kind in ("other", "buys")]
    buys = weeks()[0]["event"] == "purchase"
    (tmp_path / "logs").mkdir()
    put(tmp_path, "other0.csv", weeks()[0][~buys])
    put(tmp_path, "buys0.csv", weeks()[0][buys])
    source = config(tmp_path / "logs").source.model_dump() | {"columns": None, "files": families}
    made = config(tmp_path / "logs").model_copy(update={"source": SourceConfig.model_validate(source)})
    with Progress() as progress:
        run(made, tmp_path / "work", progress, Selection(until="ingest"))
    state = first_state(tmp_path / "work", NOW)
    buys = weeks()[1]["event"] == "purchase"
    put(tmp_path, "other1.csv", weeks()[1][~buys])
    put(tmp_path, "buys1.csv", weeks()[1][buys])
    state, (found,) = take(tmp_path, state, made=made)
    assert found.reason is None
    assert set(found.arrival.names) == {"other1.csv", "buys1.csv"}
    assert state.parts[-1].added == len(weeks()[1])
    put(tmp_path, "other2.csv", weeks()[2][weeks()[2]["event"] != "purchase"])
    _, (half,) = take(tmp_path, state, made=made)
    assert "kind purchase" in str(half.reason)


def test_a_state_of_another_version_is_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text('{"parts": 3}')
    with pytest.raises(InputError, match="is of another version of the pipeline"):
        read_state(tmp_path)
    assert read_state(tmp_path / "nowhere") is None
    with pytest.raises(InputError, match="Run first: python -m pipeline run"):
        first_state(tmp_path, NOW)


def test_a_retrain_does_not_go_on_in_another_store(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{shop / 'one.db'}")
    write_state(shop / "work" / HOME, first_state(shop / "work", NOW))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{shop / 'other.db'}")
    with Progress() as progress, pytest.raises(InputError, match=r"`MLFLOW_TRACKING_URI` should be .*one\.db, whose"):
        retrain(config(shop / "logs"), shop / "work", progress, NOW)
    assert not (shop / "other.db").exists()
