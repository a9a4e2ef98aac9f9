"""What acting on the rescue list brings in the demo shop, over several seeds of visitors, luck and pilot.

    python -m benchmarks.simulate [--quick] [--workdir D]

A demo run is made (or the one in D is taken), and `simulate` called for each seed; then once more with as many sessions
as take the plain shares of carts left of the list without items and of random nudges apart 4 times in 5, by the power
calculation of the first seeds. Apart: by how many points the 95% intervals of two arms miss one another, of the plain
shares or of their changes against no action on the same carts; below 0 they overlap. `--quick` is one seed, too few
carts for the gaps between the list without items and random nudges.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import Target, demo_run, finish
from models.nudging.ab_testing import BARE, LIST, NOBODY, PILOT, POPULAR, RANDOM, RATE, SAVED
from pipeline.commands.simulate import PILOT_SESSIONS

KEYS = {
    RANDOM: "random", RATE: "risk_by_value", SAVED: "most_saved", BARE: "no_items", POPULAR: "popular_items",
    LIST: "list", PILOT: "pilot",
}  # fmt: skip
WHOLE = 100_000
"""Sessions of the large test are so many times a whole number, rounded up."""

TARGETS = (
    Target("list_apart_from_no_action", ">=", 0.0),
    Target("list_changes_apart_from_random", ">=", 0.0),
    Target("list_shares_apart_from_random", ">=", 0.0),
    Target("no_items_changes_apart_from_random", ">=", 0.0),
    Target("no_items_shares_apart_from_random", ">=", 0.0),
    Target("stated_and_true_agree", ">=", 1.0),
    Target("stated_within_true", ">=", 1.0),
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


def inside(gain: dict[str, Any]) -> bool:
    """Whether what a list states, for itself, lies in the interval of the simulator's truth."""
    _, low, high = gain["true"]
    return bool(low <= gain["stated"][0] <= high)


def gaps(results: list[dict[str, Any]], large: dict[str, Any]) -> dict[str, float]:
    """Points between intervals: of the list the least over the seeds, of the list without items on the large test."""
    away = (-100.0 * one["differences"][NOBODY][LIST]["abandoned_share"][2] for one in results)
    figures = {"list_apart_from_no_action": min(away)}
    for of in ("changes", "shares"):
        figures[f"list_{of}_apart_from_random"] = min(100.0 * one["separation"][LIST][of] for one in results)
        figures[f"no_items_{of}_apart_from_random"] = 100.0 * large["separation"][BARE][of]
    for name in (LIST, BARE):
        figures[f"carts_for_{KEYS[name]}_shares_apart"] = mean(
            [one["separation"][name]["carts_needed"] for one in results]
        )
    return figures


def figures_of(results: list[dict[str, Any]], large: dict[str, Any]) -> dict[str, float]:
    """All figures, means over the seeds unless they say otherwise."""
    every = [*results, large]
    figures = {
        "seeds": float(len(results)),
        "carts": mean([one["carts"] for one in results]),
        "carts_of_large": float(large["carts"]),
        "nudged_share": mean([one["arms"][LIST]["nudges"] / one["carts"] for one in results]),
        **gaps(results, large),
        "pilot_over_random_per_nudge": min(per_nudge(one, PILOT) / per_nudge(one, RANDOM) for one in every),
        "stated_within_realized": mean([float(one["gain"][BARE]["agrees"]) for one in every]),
        "stated_and_true_agree": mean([float(one["gain"][BARE]["agrees_with_truth"]) for one in every]),
        "stated_within_true": mean([float(inside(one["gain"][BARE])) for one in every]),
        "pilot_stated_within_realized": mean([float(one["gain"][PILOT]["agrees"]) for one in every]),
        "pilot_stated_within_true": mean([float(one["gain"][PILOT]["agrees_with_truth"]) for one in every]),
        "rescue_rate_measured": mean([one["pilot"]["rescue_rate"][0] for one in every]),
        "realization_measured": mean([one["pilot"]["realization"][0] for one in every]),
    }
    for base in (NOBODY, RANDOM, BARE):
        needed = mean([one["ab_test"]["carts_needed"][base] for one in results])
        figures[f"carts_needed_against_{'no_action' if base == NOBODY else KEYS[base]}"] = needed
    for name, key in KEYS.items():
        changes = [one["differences"][NOBODY][name] for one in results]
        figures[f"change_points_{key}"] = mean([100.0 * row["abandoned_share"][0] for row in changes])
        figures[f"revenue_per_1000_{key}"] = mean([1000.0 * row["revenue"][0] for row in changes])
        figures[f"profit_per_1000_{key}"] = mean([1000.0 * row["profit"][0] for row in changes])
        figures[f"points_per_nudge_{key}"] = mean([per_nudge(one, name) for one in results])
    for name in (LIST, POPULAR):
        figures[f"fit_{KEYS[name]}"] = mean([one["items"]["fit"][name] for one in results])
        figures[f"items_profit_low_{KEYS[name]}"] = min(
            1000.0 * one["differences"][BARE][name]["profit"][1] for one in results
        )
    for name in (BARE, PILOT):
        for figure in ("stated", "true", "realized"):
            found = np.array([one["gain"][name][figure] for one in every])
            figures[f"{figure}_per_1000_{KEYS[name]}"] = float(1000.0 * found[:, 0].mean())
            figures[f"{figure}_half_per_1000_{KEYS[name]}"] = float(500.0 * (found[:, 2] - found[:, 1]).mean())
    return figures


def planned(results: list[dict[str, Any]]) -> int:
    """Sessions, the pilot's included, on which the plain shares of the list without items and of random come apart."""
    carts = mean([one["separation"][BARE]["carts_needed"] for one in results])
    sessions = mean([(one["sessions"] - PILOT_SESSIONS) / one["carts"] for one in results])
    return WHOLE * ceil((PILOT_SESSIONS + carts * sessions) / WHOLE)


def mean(values: list[float]) -> float:
    """Their mean."""
    return sum(values) / len(values)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one seed, fewer sessions")
    parser.add_argument("--workdir", type=Path, help="a demo run to take")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workdir = arguments.workdir or demo_run(Path(folder), ())
        sessions, seeds = (400_000, 1) if arguments.quick else (600_000, 3)
        results = [simulated(workdir, sessions, seed) for seed in range(2, seeds + 2)]
        large = results[0] if arguments.quick else simulated(workdir, planned(results), 1)
    figures = figures_of(results, large)
    for name, value in figures.items():
        print(f"{name:34s} {value:12.4g}")
    finish("simulate", figures, TARGETS)


if __name__ == "__main__":
    main()
