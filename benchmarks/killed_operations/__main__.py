"""Whether commands that are killed at any moment end, once they are started again, as unbroken ones do.

    python -m benchmarks.killed_operations [--quick] [--only PART …] [--seed N] [--workdir FOLDER]

A small shop that drifts is run once and retrained once, unbroken. Then commands are killed (SIGKILL to the process or
to its group) and started again:

- `retrain`, three times in a row: in half of the rows first anywhere in it, else within 300 ms of one of eleven marks
  after its decision: its MLflow run, the models, their versions, the set to serve, the aliases, the links, the page
  and the end. Decision, metrics to the last digit, versions with tags and content, runs, aliases, what is
  served, the watermark and all files of the work folder should be as in the unbroken shop, and still be so after the
  next week, or after a rollback;
- `rollback`, `score` and `serve` (while it starts, answers and loads other models): the same result, no further file;
- `schedule`, with a clock of seconds: no two jobs at once, none off the record, missed ones made up for by one;
- the tracking server, while `run` and `retrain` tell it what they do; it comes back at once, after five seconds or when
  the command has ended. Every run, metric point, artifact and version should be there once.

`--quick` kills each thing once or twice. Targets: nothing lost, double, half, different or left behind.
"""

import argparse
import random
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.harness import Target, finish
from benchmarks.killed_operations import acting, retraining, scheduling, serving, tracking
from benchmarks.killed_operations.home import Home, first_run

Part = Callable[[random.Random, int], Mapping[str, float]]

KILLS = {"retrain": 24, "rollback": 8, "score": 8, "serve": 9, "schedule": 16, "tracking": 9}
QUICK = {"retrain": 3, "rollback": 2, "score": 2, "serve": 2, "schedule": 4, "tracking": 3}
COUNTED = ("kills", "weeks", "twice_again")
"""Figures that are no failures."""


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a kill or two of each")
    parser.add_argument("--only", choices=KILLS, action="append", help="what to kill; again for more")
    parser.add_argument("--seed", type=int, default=0, help="seed of the moments")
    parser.add_argument("--workdir", type=Path, help="where to keep everything; a temporary folder where not given")
    arguments = parser.parse_args()
    wanted = [name for name in KILLS if not arguments.only or name in arguments.only]
    with tempfile.TemporaryDirectory() as scratch:
        folder = (arguments.workdir or Path(scratch)).resolve()
        parts = _parts(folder, wanted)
        figures: dict[str, float] = {}
        for name in wanted:
            kills = (QUICK if arguments.quick else KILLS)[name]
            figures |= parts[name](random.Random(f"{arguments.seed} {name}"), kills)
    targets = [Target(name, "<=", 0) for name in figures if not name.endswith(COUNTED)]
    finish("killed_operations", figures, tuple(targets))


def _parts(folder: Path, wanted: list[str]) -> dict[str, Part]:
    """What kills each thing, over a shop that some of them share."""
    home = Home(folder / "shop")
    if {"retrain", "rollback", "score", "serve"} & set(wanted):
        first_run(home)
    if "rollback" in wanted and "retrain" not in wanted:
        retraining.promote_once(home)
    return {
        "retrain": lambda chance, kills: retraining.measure(home, kills, chance),
        "rollback": lambda chance, kills: acting.measure_rollback(home, kills, chance),
        "score": lambda chance, kills: acting.measure_score(home, kills, chance),
        "serve": lambda chance, kills: serving.measure(home, kills, chance),
        "schedule": lambda chance, kills: scheduling.measure(folder / "schedule", kills, chance),
        "tracking": lambda chance, kills: tracking.measure(folder / "tracking", kills, chance),
    }


if __name__ == "__main__":
    main()
