"""Kills `retrain` three times in a row: anywhere from its start to its end, and while it carries out its decision."""

import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.killed_operations.home import AFTER, BETTER, RUN, WAITING, Home
from benchmarks.killed_operations.killing import Moment, finished, kill, left_over, spread, wait_for
from benchmarks.killed_operations.looking import Look, look
from pipeline.retraining.serving_set import CURRENT
from pipeline.retraining.state import HOME

MODELS = ("cart-abandonment", "next-item")
ROW = 3
"""Kills in a row before the command is left alone."""

SHORT = 0.3
"""Seconds within which an aimed kill follows what it waits for."""

NEW, DECIDED = "new", "decided"
"""The shop when a week has arrived, and when it was killed right after its decision."""


@dataclass(frozen=True)
class Unbroken:
    """What no kill should change."""

    after: Look
    """After the week was decided on."""

    gone_back: Look
    """After both champions were rolled back then."""

    next_week: Look
    """After the next week was taken in instead."""

    seconds: float
    """Of the whole command."""


def measure(home: Home, kills: int, chance: random.Random) -> dict[str, float]:
    """Kill about so many times, in rows of three; figures by name."""
    unbroken = _unbroken(home)
    rows = max(1, round(kills / ROW))
    anywhere = spread(chance, (rows + 1) // 2, unbroken.seconds)
    figures: dict[str, float] = {}
    for number in range(rows):
        marks = _marks(home, chance)
        if number % 2 == 0:
            base, moments = NEW, [Moment("anywhere", anywhere[number // 2]), *_in_order(marks, ROW - 1, chance)]
        else:
            base, moments = DECIDED, _in_order(marks, ROW, chance)
        home.put_back(base)
        found = _broken(home, moments, unbroken, number)
        print(f"retrain {number + 1:2d}", [f"{one.name} + {one.seconds:.2f} s" for one in moments], found, flush=True)
        for figure, value in found.items():
            figures[f"retrain_{figure}"] = figures.get(f"retrain_{figure}", 0.0) + value
    return figures


def _in_order(marks: Sequence[Moment], count: int, chance: random.Random) -> list[Moment]:
    return [marks[place] for place in sorted(chance.sample(range(len(marks)), count))]


def promote_once(home: Home) -> float:
    """Retrain unbroken after another week, and keep the shop before and after; the seconds that it took."""
    home.put_back(RUN)
    home.add_week(2)
    home.keep(NEW)
    began = time.monotonic()
    home.do("retrain", settings=BETTER)
    seconds = time.monotonic() - began
    home.keep(AFTER)
    return seconds


def _unbroken(home: Home) -> Unbroken:
    seconds = promote_once(home)
    after = look(home)
    _go_back(home)
    gone_back = look(home)
    home.put_back(AFTER)
    _next_week(home)
    next_week = look(home)
    home.put_back(NEW)
    process = home.start("retrain", settings=BETTER)
    wait_for(Moment("decided", 0.0, lambda: _decisions(home)), process)
    kill(process, group=True)
    home.keep(DECIDED)
    return Unbroken(after, gone_back, next_week, seconds)


def _broken(home: Home, moments: Sequence[Moment], unbroken: Unbroken, number: int) -> dict[str, int]:
    """Kill a retrain again and again, let the next one go on to its end, and compare."""
    killed = []
    for place, moment in enumerate(moments):
        process = home.start("retrain", settings=BETTER)
        wait_for(moment, process)
        killed.append(kill(process, group=(number + place) % 2 == 0))
    orphans = left_over(home.place)
    failed = finished(home.start("retrain", settings=BETTER)) != 0
    found = look(home)
    told = found.told(unbroken.after)
    differs = found.differences(unbroken.after)
    lasting = "" if told else _afterwards(home, unbroken, number)
    if told or lasting:
        print((told or lasting)[:3000], flush=True)
    return {
        "kills": sum(killed), "weeks": 1, "failed": int(failed),
        "other_decision": differs["decisions"], "lost_double_or_half": int(differs["versions"] or differs["runs"]),
        "other_served": differs["served"], "other_watermark": differs["state"], "left_behind": differs["left"],
        "other_afterwards": int(bool(lasting)), "orphans": orphans,
    }  # fmt: skip


def _afterwards(home: Home, unbroken: Unbroken, number: int) -> str:
    """What differs after the next week, or after a rollback."""
    try:
        if number % 4 < 2:
            _next_week(home)
            return look(home).told(unbroken.next_week)
        _go_back(home)
        return look(home).told(unbroken.gone_back)
    except (RuntimeError, OSError, KeyError) as error:
        return str(error)


def _next_week(home: Home) -> None:
    home.add_week(3)
    home.do("retrain", settings=WAITING)


def _go_back(home: Home) -> None:
    for model in MODELS:
        home.do("rollback", "--model", model)


def _decisions(home: Home) -> list[Path]:
    return list((home.work / HOME).glob("2*/decision.json"))


def _marks(home: Home, chance: random.Random) -> list[Moment]:
    """Moments shortly after what happens, one after the other, while a decision is carried out."""
    retrains = home.work / HOME

    def versions(count: int) -> Callable[[], object]:
        return lambda: _count(home, "model_versions") >= count

    marks: dict[str, Callable[[], object]] = {
        "run": lambda: _count(home, "runs") >= 2,
        "model": lambda: _count(home, "logged_models") >= 3,
        "version": versions(3),
        "versions": versions(4),
        "set": lambda: list((retrains / "served").glob("2*")),
        "champion": lambda: _count(home, "registered_model_aliases", "alias = 'champion' and version = 2") >= 1,
        "champions": lambda: _count(home, "registered_model_aliases", "alias = 'champion' and version = 2") >= 2,
        "links": lambda: (retrains / CURRENT).is_symlink(),
        "served": lambda: (retrains / CURRENT).is_symlink() and "before" not in str((retrains / CURRENT).readlink()),
        "page": lambda: list(retrains.glob("2*/report/index.html")),
        "over": lambda: _decisions(home) and '"pending": null' in (retrains / "state.json").read_text(),
    }
    return [Moment(name, chance.uniform(0, SHORT), happened) for name, happened in marks.items()]


def _count(home: Home, table: str, condition: str = "true") -> int:
    with suppress(sqlite3.Error):  # another process writes
        database = sqlite3.connect(f"file:{home.place / 'mlflow.db'}?mode=ro", uri=True, timeout=0.1)
        with database:
            found = database.execute(f"select count(*) from {table} where {condition}").fetchone()[0]
        database.close()
        return int(found)
    return 0
