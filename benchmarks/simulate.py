"""What acting on the rescue list brings in the demo shop, over several seeds of visitors, luck and pilot.

    python -m benchmarks.simulate [--quick] [--workdir D]

A demo run is made (or the one in D is taken), and `simulate` called for each seed. Apart: by how many points the
intervals of two arms, each against no action on the same carts, miss one another; the least over the seeds counts, and
below 0 they overlap. `--quick` is one seed with fewer sessions, too few for the last gap between list and random.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.harness import Target, demo_run, finish
from models.ab_testing import LIST, NOBODY, PILOT, RANDOM, RATE, SAVED

SMALL = ("demo.sessions=20000", "tune.trials=2", "recommender.enabled=false", "tracking.enabled=false")
KEYS = {RANDOM: "random", RATE: "risk_by_value", SAVED: "most_saved", LIST: "list", PILOT: "pilot"}
TARGETS = (
    Target("apart_from_no_action", ">=", 0.0),
    Target("apart_from_random", ">=", 0.0),
    Target("stated_within_realized", ">=", 1.0),
    Target("pilot_over_random_per_nudge", ">=", 1.0),
    Target("pilot_stated_within_realized", ">=", 1.0),
)


def simulated(workdir: Path, sessions: int, seed: int) -> dict[str, Any]:
    """What `simulate` finds."""
    command = [sys.executable, "-m", "pipeline", "simulate", "--workdir", str(workdir), "--json"]
    command += ["--sessions", str(sessions), "--seed", str(seed)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ)
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def per_nudge(found: dict[str, Any], name: str) -> float:
    """Points of abandonment that 100 nudges to 100 carts of an arm take away."""
    change = found["differences"][NOBODY][name]["abandoned_share"][0]
    return -100.0 * float(change) * float(found["carts"]) / float(found["arms"][name]["nudges"])


def gap(found: dict[str, Any], one: str, other: str) -> float:
    """Points between the upper end of one arm's change and the lower end of the other's."""
    changes = found["differences"][NOBODY]
    low = 0.0 if other == NOBODY else changes[other]["abandoned_share"][1]
    return 100.0 * float(low - changes[one]["abandoned_share"][2])


def inside(gain: dict[str, Any]) -> bool:
    """Whether what a list states lies in the interval of the average over all luck."""
    _, low, high = gain["true"]
    return bool(low <= gain["stated"][0] <= high)


def figures_of(results: list[dict[str, Any]]) -> dict[str, float]:
    """All figures, means over the seeds unless they say otherwise."""

    def mean(values: list[float]) -> float:
        return sum(values) / len(values)

    figures = {
        "seeds": float(len(results)),
        "carts": mean([one["carts"] for one in results]),
        "nudged_share": mean([one["arms"][LIST]["nudges"] / one["carts"] for one in results]),
        "apart_from_no_action": min(gap(one, LIST, NOBODY) for one in results),
        "apart_from_random": min(gap(one, LIST, RANDOM) for one in results),
        "pilot_over_random_per_nudge": min(per_nudge(one, PILOT) / per_nudge(one, RANDOM) for one in results),
        "stated_within_realized": mean([float(one["gain"][LIST]["agrees"]) for one in results]),
        "stated_within_true": mean([float(inside(one["gain"][LIST])) for one in results]),
        "pilot_stated_within_realized": mean([float(one["gain"][PILOT]["agrees"]) for one in results]),
        "rescue_rate_measured": mean([one["pilot"]["rescue_rate"][0] for one in results]),
        "carts_needed_against_random": mean([one["ab_test"]["carts_needed"][RANDOM] for one in results]),
        "carts_needed_against_no_action": mean([one["ab_test"]["carts_needed"][NOBODY] for one in results]),
    }
    for name, key in KEYS.items():
        changes = [one["differences"][NOBODY][name] for one in results]
        figures[f"change_points_{key}"] = mean([100.0 * row["abandoned_share"][0] for row in changes])
        figures[f"profit_per_1000_{key}"] = mean([1000.0 * row["profit"][0] for row in changes])
        figures[f"points_per_nudge_{key}"] = mean([per_nudge(one, name) for one in results])
    for name, key in ((LIST, "list"), (PILOT, "pilot")):
        for figure in ("stated", "true"):
            figures[f"{figure}_per_1000_{key}"] = mean([1000.0 * one["gain"][name][figure][0] for one in results])
    return figures


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one seed, fewer sessions")
    parser.add_argument("--workdir", type=Path, help="a demo run to take")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workdir = arguments.workdir or demo_run(Path(folder), SMALL)
        sessions, seeds = (200_000, 1) if arguments.quick else (400_000, 3)
        results = [simulated(workdir, sessions, seed) for seed in range(1, seeds + 1)]
    figures = figures_of(results)
    for name, value in figures.items():
        print(f"{name:34s} {value:12.4g}")
    finish("simulate", figures, TARGETS)


if __name__ == "__main__":
    main()
