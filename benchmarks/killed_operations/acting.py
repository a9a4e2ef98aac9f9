"""Kills `score` and `rollback`."""

import random
import shutil
import time
from pathlib import Path

import pandas as pd

from benchmarks.killed_operations.home import AFTER, RUN, Home
from benchmarks.killed_operations.killing import Moment, finished, kill, left_over, spread, wait_for
from benchmarks.killed_operations.looking import look

MODEL, OTHER = "cart-abandonment", "next-item"
HALF = "half rolled back"


def measure_score(home: Home, kills: int, chance: random.Random) -> dict[str, float]:
    """Kill `score` so many times, half of the kills once it has begun to write; figures by name."""
    home.put_back(RUN)
    log, parts, one = str(home.place / "log"), home.place / "list", home.place / "list.csv"
    seconds, wanted = 0.0, {}
    for output in (parts, one):
        began = time.monotonic()
        home.do("score", log, "-o", str(output))
        seconds = max(seconds, time.monotonic() - began)
        wanted[output] = _carts(output)
    files = _files(home)
    figures: dict[str, float] = {}
    for number, moment in enumerate(spread(chance, kills, seconds)):
        shutil.rmtree(parts, ignore_errors=True)
        one.unlink(missing_ok=True)
        output = one if number % 3 == 2 else parts
        killed = 0
        for again in (moment, *([chance.uniform(0, seconds)] if number % 4 == 3 else [])):
            process = home.start("score", log, "-o", str(output))
            writing = Moment("writing", chance.uniform(0, 1.0), output.exists)
            wait_for(writing if number % 2 else Moment("anywhere", again), process)
            killed += kill(process, group=number % 4 < 2)
        orphans = left_over(home.place)
        failed = finished(home.start("score", log, "-o", str(output))) != 0
        found = _carts(output)
        told = {
            "kills": int(killed > 0),
            "failed": int(failed),
            "lost_or_double": abs(len(found) - len(wanted[output])) + int(found["session_id"].duplicated().sum()),
            "other_carts": int(not found.equals(wanted[output])),
            "left_behind": len(_files(home) - files),
            "orphans": orphans,
        }
        print(f"score {number + 1:2d} {moment:5.1f} s", told, sorted(_files(home) - files)[:4], flush=True)
        figures = {f"score_{name}": figures.get(f"score_{name}", 0.0) + value for name, value in told.items()}
    return figures


def measure_rollback(home: Home, kills: int, chance: random.Random) -> dict[str, float]:
    """Kill `rollback` so many times; figures by name.

    The shop has had a promotion of two models, of which one has gone back: with the other one the folder does.
    """
    home.put_back(AFTER)
    home.do("rollback", "--model", OTHER)
    home.keep(HALF)
    began = time.monotonic()
    home.do("rollback", "--model", MODEL)
    seconds = time.monotonic() - began
    wanted, figures = look(home), dict[str, float]()
    for number, moment in enumerate(spread(chance, kills, seconds)):
        home.put_back(HALF)
        process = home.start("rollback", "--model", MODEL)
        noted = Moment("noted", chance.uniform(0, 1.0), (home.work / "retrain" / "rollback.json").exists)
        wait_for(noted if number % 2 else Moment("anywhere", moment), process)
        killed = kill(process, group=number % 4 < 2)
        orphans = left_over(home.place)
        # Killed after all was done it would be done twice, as if it had been called twice: nobody can tell.
        over = not (home.work / "retrain" / "rollback.json").exists() and look(home).versions == wanted.versions
        failed = 0 if over else finished(home.start("rollback", "--model", MODEL))
        found = look(home)
        told = {
            "kills": int(killed),
            "failed": int(failed != 0),
            "lost_or_double": int(found.versions != wanted.versions),
            "other_served": int(found.served != wanted.served),
            "left_behind": int(found.left != wanted.left),
            "orphans": orphans,
        }
        print(f"rollback {number + 1:2d} {moment:5.1f} s", told, found.told(wanted)[:1500], flush=True)
        figures = {f"rollback_{name}": figures.get(f"rollback_{name}", 0.0) + value for name, value in told.items()}
    return figures


def _carts(output: Path) -> pd.DataFrame:
    """The carts of a list in one order; of the parts that are there where it is in parts."""
    files = sorted(output.glob("part-*.parquet")) if output.is_dir() else []
    frame = pd.concat(map(pd.read_parquet, files)) if output.is_dir() else pd.read_csv(output)
    return frame.sort_values("session_id").reset_index(drop=True)


def _files(home: Home) -> set[str]:
    return {path.relative_to(home.place).as_posix() for path in home.place.rglob("*") if path.is_file()}
