"""`schedule`: a command at the clock."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table
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


def schedule_command(job: Job, times: int | None, status: bool, kind: str | None, output: Path | None) -> None:
    """Start the job at the clock, or print what was asked for instead.

    Raises:
        InputError: options that do not go together, or the job cannot be started or written.
    """
    asked = [name for name, given in (("--next", times), ("--status", status), ("--print", kind)) if given]
    if len(asked) > 1:
        raise InputError(f"`--next`, `--status` and `--print` exclude each other. Received: {' '.join(asked)}")
    if output and not kind:
        raise InputError(f"`--output` should go with `--print`. Received: --output {output} alone")
    if times:
        _print_next(job, times)
    elif status:
        _print_status(job)
    elif kind:
        _print_files(job, kind, output)
    else:
        _keep_running(job)


def _keep_running(job: Job) -> None:
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


def _print_next(job: Job, count: int) -> None:
    from pipeline.scheduling.clock import clock_of, next_times

    for moment in islice(next_times(clock_of(job.settings), datetime.now(UTC)), count):
        _console().print(job.at(moment))


def _print_files(job: Job, kind: str, folder: Path | None) -> None:
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


def _print_status(job: Job) -> None:
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
        table = Table(*(Column(name, no_wrap=True) for name in ("due", "outcome", "tries", "took")), "log", box=None)
        for run in latest:
            table.add_row(*map(Text, _row(job, run, going=plan is not None)))
        console.print(table)
        console.print(f"Logs are in {runs.log(latest[0]).parent}")
    untold = [job.at(run.due) for run in runs.all() if run.untold]
    if untold:
        when = "from time to time" if plan else "when a scheduler starts"
        console.print(f"People could not be told yet of {'; '.join(untold)}. It is tried again {when}.")


def _row(job: Job, run: Run, going: bool) -> tuple[str, ...]:
    outcome: str = "promoted" if run.promoted else run.outcome or ("under way" if going else "cut off")
    if run.outcome == "failed" and run.attempts:
        last = run.attempts[-1]
        outcome = "timed out" if last.ending == "timed out" else f"failed ({last.exit_code})"
    seconds = ((run.ended or datetime.now(UTC)) - run.attempts[0].started).total_seconds() if run.attempts else None
    took = f"{seconds:,.0f} s" if seconds is not None and (run.ended or going) else "–"
    return job.at(run.due), outcome, str(len(run.attempts)), took, f"{run.name}.log"


def _console() -> Console:
    return Console(highlight=False, markup=False, soft_wrap=True)
