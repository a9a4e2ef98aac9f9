"""What is old goes, whole, and nothing that is younger or that belongs to nobody does."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from data.errors import InputError
from pipeline.progress import Progress
from pipeline.retention import clean
from pipeline.retraining.flow import retrain
from pipeline.retraining.incoming import take_in
from pipeline.retraining.state import HOME, PARTS, first_state, read_state, write_state
from tests.pipeline.retraining.shop import NOW, config, first_run, weeks


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    """A run over the first week, and a retrain that has taken in the second and the third."""
    first_run(tmp_path)
    for week in (1, 2):
        weeks()[week].to_csv(tmp_path / "logs" / f"week{week}.csv", index=False)
    work = tmp_path / "work"
    with Progress() as progress:
        state, _ = take_in(config(tmp_path / "logs"), work / HOME, first_state(work, NOW), progress, NOW)
    write_state(work / HOME, state)
    (work / "train").mkdir()
    (work / "train" / "abandonment.keras").write_text("a model")
    return work


def names(workdir: Path) -> set[str]:
    return {path.relative_to(workdir).as_posix() for path in workdir.rglob("*")}


def test_only_what_has_no_younger_event_goes_and_is_not_taken_in_again(workdir: Path) -> None:
    state = read_state(workdir / HOME)
    assert state is not None
    ids = [part.id for part in state.parts]
    now = weeks()[1]["ts"].max() + timedelta(days=30, seconds=1)
    before = names(workdir)
    expected = {workdir / "ingest", *(workdir / HOME / PARTS / part for part in ids[:2])}
    assert {one.path for one in clean(workdir, 30, now, dry_run=True)} == expected
    assert names(workdir) == before
    assert {one.path for one in clean(workdir, 30, now)} == expected
    assert {path.name for path in (workdir / HOME / PARTS).iterdir()} == {ids[2]}
    assert (workdir / "train" / "abandonment.keras").read_text() == "a model"
    assert not (workdir / "ingest").exists()
    after = read_state(workdir / HOME)
    assert after is not None
    assert [part.id for part in after.active] == [ids[2]]
    assert ids[1] not in after.undecided
    assert after.watermark == state.watermark
    with Progress() as progress:
        assert take_in(config(workdir.parent / "logs"), workdir / HOME, after, progress, NOW) == (after, [])
    assert clean(workdir, 30, now) == []


def test_what_a_promotion_linked_goes_with_what_it_leads_to(workdir: Path) -> None:
    served = workdir / HOME / "served" / "one"
    served.mkdir(parents=True)
    (workdir / "ingest").rename(served / "ingest")
    (workdir / HOME / "current").symlink_to("served/one")
    (workdir / "ingest").symlink_to("retrain/current/ingest")
    clean(workdir, 0, NOW)
    assert not (workdir / "ingest").is_symlink()
    assert not list(workdir.rglob("*.parquet"))


def test_reports_forget_the_sessions_they_name_and_keep_the_rest(workdir: Path) -> None:
    named, explained = workdir / "report" / "index.html", workdir / "explain" / "attributions.parquet"
    stage = workdir / "explain" / "report" / "index.html"
    for page in (named, stage, workdir / "report" / "model-card.html"):
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("<p>a</p>")
    for page in (named, stage):
        page.write_text("<p><!-- session -->Session v1#2; <!-- /session -->left</p>" * 2)
    explained.write_text("rows")
    dry = {(one.path, one.part) for one in clean(workdir, 30, NOW + timedelta(days=400), dry_run=True)}
    assert {(named, "ids of sessions"), (stage, "ids of sessions"), (explained, None)} <= dry
    assert "v1#2" in named.read_text()
    assert {(one.path, one.part) for one in clean(workdir, 30, NOW + timedelta(days=400))} == dry
    assert named.read_text() == stage.read_text() == "<p>left</p>" * 2
    assert (workdir / "report" / "model-card.html").read_text() == "<p>a</p>"
    assert not explained.exists()


def test_leftovers_go_by_when_they_were_written(workdir: Path) -> None:
    refused = workdir / HOME / "quarantine"
    old, young = (
        (workdir / "quarantine.parquet", refused / "a.parquet"),
        (workdir / ".scratch" / "x", refused / "b.parquet"),
    )
    for file in (*old, *young):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
    for file in old:
        os.utime(file, (0, 0))
    found = clean(workdir, 3650, NOW)
    assert {one.path for one in found} == set(old)
    assert [file.exists() for file in (*old, *young)] == [False, False, True, True]


def test_a_wrong_year_in_the_runs_log_keeps_nothing(workdir: Path) -> None:
    file = workdir / "ingest" / "ingest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"last_ts": "2150-01-01T00:00:00+00:00"}))
    os.utime(file, (NOW.replace(tzinfo=UTC).timestamp(),) * 2)
    found = {one.path: one.newest for one in clean(workdir, 30, NOW + timedelta(days=31), dry_run=True)}
    assert found[workdir / "ingest"] == NOW


def test_a_part_without_an_event_of_its_own_goes_by_when_it_was_written(workdir: Path) -> None:
    state = read_state(workdir / HOME)
    assert state is not None
    part = state.parts[-1].model_copy(update={"added": 0, "first": None, "last": None})
    write_state(workdir / HOME, state.model_copy(update={"parts": (*state.parts[:-1], part)}))
    assert workdir / HOME / PARTS / part.id in {one.path for one in clean(workdir, 0, datetime(2200, 1, 1))}


def test_what_a_killed_retrain_left_goes_unless_its_decision_is_still_to_be_carried_out(workdir: Path) -> None:
    state, home = read_state(workdir / HOME), workdir / HOME
    assert state is not None
    write_state(home, state.model_copy(update={"pending": "cut-off"}))
    log, unread = home / "cut-off" / "log.parquet", home / ".incoming" / "log.parquet"
    for file in (log, unread):
        file.parent.mkdir()
        file.write_text("rows")
    assert home / "cut-off" not in {one.path for one in clean(workdir, 30, NOW, dry_run=True)}
    (home / "cut-off" / "decision.json").write_text('{"decision": "promoted"}')
    before = names(workdir)
    with pytest.raises(InputError, match="Let it finish what it decided first: python -m pipeline retrain"):
        clean(workdir, 0, datetime(2200, 1, 1))
    assert names(workdir) == before
    (home / "cut-off" / "decision.json").unlink()
    clean(workdir, 0, datetime(2200, 1, 1))
    assert not log.exists()
    assert not unread.exists()


def test_a_retrain_whose_whole_log_is_gone_says_how_to_start_over(workdir: Path) -> None:
    clean(workdir, 0, NOW)
    weeks()[3].to_csv(workdir.parent / "logs" / "week3.csv", index=False)
    with Progress() as progress, pytest.raises(InputError, match=r"Remove .*state\.json, and start over with a run"):
        retrain(config(workdir.parent / "logs"), workdir, progress, NOW)


def test_a_folder_at_work_is_left_alone(workdir: Path) -> None:
    before = names(workdir)
    with FileLock(workdir / ".lock"), pytest.raises(InputError):
        clean(workdir, 0, NOW)
    assert names(workdir) == before
