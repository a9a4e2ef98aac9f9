"""Tells people what a run came to: by a program of theirs, or a webhook. Never fails."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from data.errors import InputError
from pipeline.scheduling.config import ScheduleConfig
from pipeline.scheduling.job import Job
from pipeline.scheduling.runs import Run

TAIL = 20
"""Lines of the log that a notification brings along."""

LONGEST = 4000
"""Characters of these lines."""

POSTS = 3
"""How often a webhook is tried again."""

Message = Mapping[str, Any]


def check(settings: ScheduleConfig) -> None:
    """Look for the program.

    Raises:
        InputError: there is none of that name.
    """
    if settings.notify_command and shutil.which(settings.notify_command[0]) is None:
        raise InputError(
            "`schedule.notify_command` should begin with a program that can be run. "
            f"Received: {settings.notify_command[0]}"
        )


def message(job: Job, run: Run, log: Path) -> Message:
    """What is told of a run: JSON-ready, with the sentence `text` that chat programs show."""
    event = "promoted" if run.promoted else str(run.outcome)
    host = socket.gethostname()
    last = run.attempts[-1] if run.attempts else None
    timed_out = last is not None and last.ending == "timed out"
    hung = "; the last one was ended, since its time was up" if timed_out else ""
    told = {
        "promoted": "has made a new champion",
        "refused": "refused the new data; the champion stays",
        "failed": f"failed, {len(run.attempts)} times tried{hung}",
    }
    came_to = f"{told.get(event, event)}{f' ({run.decision})' if run.decision else ''}"
    return {
        "event": event,
        "text": f"{job.name} on {host}, due {job.at(run.due)}, {came_to}. Log: {log.resolve()}",
        "command": list(job.command),
        "workdir": str(job.workdir.resolve()),
        "host": host,
        "due": run.due.isoformat(),
        "ended": run.ended.isoformat() if run.ended else None,
        "decision": run.decision,
        "attempts": len(run.attempts),
        "exit_code": last.exit_code if last else None,
        "timed_out": timed_out,
        "log": str(log.resolve()),
        "tail": _tail(log),
    }


def ways(settings: ScheduleConfig) -> list[str]:
    """Settings that name a way to tell people, of those that are set."""
    return [way for way in WAYS if getattr(settings, way)]


def notify(way: str, settings: ScheduleConfig, told: Message, say: Callable[[str], None]) -> bool:
    """Tell it one way; whether that worked. What goes wrong is only said."""
    try:
        WAYS[way](settings, told)
    except Exception as error:  # whatever is wrong with it, the schedule goes on
        say(f"`schedule.{way}` could not tell of it: {error}")
        return False
    return True


def _by_command(settings: ScheduleConfig, told: Message) -> None:
    plain = {key: value for key, value in told.items() if isinstance(value, str | int)}
    variables = {f"PIPELINE_{key.upper()}": str(value).replace("\0", "") for key, value in plain.items()}
    done = subprocess.run(
        settings.notify_command, input=json.dumps(told), text=True, env={**os.environ, **variables},
        timeout=settings.notify_seconds, capture_output=True, errors="replace", check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"exit code {done.returncode}: {(done.stderr or done.stdout).strip()[-200:]}")


def _by_webhook(settings: ScheduleConfig, told: Message) -> None:
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    again = Retry(POSTS, backoff_factor=1, status_forcelist=(429, 500, 502, 503, 504), allowed_methods=None)
    with requests.Session() as session:
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=again))
        try:
            answer = session.post(
                settings.notify_webhook, json=told, timeout=settings.notify_seconds, allow_redirects=False
            )
        except requests.RequestException as error:  # its text has the address, whose holder may post there
            raise RuntimeError(type(error).__name__) from None
    if not 200 <= answer.status_code < 300:
        raise RuntimeError(f"it answered {answer.status_code}")


WAYS = {"notify_command": _by_command, "notify_webhook": _by_webhook}
"""What tells people, by the setting that it goes by."""


def _tail(log: Path) -> str:
    try:
        text = log.read_bytes()[-4 * LONGEST :].decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-TAIL:])[-LONGEST:]
