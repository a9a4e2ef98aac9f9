"""What could not be told is told later: once by each way, in order, and for no longer than runs are remembered."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.commands.schedule import schedule_command
from pipeline.scheduling import notifying
from pipeline.scheduling.config import ScheduleConfig
from pipeline.scheduling.job import Job
from pipeline.scheduling.runs import Run, Runs
from pipeline.scheduling.telling import Teller
from tests.pipeline.scheduling.jobs import known, scheduler, shell, silent, soon, stop, until
from tests.pipeline.scheduling.test_running import ran

DUE = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


def mailbox(folder: Path) -> list[str]:
    """A program that passes on what it gets while the file `down` is not there."""
    return ["/bin/sh", "-c", f"[ ! -e {folder / 'down'} ] && cat >> {folder / 'told'} && echo >> {folder / 'told'}"]


def told(folder: Path) -> list[int]:
    """Days of the runs that people heard of, in the order in which they did."""
    file = folder / "told"
    lines = file.read_text().splitlines() if file.exists() else []
    return [datetime.fromisoformat(json.loads(line)["due"]).day for line in lines]


def test_what_failed_all_its_tries_is_told_after_the_next_run_in_order(tmp_path: Path) -> None:
    job = shell("exit 3", tmp_path / "work", notify_command=mailbox(tmp_path))
    (tmp_path / "down").touch()
    for day in range(3):
        assert ran(job, DUE + timedelta(days=day)).untold
    assert told(tmp_path) == []
    (tmp_path / "down").unlink()
    well = Job(("true",), job.workdir, job.settings)  # a run that people need not hear of
    assert not ran(well, DUE + timedelta(days=3)).untold
    assert told(tmp_path) == [1, 2, 3]
    ran(job, DUE + timedelta(days=4))
    assert told(tmp_path) == [1, 2, 3, 5]


def test_an_outage_across_a_restart_loses_nothing_and_is_over_soon_without_a_run(tmp_path: Path) -> None:
    again = {"notify_command": mailbox(tmp_path), "notify_again_minutes": 0.5 / 60}
    job, first = shell("exit 3", tmp_path / "work", **again), soon()
    (tmp_path / "down").touch()
    with scheduler(job, first, 3600.0) as process:
        until(lambda: known(job) and known(job)[0].outcome)
        assert "`schedule.notify_command` could not tell of it" in stop(process)
    with scheduler(job, first, 3600.0) as process:
        (tmp_path / "down").unlink()
        until(lambda: not known(job)[0].untold)
        stop(process)
    assert told(tmp_path) == [first.day]


def test_the_way_that_worked_is_not_taken_again_where_the_other_failed(tmp_path: Path) -> None:
    job = shell("exit 3", tmp_path / "work", notify_command=mailbox(tmp_path), notify_webhook="http://127.0.0.1:9/")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(notifying, "POSTS", 0)
        assert ran(job).told == ("notify_command",)
        Teller(job, Runs(job.folder), silent).tell()
    assert len(told(tmp_path)) == 1
    assert known(job)[0].untold
    mended = Job(job.command, job.workdir, job.settings.model_copy(update={"notify_webhook": None}))
    Teller(mended, Runs(job.folder), silent).tell()
    assert (len(told(tmp_path)), known(job)[0].untold) == (1, False)


def test_no_more_is_kept_than_runs_are(tmp_path: Path) -> None:
    job = shell("exit 3", tmp_path / "work", notify_command=mailbox(tmp_path), keep_runs=2)
    (tmp_path / "down").touch()
    for day in range(4):
        ran(job, DUE + timedelta(days=day))
    (tmp_path / "down").unlink()
    Teller(job, Runs(job.folder), silent).tell()
    assert told(tmp_path) == [3, 4]


def test_a_disk_that_takes_no_records_does_not_make_it_be_told_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, said = shell("exit 3", tmp_path / "work", notify_command=mailbox(tmp_path)), list[str]()
    runs = Runs(job.folder)
    runs.save(Run(due=DUE, command=job.command, outcome="refused", untold=True))
    teller = Teller(job, runs, said.append)

    def full(_: Run) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(runs, "save", full)
        teller.tell()
        teller.tell()
    assert "could not be kept" in said[0]
    teller.tell()
    assert (len(told(tmp_path)), known(job)[0].untold) == (1, False)


@given(
    waiting=st.integers(1, 6),
    passes=st.lists(st.sampled_from(["up", "down"]), max_size=5),
    refused=st.sets(st.integers(0, 5)),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_everything_a_way_takes_is_told_once_and_what_it_refuses_keeps_nothing_back(
    tmp_path_factory: pytest.TempPathFactory, waiting: int, passes: Sequence[str], refused: set[int]
) -> None:
    job = Job(("true",), tmp_path_factory.mktemp("work"), ScheduleConfig(notify_command=("true",)))
    runs, heard, tries, state = Runs(job.folder), list[int](), list[int](), ""
    for day in range(waiting):
        runs.save(Run(due=DUE + timedelta(days=day), command=job.command, outcome="failed", untold=True))

    def way(_: ScheduleConfig, message: notifying.Message) -> None:
        day = datetime.fromisoformat(message["due"]).day - DUE.day
        tries.append(day)
        if state == "down" or day in refused:
            raise RuntimeError("no")
        heard.append(day)

    teller = Teller(job, runs, silent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(notifying.WAYS, "notify_command", way)
        for state in [*passes, *["up"] * waiting**2]:
            tries.clear()
            teller.tell()
            assert state == "up" or len(tries) <= 2
    assert sorted(heard) == [day for day in range(waiting) if day not in refused]
    assert {run.due.day - DUE.day for run in runs.all() if run.untold} == refused & set(range(waiting))
    if not refused:
        assert heard == sorted(heard)


def test_the_status_says_what_is_untold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = shell("exit 3", tmp_path / "work", notify_command=mailbox(tmp_path))
    for down in (True, False):
        (tmp_path / "down").touch() if down else (tmp_path / "down").unlink()
        ran(job, DUE)
        Teller(job, Runs(job.folder), silent).tell()
        capsys.readouterr()
        schedule_command(job, None, True, None, None)
        named = "People could not be told yet of Mon 01 Jun 2026 02:00 UTC. It is tried again when a scheduler starts."
        assert (named in capsys.readouterr().out) == down
