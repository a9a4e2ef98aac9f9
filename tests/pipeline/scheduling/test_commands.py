"""`schedule` as people call it."""

import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from data.errors import InputError
from pipeline.cli import app
from pipeline.commands.schedule import make_job, schedule_command
from pipeline.scheduling.job import Job
from pipeline.scheduling.runs import Attempt, Run, Runs
from tests.conftest import ROOT
from tests.pipeline.scheduling.jobs import known, scheduler, soon, stop, until

COMMANDS = typer.main.get_group(app)
DUE = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


def job(workdir: Path, *settings: str) -> Job:
    given = ["schedule.command=plan", "schedule.timezone=Europe/Berlin", *settings]
    return make_job(COMMANDS, None, None, None, given, workdir)


def test_next_times_are_printed_as_the_clock_shows_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schedule_command(job(tmp_path, "schedule.cron=0 4 * * 7"), 3, False, None, None)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("Sun ") and " 04:00 CE" in line for line in lines)


def test_the_status_names_the_last_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = job(tmp_path)
    begun = DUE + timedelta(seconds=1)
    attempt = Attempt(started=begun, ended=begun + timedelta(seconds=90), exit_code=1, ending="failed")
    over = Run(due=DUE, command=made.command, attempts=(attempt,), ended=attempt.ended, outcome="failed")
    hung = over.model_copy(
        update={"due": DUE - timedelta(days=7), "attempts": (attempt.model_copy(update={"ending": "timed out"}),)}
    )
    cut = Run(due=DUE + timedelta(days=7), command=made.command, attempts=(Attempt(started=begun),))
    for run in (hung, over, cut):
        Runs(made.folder).save(run)
    schedule_command(made, None, True, None, None)
    said, *table = capsys.readouterr().out.splitlines()
    assert said == "No scheduler is running."
    assert "Next: Mon " in table[0]
    assert table[2].split()[:6] == ["Mon", "08", "Jun", "2026", "04:00", "CEST"]
    assert "cut off" in table[2]
    assert all(part in table[3] for part in ("01 Jun", "failed (1)", "90 s", "20260601T020000Z.log"))
    assert "timed out" in table[4]


def test_the_options_of_the_command_line_are_settings_of_the_schedule(tmp_path: Path) -> None:
    units = ["--print", "systemd", "--output", str(tmp_path)]
    done = CliRunner().invoke(app, ["schedule", "--cron", "7 3 * * *", "--timeout", "90.5", *units])
    assert done.exit_code == 0, done.output
    assert "TimeoutStartSec=5430.0\n" in (tmp_path / "retail-retrain.service").read_text()
    assert "*-*-* 03:07:00 UTC\n" in (tmp_path / "retail-retrain.timer").read_text()
    for minutes in ("0", "-1", "nan", "inf"):
        with pytest.raises(InputError, match=r"`schedule\.timeout_minutes` should be .*Received: "):
            CliRunner().invoke(app, ["schedule", "--timeout", minutes, "--next", "1"], catch_exceptions=False)


def test_files_are_written_into_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schedule_command(job(tmp_path), None, False, "systemd", tmp_path / "units")
    assert sorted(path.name for path in (tmp_path / "units").iterdir()) == ["retail-plan.service", "retail-plan.timer"]
    assert "Wrote" in capsys.readouterr().out
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="`--output` should be a folder"):
        schedule_command(job(tmp_path), None, False, "systemd", tmp_path / "file")


def test_options_that_exclude_each_other_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Received: --next --status"):
        schedule_command(job(tmp_path), 1, True, None, None)
    with pytest.raises(InputError, match="should go with `--print`"):
        schedule_command(job(tmp_path), None, True, None, tmp_path)


def test_a_scheduler_starts_says_when_it_acts_and_stops(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "pipeline", "schedule", "--command", "doctor", "--cron", "0 4 29 2 *"]
    process = subprocess.Popen(
        [*command, "--workdir", str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert process.stdout is not None
        assert "Next run of doctor: Tue 29 Feb 2028 04:00 UTC" in process.stdout.readline()
        schedule_command(job(tmp_path), None, True, None, None)
        assert "A scheduler is running: doctor, 0 4 29 2 * in UTC." in capsys.readouterr().out
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=60)
        assert (process.returncode, "Stopping." in said) == (0, True)
    finally:
        process.kill()
        process.communicate()


def test_a_command_of_the_pipeline_is_run(tmp_path: Path) -> None:
    made = job(tmp_path, "seed=5")
    with scheduler(made, soon(), 3600) as process:
        until(lambda: known(made) and known(made)[0].outcome, 120)
        stop(process)
    log = Runs(made.folder).log(known(made)[0]).read_text()
    assert known(made)[0].outcome == "done", log
    assert "ingest" in log


def test_a_command_that_the_user_got_wrong_fails_with_its_message_in_the_log(tmp_path: Path) -> None:
    made = job(tmp_path, f"schedule.command=reports {tmp_path}/nowhere", "schedule.retries=0")
    with scheduler(made, soon(), 3600) as process:
        until(lambda: known(made) and known(made)[0].outcome, 120)
        stop(process)
    (run,) = known(made)
    assert (run.outcome, run.attempts[0].exit_code) == ("failed", 2)
    assert "nowhere" in Runs(made.folder).log(run).read_text()
