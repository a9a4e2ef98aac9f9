"""How much too much a rescue list made by a pilot states, with and without `models/nudging/realization.py`.

    python -m benchmarks.pilots [--quick] [--workdir D]

A demo run is made (or the one in D is taken) and asked about fresh carts. Their outcomes, who of their visitors is
nudged and what follows are drawn anew for each of 120 pilots (30 with `--quick`, for which the targets are too strict);
each makes a list of the same carts, whose expected profit the simulator knows. Excess: stated less true, for 1,000
carts, on average, and in its standard errors. Coverage: share of the pilots whose 95% interval holds the truth.

By costs: what the run's own `[costs]` state. Endless: what a pilot without end would measure beside the run's model;
for the one of `make run`, this is what the demo preset's `[costs]` have.
"""

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.harness import Target, demo_run, finish
from models.config import CostConfig
from models.nudging.pilot import CLIP, Z, shift_of
from models.nudging.realization import share_that_comes_in
from pipeline.commands.simulate import PILOT_SESSIONS
from pipeline.config import PipelineConfig
from pipeline.risk_error import risk_error
from pipeline.runner import read_config
from pipeline.simulating.arms import nudge_gain, total_of
from pipeline.simulating.judged import Judged
from pipeline.simulating.judging import Judge
from pipeline.simulating.piloting import Piloted, run_pilot

ENDLESS = 1_200_000
"""Sessions of the pilot that stands for one without end."""

WAYS = ("plain", "realized")
"""The list that takes what was measured at its word, and the one that counts on what comes in."""

TARGETS = (
    Target("plain_excess_in_errors", ">=", 3.0),
    Target("realized_excess_in_errors", "<=", 2.0),
    Target("realized_coverage", ">=", 0.9),
    Target("by_costs_off_in_halves", "<=", 1.0),
)


def stated_and_true(carts: Judged, costs: CostConfig, risk_error: float = 0.0) -> list[float]:
    """For 1,000 carts what the list by some costs states, half its 95% interval, and what is true."""
    total, pays = total_of(carts, costs, risk_error), nudge_gain(carts, costs) > 0
    true = (carts.p_abandon - carts.p_if_nudged) * costs.margin * carts.value - costs.nudge_cost
    return [1000.0 * float(value) / len(carts) for value in (total.profit, Z * total.error, true[pays].sum())]


def by_pilot(carts: Judged, believed: CostConfig, piloted: Piloted) -> list[float]:
    """`stated_and_true` of the list of each way."""
    sure = replace(piloted, realization=(1.0, 1.0, 1.0))
    return [figure for one in (sure, piloted) for figure in stated_and_true(carts, one.costs(believed))]


def endless(carts: Judged, costs: CostConfig) -> CostConfig:
    """The costs that a pilot without end would measure beside this very model, by the simulator's truth."""
    kept, expected = carts.p_abandon - carts.p_if_nudged, np.clip(carts.probability, CLIP, 1.0 - CLIP)
    parts = [carts.segment == number for number in range(len(costs.segments))]
    shifts = [shift_of(expected[rows], kept[rows], carts.visitors[rows]).shift for rows in parts]
    segments = tuple(one.model_copy(update={"shift": shift}) for one, shift in zip(costs.segments, shifts, strict=True))
    rate = float(kept.sum() / carts.p_abandon.sum())
    found = costs.model_copy(update={"rescue_rate": rate, "segments": segments, "realization": 1.0})
    sale, promised = costs.margin * carts.value, nudge_gain(carts, found) + costs.nudge_cost
    comes_in, _, _ = share_that_comes_in(promised, kept * sale, carts.visitors, costs.nudge_cost)
    return found.model_copy(update={"realization": comes_in})


def figures_of(carts: Judged, costs: CostConfig, pilots: int) -> dict[str, float]:
    """All figures."""
    rows = []
    for seed in range(pilots):
        left = np.random.default_rng([seed, 9]).random(len(carts)) < carts.p_abandon
        drawn = replace(carts, abandoned=left)
        rows.append(by_pilot(carts, costs, run_pilot(drawn, costs, seed)))
        print(f"\r{seed + 1} of {pilots} pilots", end="", file=sys.stderr)
    figures = {"carts": float(len(carts)), "pilots": float(pilots)}
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


def fresh(config: PipelineConfig, workdir: Path, sessions: int, seed: int) -> Judged:
    """Carts of other visitors, with what a run's model says of them."""
    judge = Judge(config, workdir, seed, lambda _: None)
    return judge(range(max(1, sessions // config.demo.sessions)), items=False)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer pilots")
    parser.add_argument("--workdir", type=Path, help="a demo run to take")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workdir = arguments.workdir or demo_run(Path(folder), ())
        config = read_config(workdir)
        many, carts = (fresh(config, workdir, n, seed) for n, seed in ((ENDLESS, 0), (PILOT_SESSIONS, 1)))
        told = stated_and_true(many, config.costs, risk_error(workdir))
    without_end = endless(many, config.costs)
    figures = {
        **dict(zip(("by_costs_stated", "by_costs_half", "by_costs_true"), told, strict=True)),
        "by_costs_off_in_halves": abs(told[0] - told[2]) / told[1],
        "endless_carts": float(len(many)),
        "endless_rescue_rate": without_end.rescue_rate,
        "endless_realization": without_end.realization,
        **{f"endless_shift_{number}": one.shift for number, one in enumerate(without_end.segments, start=1)},
        **figures_of(carts, config.costs, 30 if arguments.quick else 120),
    }
    for name, value in figures.items():
        print(f"{name:34s} {value:12.4g}")
    finish("pilots", figures, TARGETS)


if __name__ == "__main__":
    main()
