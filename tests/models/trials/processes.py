"""The processes of a search, found by the folder in their command line."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil


def alive(folder: Path, module: str = "") -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            line = process.cmdline()  # a dead one that nobody has waited for has none
            if str(folder) in line and any(module in part for part in line):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.005)
