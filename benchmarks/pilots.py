"""How much too much a rescue list made by a pilot states, with and without the realization (`models/realization.py`).

    python -m benchmarks.pilots [--quick] [--workdir D]

A demo run is made (or the one in D is taken) and asked about fresh carts. Their outcomes, who of their visitors is
nudged and what follows are drawn anew for each of 120 pilots (30 with `--quick`, for which the targets are too strict);
each makes a list of the same carts, whose expected profit the simulator knows. Excess: stated less true, for 1,000
carts, on average, and in its standard errors. Coverage: share of the pilots whose 95% interval holds the truth.
"""

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import Target, demo_run, finish
from benchmarks.simulate import SMALL
from models.config import CostConfig
from models.realization import measured
from pipeline.commands.simulate import PILOT_SESSIONS
from pipeline.runner import read_config
from pipeline.simulating.arms import nudge_gain
from pipeline.simulating.judged import Judged
from pipeline.simulating.judging import Judge
from pipeline.simulating.piloting import Piloted, run_pilot

WAYS = ("plain", "realized")
"""The list that takes what was measured at its word, and the one that counts on what comes in."""

TARGETS = (
    Target("plain_excess_in_errors", ">=", 3.0),
    Target("realized_excess_in_errors", "<=", 2.0),
    Target("realized_coverage", ">=", 0.9),
)


def stated_and_true(carts: Judged, believed: CostConfig, piloted: Piloted) -> list[float]:
    """For 1,000 carts what the list of each way states, half its 95% interval, and what is true."""
    sure, found = replace(piloted, realization=(1.0, 1.0, 1.0)), []
    for one in (sure, piloted):
        costs = measured(believed, one.pilot, one.realization[0])
        gain = nudge_gain(carts, costs)
        true = (carts.p_abandon - carts.p_if_nudged) * costs.margin * carts.value - costs.nudge_cost
        sums = (gain[gain > 0].sum(), one.half(carts, gain, costs), true[gain > 0].sum())
        found += [1000.0 * float(value) / len(carts) for value in sums]
    return found


def endless(carts: Judged, costs: CostConfig) -> float:
    """Share that comes in of what the run's own settings promise, by the simulator's truth."""
    sale, share = costs.margin * carts.value, costs.realization
    promised = (nudge_gain(carts, costs) + costs.nudge_cost) / share
    nudged = share * promised > costs.nudge_cost
    return float(((carts.p_abandon - carts.p_if_nudged) * sale)[nudged].sum() / promised[nudged].sum())


def figures_of(carts: Judged, costs: CostConfig, pilots: int) -> dict[str, float]:
    """All figures."""
    rows = []
    for seed in range(pilots):
        left = np.random.default_rng([seed, 9]).random(len(carts)) < carts.p_abandon
        drawn = replace(carts, abandoned=left)
        rows.append(stated_and_true(carts, costs, run_pilot(drawn, costs, seed)))
        print(f"\r{seed + 1} of {pilots} pilots", end="", file=sys.stderr)
    figures = {"carts": float(len(carts)), "pilots": float(pilots), "endless_realization": endless(carts, costs)}
    for way, (stated, half, true) in zip(WAYS, np.array(rows).T.reshape(2, 3, -1), strict=True):
        over = stated - true
        figures |= {
            f"{way}_stated": stated.mean(),
            f"{way}_true": true.mean(),
            f"{way}_excess": over.mean(),
            f"{way}_excess_in_errors": over.mean() / over.std() * pilots**0.5,
            f"{way}_root_mean_square": float(np.sqrt((over**2).mean())),
            f"{way}_coverage": float((np.abs(over) <= half).mean()),
        }
    return {name: float(value) for name, value in figures.items()}


def fresh(workdir: Path) -> tuple[Judged, Any]:
    """The carts of a pilot, and the run's configuration."""
    config = read_config(workdir)
    judge = Judge(config, workdir, 1, lambda _: None)
    return judge(range(max(1, PILOT_SESSIONS // config.demo.sessions)), items=False), config


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer pilots")
    parser.add_argument("--workdir", type=Path, help="a demo run to take")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        carts, config = fresh(arguments.workdir or demo_run(Path(folder), SMALL))
    figures = figures_of(carts, config.costs, 30 if arguments.quick else 120)
    for name, value in figures.items():
        print(f"{name:34s} {value:12.4g}")
    finish("pilots", figures, TARGETS)


if __name__ == "__main__":
    main()
