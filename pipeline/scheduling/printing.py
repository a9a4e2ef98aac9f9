"""The same schedule for teams that have a scheduler already: systemd, cron, Kubernetes, Airflow."""

import getpass
import math
import os
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice, pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from data.errors import InputError
from pipeline.scheduling.clock import clock_of, next_times
from pipeline.scheduling.config import ScheduleConfig
from pipeline.scheduling.cron import Cron, parse_cron
from pipeline.scheduling.job import Job

KINDS = {
    "systemd": {"service": "{}.service", "timer": "{}.timer"},
    "cron": {"crontab": "{}.crontab"},
    "kubernetes": {"cronjob": "{}.yaml"},
    "airflow": {"dag": "{}.py"},
}
"""What can be written: for each, the templates and the names of their files."""

LONGEST_LINE = 990
"""Characters of a command that Vixie's cron takes (`MAX_COMMAND`), less some for its own use."""


def files(job: Job, kind: str) -> Mapping[str, str]:
    """Names and texts of the files that make another scheduler do the same.

    Raises:
        InputError: no such scheduler, or one that cannot express it.
    """
    if kind not in KINDS:
        raise InputError(f"`--print` should be one of {', '.join(KINDS)}. Received: {kind}")
    if kind == "kubernetes" and not job.workdir.is_absolute():
        raise InputError(
            "`--workdir` should be an absolute path for Kubernetes, where a volume is mounted there. "
            f"Received: {job.workdir}"
        )
    name = f"retail-{job.name.split()[0]}"
    templates, told = _templates(), _told(job, name)
    if kind == "cron" and len(told["line"]) > LONGEST_LINE:
        raise InputError(
            f"`schedule.command` should be shorter for cron, which takes {LONGEST_LINE} characters: put settings "
            f"into a `--config` file. Received: {len(told['line'])}"
        )
    return {
        file.format(name): templates.get_template(f"{template}.j2").render(told)
        for template, file in KINDS[kind].items()
    }


def on_calendar(cron: Cron, zone: str) -> Sequence[str]:
    """The expression as systemd's OnCalendar; two where a day of either kind counts, as timers add them up."""
    weekdays = ",".join(("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")[day] for day in cron.weekdays)
    months, days = _digits(cron.months, 12), _digits(cron.days, 31)
    time = f"{_digits(cron.hours, 24)}:{_digits(cron.minutes, 60)}:00 {zone}"
    if cron.either:
        return (f"{weekdays} *-{months}-* {time}", f"*-{months}-{days} {time}")
    return (f"{'' if len(cron.weekdays) == 7 else weekdays + ' '}*-{months}-{days} {time}",)


def _digits(values: Sequence[int], possible: int) -> str:
    return "*" if len(values) == possible else ",".join(f"{value:02}" for value in values)


def _told(job: Job, name: str) -> Mapping[str, Any]:
    settings, cron = job.settings, parse_cron(job.settings.cron)
    folder, variables = str(Path.cwd()), logged_to()
    setting = ["env", *(f"{key}={value}" for key, value in variables.items())] if variables else []
    line = f"cd {shlex.quote(folder)} && exec {shlex.join([*_limited(settings), *setting, *job.command])}"
    times = list(islice(next_times(clock_of(settings), datetime.now(UTC)), 400))
    gaps = [(after.astimezone(UTC) - before.astimezone(UTC)).total_seconds() for before, after in pairwise(times)]
    return {
        "name": name, "title": job.name, "command": job.command, "settings": settings, "cron": str(cron),
        "folder": folder, "workdir": str(job.workdir), "variables": variables, "user": getpass.getuser(),
        "line": line.replace("%", r"\%"), "calendar": on_calendar(cron, settings.timezone), "gap": int(min(gaps)) - 1,
        "today": datetime.now(ZoneInfo(settings.timezone)).date(),
    }  # fmt: skip


def _limited(settings: ScheduleConfig) -> list[str]:
    """What ends a command in time where the scheduler itself cannot: coreutils' `timeout`."""
    if settings.timeout_minutes is None:
        return []
    return ["timeout", f"--kill-after={settings.stop_seconds:.9g}", f"{60 * settings.timeout_minutes:.9g}"]


def logged_to() -> dict[str, str]:
    """Variables of this process that another scheduler has to set as well: where runs are logged.

    An address with a password is left out; it does not belong into a file that is shown around.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI", "")
    secret = "@" in uri.partition("://")[2].partition("/")[0]
    return {"MLFLOW_TRACKING_URI": uri} if uri and not secret else {}


def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    templates.filters |= {
        "percent": lambda text: text.replace("%", "%%"),
        "unit": _unit_word,
        "whole": math.ceil,
        "yaml": lambda text: yaml.safe_dump(text, default_style='"', allow_unicode=True, width=2**20).strip(),
        "pod": lambda text: text.replace("$", "$$"),  # Kubernetes fills in $(VARIABLE)
        "python": repr,
    }
    return templates


def _unit_word(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'
