"""Processes of the command: started in a group of their own, and ended as a group."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Literal

import psutil

AT_THE_GATE = 'read -r _ && exec "$@" </dev/null'
"""A line opens the gate; it stays closed where whoever holds it is gone."""

LOOK = 0.1
"""Seconds between looks at a process."""

Cause = Literal["stopped", "timed out"]
"""Why a process was told to end."""


def prepare(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Make the command's process, which waits for `begin`; its output goes to the end of `log`.

    Whoever notes the process down in between leaves none that nobody knows of: it ends where this one is killed first,
    and goes on where it is killed later.

    A group of its own keeps a Ctrl-C in this terminal from it: the scheduler decides when it is told to end.

    Raises:
        FileNotFoundError: there is no such program.
    """
    if shutil.which(command[0]) is None:
        raise FileNotFoundError(f"there is no program {command[0]}")
    with log.open("ab") as output:
        return subprocess.Popen(
            ("/bin/sh", "-c", AT_THE_GATE, "sh", *command),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )


def begin(process: subprocess.Popen[bytes]) -> None:
    """Let a process begin with its command."""
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin as gate:  # somebody has ended it already
        gate.write(b"\n")


def born(pid: int) -> float | None:
    """When a process was made, or nothing where it has ended."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


def wait(
    process: subprocess.Popen[bytes], stop: Event, patience: float, limit: float | None = None
) -> tuple[int, Cause | None]:
    """Wait until the process ends, or end it and its children when `stop` is set or its time is up.

    Args:
        process: from `start`.
        stop: set to end it.
        patience: seconds between SIGTERM and SIGKILL.
        limit: seconds that it may take; endless where None.

    Returns:
        Its exit code, negative for a signal, and why it was told to end, if it was.
    """
    deadline = None if limit is None else time.monotonic() + limit
    while process.poll() is None:
        stopped = stop.wait(LOOK)
        if stopped or (deadline is not None and time.monotonic() >= deadline and process.poll() is None):
            _end(process.pid, lambda: process.poll() is None, patience)
            return process.wait(), "stopped" if stopped else "timed out"
    return process.returncode, None


def end_left_over(pid: int, made: float, patience: float) -> bool:
    """End a command whose scheduler was killed; whether it was still running."""
    if born(pid) != made:
        return False
    _end(pid, lambda: born(pid) == made and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE, patience)
    return True


def _end(group: int, alive: Callable[[], bool], patience: float) -> None:
    deadline = time.monotonic() + patience
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGTERM)
        while alive() and time.monotonic() < deadline:
            time.sleep(LOOK)
        os.killpg(group, signal.SIGKILL)  # its own children too, where it left some
