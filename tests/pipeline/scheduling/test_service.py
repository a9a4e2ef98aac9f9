"""A scheduler as a process: killed, restarted, stopped, and two at once."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import sleep

import pytest

from data.errors import InputError
from pipeline.scheduling.job import Job
from pipeline.scheduling.service import STORE, running, serve
from tests.pipeline.scheduling.jobs import alive, kill, known, scheduler, shell, silent, soon, stop, until

HOUR = 3600.0


def test_a_run_cut_off_by_a_kill_is_begun_again_once(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    job = shell(f"echo . >> {begun}; [ $(wc -l < {begun}) -gt 1 ] || exec sleep 600", tmp_path / "work")
    first = soon()
    with scheduler(job, first, HOUR) as process:
        until(begun.exists)
        until(lambda: known(job)[0].attempts[0].born)
        kill(process)
    left = known(job)[0].attempts[0].pid
    assert left is not None
    assert alive(left)
    with scheduler(job, first, HOUR) as process:
        until(lambda: known(job)[0].outcome)
        said = stop(process)
    assert f"Ended process {left}" in said
    assert not alive(left)
    with scheduler(job, first, HOUR) as process:
        sleep(1)
        stop(process)
    (run,) = known(job)
    assert run.due == first
    assert [attempt.ending for attempt in run.attempts] == ["cut off", "done"]
    assert begun.read_text().count(".") == 2


def test_a_run_that_is_cut_off_again_and_again_is_given_up(tmp_path: Path) -> None:
    job = shell("exec sleep 600", tmp_path / "work", notify_command=["tee", str(tmp_path / "told")])
    first = soon()
    for times in (1, 2):
        with scheduler(job, first, HOUR) as process:
            until(partial(going, job, times))
            kill(process)
    with scheduler(job, first, HOUR) as process:
        until(lambda: known(job)[0].outcome)
        stop(process)
    (run,) = known(job)
    assert (run.outcome, run.count("cut off")) == ("failed", 2)
    assert '"event": "failed"' in (tmp_path / "told").read_text()


def test_a_kill_before_people_are_told_puts_that_off_until_the_next_start(tmp_path: Path) -> None:
    killed, told = tmp_path / "killed", tmp_path / "told"
    # The first time the program takes down the scheduler that started it, before it passes on anything.
    tell = f"[ -e {killed} ] || {{ touch {killed}; kill -9 $PPID; exit; }}; cat >> {told}; echo >> {told}"
    job = shell("exit 3", tmp_path / "work", notify_command=["/bin/sh", "-c", tell])
    first = soon()
    with scheduler(job, first, HOUR) as process:
        assert process.wait(timeout=60) == -9
    assert (known(job)[0].outcome, known(job)[0].untold, told.exists()) == ("refused", True, False)
    for _ in range(2):  # the second of these has nothing more to tell
        with scheduler(job, first, HOUR) as process:
            until(lambda: not known(job)[0].untold)
            stop(process)
        (line,) = told.read_text().splitlines()
        assert (json.loads(line)["event"], json.loads(line)["due"]) == ("refused", first.isoformat())


def going(job: Job, attempt: int) -> bool:
    attempts = known(job)[0].attempts if known(job) else ()
    return len(attempts) == attempt and attempts[-1].born is not None


def test_runs_missed_while_nothing_was_running_are_made_up_for_by_one(tmp_path: Path) -> None:
    job, first = shell("true", tmp_path / "work"), soon(5)
    with scheduler(job, first, 1) as process:
        kill(process)
    assert not known(job)
    until(lambda: datetime.now(UTC) > first + timedelta(seconds=3.5))
    with scheduler(job, first, 1) as process:
        until(lambda: any(run.outcome for run in known(job)))
        stop(process)
    assert known(job)[0].due >= first + timedelta(seconds=3)


def test_a_run_missed_by_more_than_the_grace_is_left_out(tmp_path: Path) -> None:
    job, first = shell("true", tmp_path / "work", misfire_grace_seconds=1), soon(5)
    with scheduler(job, first, HOUR) as process:
        kill(process)
    until(lambda: datetime.now(UTC) > first + timedelta(seconds=1.2))
    with scheduler(job, first, HOUR) as process:
        until(lambda: known(job) and known(job)[0].outcome)
        stop(process)
    assert [(run.outcome, run.attempts) for run in known(job)] == [("missed", ())]


def test_a_long_run_is_never_overlapped(tmp_path: Path) -> None:
    log = tmp_path / "log"
    job, first = shell(f"echo in >> {log}; sleep 1.6; echo out >> {log}", tmp_path / "work"), soon()
    with scheduler(job, first, 1) as process:
        until(lambda: log.exists() and log.read_text().count("out") == 2)
        said = stop(process)
    words = log.read_text().split()
    assert words == ["in", "out"] * (len(words) // 2) + ["in"] * (len(words) % 2)
    assert "A run was left out" in said


def test_a_second_scheduler_is_refused_and_the_first_is_found(tmp_path: Path) -> None:
    job = shell("true", tmp_path / "work")
    assert running(job.folder) is None
    with scheduler(job, soon(60), HOUR) as process:
        until(lambda: running(job.folder))
        with pytest.raises(InputError, match=f"in use by another scheduler .process {process.pid}."):
            serve(job, None, silent)
        stop(process)
    assert running(job.folder) is None


def test_a_stop_ends_the_command_and_the_next_scheduler_begins_it_again(tmp_path: Path) -> None:
    begun, cleaned = tmp_path / "begun", tmp_path / "cleaned"
    script = f"[ -e {begun} ] && exit 0; touch {begun}; trap 'echo . >> {cleaned}; exit 9' TERM; sleep 600 & wait"
    job, first = shell(script, tmp_path / "work"), soon()
    with scheduler(job, first, HOUR) as process:
        until(begun.exists)
        sleep(0.2)
        assert "was stopped" in stop(process)
    assert cleaned.exists()
    assert [attempt.ending for attempt in known(job)[0].attempts] == ["stopped"]
    assert known(job)[0].outcome is None
    with scheduler(job, first, HOUR) as process:
        until(lambda: known(job)[0].outcome)
        stop(process)
    (run,) = known(job)
    assert (run.outcome, [attempt.ending for attempt in run.attempts]) == ("done", ["stopped", "done"])


def test_a_command_that_does_not_listen_is_killed_with_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f"trap '' TERM; sleep 600 & echo $! $$ > {pids}; sleep 600"
    job = shell(script, tmp_path / "work", stop_seconds=0.5)
    with scheduler(job, soon(), HOUR) as process:
        until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
        stop(process)
    until(lambda: not any(map(alive, map(int, pids.read_text().split()))))


def test_a_store_that_cannot_be_read_is_a_clear_error(tmp_path: Path) -> None:
    job = shell("true", tmp_path / "work")
    job.folder.mkdir(parents=True)
    (job.folder / STORE).write_text("this is no database, whatever its name says " * 100)
    with pytest.raises(InputError, match=r"cannot be read .*Remove it and start again"):
        serve(job, None, silent)
