"""Processes that are killed: started in a group of their own, ended by SIGKILL alone or with the group."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
LOOK = 0.01
"""Seconds between looks at whether a moment has come."""

PATIENCE = 900.0
"""Seconds after which a command counts as hanging."""


@dataclass(frozen=True)
class Moment:
    """When to kill: so many seconds after something has happened, the start of the command where nothing is named."""

    name: str
    seconds: float
    happened: Callable[[], object] = lambda: True


def start(words: Sequence[str], log: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start `python -m …` in a group of its own; what it says goes to the end of `log`."""
    with log.open("ab") as told:
        return subprocess.Popen(
            [sys.executable, "-m", *words], cwd=ROOT, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
            stdout=told, stderr=told, start_new_session=True,
        )  # fmt: skip


def wait_for(moment: Moment, process: subprocess.Popen[bytes]) -> None:
    """Wait until a moment has come or the process has ended."""
    while process.poll() is None and not moment.happened():
        time.sleep(LOOK)
    end = time.monotonic() + moment.seconds
    while process.poll() is None and time.monotonic() < end:
        time.sleep(min(LOOK, max(0.0, end - time.monotonic())))


def kill(process: subprocess.Popen[bytes], group: bool) -> bool:
    """Kill a process, or its whole group; whether there was something left to kill."""
    killed = process.poll() is None
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL) if group else process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL and killed


def finished(process: subprocess.Popen[bytes]) -> int:
    """The exit code of a command that is left alone; −9 where it hung."""
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        kill(process, group=True)
        return -signal.SIGKILL


def left_over(place: Path, patience: float = 3.0) -> int:
    """Processes that still work on something in a folder, some seconds after they could have noticed the kill."""
    end = time.monotonic() + patience
    while (found := len(_working_on(place))) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def _working_on(place: Path) -> list[psutil.Process]:
    alive = psutil.process_iter(["cmdline", "status", "pid"])
    others = (one for one in alive if one.info["status"] != psutil.STATUS_ZOMBIE and one.info["pid"] != os.getpid())
    return [one for one in others if any(str(place) in word for word in one.info["cmdline"] or [])]


def spread(chance: random.Random, kills: int, seconds: float) -> list[float]:
    """Moments over a whole duration, one in each of as many equal parts of it, in no order."""
    moments = [(place + chance.random()) / kills * seconds for place in range(kills)]
    chance.shuffle(moments)
    return moments
