"""`schedule`: a command at the clock."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from data.errors import InputError
from pipeline.config import load_config, within
from pipeline.runner import CONFIG, read_config
from pipeline.scheduling.job import Job, command_line
from pipeline.scheduling.runs import Run, Runs
from pipeline.workdir import write_whole

SHOWN = 10
"""Runs that `--status` shows."""


def make_job(
    commands: TyperGroup,
    preset: str | None,
    file: Path | None,
    source: Path | None,
    settings: Sequence[str],
    workdir: Path,
) -> Job:
    """What is started and when, from what was given on the command line.

    Args:
        commands: all commands there are.
        preset: handed on, as the next four are, to the command.
        file: a configuration, whose section `schedule` counts here; without it and a preset, that of the last run.
        source: the log.
        settings: of `--set`; those of the schedule are not handed on.
        workdir: the work folder.

    Raises:
        InputError: something in it cannot be used.
    """
    known = not (preset or file) and (workdir / CONFIG).exists()
    base = read_config(workdir).model_dump(mode="json") if known else None
    schedule = load_config(preset, file, settings, source, base).schedule
    given: Mapping[str, Sequence[str]] = {
        "preset": [preset] if preset else [],
        "config": [str(file)] if file else [],
        "input": [str(source)] if source else [],
        "set": [setting for setting in settings if not within(setting.partition("=")[0].strip(), ("schedule",))],
        "workdir": [str(workdir)],
    }
    return Job(command_line(commands, schedule.command, given), workdir, schedule)


def schedule_command(job: Job) -> None:
    """Keep running, and start the job at the clock, until stopped.

    Raises:
        InputError: it cannot be started, or another scheduler holds the work folder.
    """
    from pipeline.scheduling.clock import clock_of
    from pipeline.scheduling.notifying import check
    from pipeline.scheduling.service import serve

    check(job.settings)
    console = _console()
    serve(
        job,
        clock_of(job.settings),
        lambda text: console.print(f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}  {text}"),
    )


def next_command(job: Job, count: int) -> None:
    """Print when the schedule comes up next."""
    from pipeline.scheduling.clock import clock_of, next_times

    for moment in islice(next_times(clock_of(job.settings), datetime.now(UTC)), count):
        _console().print(job.at(moment))


def print_command(job: Job, kind: str, folder: Path | None) -> None:
    """Print the files that make another scheduler do it, or write them into a folder."""
    from pipeline.scheduling.printing import files

    made = files(job, kind)
    console = _console()
    if folder is None:
        console.file.write("\n".join(made.values()))
        return
    for name, text in made.items():
        try:
            write_whole(folder / name, text)
        except OSError as error:
            raise InputError(
                f"`--output` should be a folder that can be written. Received: {folder} ({error.strerror})"
            ) from None
        console.print(f"Wrote {folder / name}")


def status_command(job: Job) -> None:
    """Print what became of the last runs, and when the next one is."""
    from pipeline.scheduling.clock import clock_of, next_times
    from pipeline.scheduling.service import running

    runs, console = Runs(job.folder), _console()
    plan = running(job.folder)
    if plan:
        job = Job(job.command, job.workdir, job.settings.model_copy(update=plan["settings"]))
        console.print(f"A scheduler is running: {plan['command']}, {job.settings.cron} in {job.settings.timezone}.")
    else:
        console.print("No scheduler is running.")
    console.print(f"Next: {job.at(next(next_times(clock_of(job.settings), datetime.now(UTC))))}")
    latest = list(runs.all())[-SHOWN:][::-1]
    if latest:
        table = Table("due", "outcome", "attempts", "took", "exit code", "output", box=None)
        for run in latest:
            table.add_row(*map(Text, _row(job, run, runs.log(run), going=plan is not None)))
        console.print(table, soft_wrap=True)


def _row(job: Job, run: Run, log: Path, going: bool) -> tuple[str, ...]:
    last = run.attempts[-1] if run.attempts else None
    code = last.exit_code if last else None
    outcome = "promoted" if run.promoted else run.outcome or ("under way" if going else "cut off")
    seconds = ((run.ended or datetime.now(UTC)) - run.attempts[0].started).total_seconds() if run.attempts else None
    took = f"{seconds:,.0f} s" if seconds is not None and (run.ended or going) else "–"
    return job.at(run.due), outcome, str(len(run.attempts)), took, "–" if code is None else str(code), str(log)


def _console() -> Console:
    return Console(highlight=False, markup=False, soft_wrap=True)
