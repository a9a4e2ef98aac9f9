"""Kills `schedule` while its job works, while it waits, and between all that it writes down."""

import random
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks.killed_operations.clockwork import BEGUN, ENDED, EVERY, TOGETHER, job_in
from benchmarks.killed_operations.killing import Moment, finished, kill, left_over, spread, start, wait_for
from pipeline.scheduling.runs import Run, Runs

AIMED = 0.05
"""Seconds within which an aimed kill follows what it waits for."""


def measure(folder: Path, kills: int, chance: random.Random) -> dict[str, float]:
    """Kill so many times; figures by name."""
    figures: dict[str, float] = {"schedule_kills": 0.0}
    anywhere = [Moment("anywhere", seconds) for seconds in spread(chance, kills // 2, 2 * EVERY)]
    for number in range(kills):
        home = folder / str(number)
        home.mkdir(parents=True)
        aimed = _aimed(home, chance, number)
        moment = anywhere[number] if number < len(anywhere) else aimed
        found = _broken(home, moment, group=number % 2 == 0, pause=chance.uniform(0, 3 * EVERY))
        print(f"schedule {number + 1:2d} {moment.name:8s} {moment.seconds:6.3f} s", found, flush=True)
        for figure, value in found.items():
            figures[f"schedule_{figure}"] = figures.get(f"schedule_{figure}", 0.0) + value
    return figures


def _aimed(home: Path, chance: random.Random, number: int) -> Moment:
    job, seconds = job_in(home), chance.uniform(0, AIMED)
    marks = {
        "accepted": lambda: list(job.folder.glob("runs/*.json")),
        "starting": lambda: list(job.folder.glob("logs/*.log")),
        "begun": lambda: (home / BEGUN).exists(),
        "ended": lambda: (home / ENDED).exists(),
    }
    name = list(marks)[number % len(marks)]
    return Moment(name, seconds, marks[name])


def _broken(home: Path, moment: Moment, group: bool, pause: float) -> dict[str, int]:
    """Kill a scheduler, start another one a while later, and look at what both have done."""
    runs = Runs(job_in(home).folder)
    process = _scheduler(home)
    wait_for(Moment("ready", 0.0, lambda: "Next run" in (home / "said").read_text()), process)
    wait_for(moment, process)
    killed = kill(process, group)
    cut_off = [run for run in runs.all() if run.outcome is None and run.attempts and run.attempts[-1].ending is None]
    time.sleep(pause)
    before, again = datetime.now(UTC), _scheduler(home)
    wait_for(Moment("two more", 0.0, lambda: len(_done_since(runs, before)) >= 2), again)
    again.terminate()
    finished(again)
    known = runs.all()
    begun, ended = _lines(home / BEGUN), _lines(home / ENDED)
    attempts = sum(len(run.attempts) for run in known)
    made_up = [run for run in known if run.due < before and run.attempts and run.attempts[-1].started >= before]
    told = {run.due: [attempt.ending for attempt in run.attempts] for run in known}
    return {
        "kills": int(killed),
        "together": _lines(home / TOGETHER),
        # An attempt is on record before it begins, so that one may be on record that never did; not the other way.
        "off_record": max(0, begun - attempts),
        "done_unseen": max(0, ended - sum(run.count("done") + run.count("cut off") for run in known)),
        "not_coalesced": max(0, len(made_up) - 1),
        "untold": sum("cut off" not in told.get(run.due, []) for run in cut_off),
        "unfinished": sum(run.outcome is None and run.count("stopped") == 0 for run in known if run.attempts),
        "orphans": left_over(home) + _alive(home),
    }  # fmt: skip


def _scheduler(home: Path) -> subprocess.Popen[bytes]:
    return start(["benchmarks.killed_operations.clockwork", str(home)], home / "said", {})


def _done_since(runs: Runs, moment: datetime) -> list[Run]:
    return [run for run in runs.all() if run.outcome == "done" and run.ended is not None and run.ended > moment]


def _lines(file: Path) -> int:
    return len(file.read_text().split()) if file.exists() else 0


def _alive(home: Path) -> int:
    """Jobs that still work."""
    pids = map(int, (home / BEGUN).read_text().split())
    return sum(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in pids)
