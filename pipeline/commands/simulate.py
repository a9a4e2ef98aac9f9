"""`simulate`: what acting on the rescue list brings in the demo shop."""

import json
import sys
from math import ceil
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from data.errors import InputError
from explain.simulation.page import write_simulation
from explain.simulation.tables import arms_table, pilot_table
from explain.simulation.words import sentences, settings
from explain.tables import Cell, Grid
from explain.wording import lower_first
from pipeline.config import PipelineConfig
from pipeline.progress import Progress
from pipeline.quiet import quiet
from pipeline.risk_error import risk_error
from pipeline.runner import need_abandonment, read_config
from pipeline.workdir import locked, write_whole

FOLDER = "simulate"

PILOT_SESSIONS = 200_000
"""Sessions of the pilot, or half of all where that is less: no shop pilots for ever."""


def simulate_command(workdir: Path, sessions: int, seed: int, response: float | None, as_json: bool) -> None:
    """Simulate, write `simulate/result.json` and `simulate/index.html`, and say what they mean.

    Raises:
        InputError: no finished run of the demo shop, or too few sessions.
    """
    config = read_config(workdir)
    if config.source.kind != "demo":
        raise InputError(
            f"`--workdir` should be the folder of a run of the demo shop, the only one whose response to a nudge is "
            f"known. Received: {workdir}, a run of `{config.preset}`. On your own shop nudge a random half of the "
            "carts for a while; `[costs]` takes what that shows."
        )
    need_abandonment(config, workdir)
    with locked(workdir), Progress() as progress:
        progress.started("simulate")
        result = simulate(config, workdir, sessions, response, seed, progress)
        write_whole(workdir / FOLDER / "result.json", json.dumps(result, indent=1, ensure_ascii=False) + "\n")
        page = write_simulation(result, workdir / FOLDER)
    if as_json:
        sys.stdout.write(json.dumps(result) + "\n")
        return
    console = Console(highlight=False, soft_wrap=True)
    for grid in (pilot_table(result), arms_table(result)):
        console.print(Text(f"\n{grid.caption}"))
        console.print(_table(grid))
    for line in ("", *sentences(result)):
        console.print(Text(line))
    if result["pilot"]["segments"]:
        console.print(Text(f"\nWhat the pilot measured, as settings:\n{settings(result)}"))
    console.print(Text(f"\nPage   {page}"))


def simulate(
    config: PipelineConfig, workdir: Path, sessions: int, response: float | None, seed: int, progress: Progress
) -> dict[str, Any]:
    """What `result.json` holds.

    Args:
        config: a run of the demo shop.
        workdir: its folder.
        sessions: how many to simulate, rounded up to two or more times those of the run.
        response: what showing an item does; the simulator's own assumption where None.
        seed: of everything.
        progress: where to say what is being done.

    Raises:
        InputError: there are too few carts.
    """
    with quiet():
        from data.demo.showing import ITEM_RESPONSE
        from pipeline.simulating.ab_testing import run_ab_test
        from pipeline.simulating.judging import Judge
    crowds = max(2, ceil(sessions / config.demo.sessions))
    first = min(crowds // 2, max(1, PILOT_SESSIONS // config.demo.sessions))
    judge = Judge(config, workdir, seed, progress.detail)
    pilots, carts = judge(range(first), items=False), judge(range(first, crowds), items=True)
    progress.detail("nudging")
    assumed = ITEM_RESPONSE if response is None else response
    return {
        "sessions": crowds * config.demo.sessions,
        "seed": seed,
        "costs": {"nudge_cost": config.costs.nudge_cost, "margin": config.costs.margin},
        "no_items": judge.no_items,
        **run_ab_test(pilots, carts, config.costs, assumed, seed, risk_error(workdir)),
    }


def _table(grid: Grid) -> Table:
    table = Table(*map(lower_first, grid.head), box=None)
    for row in grid.rows:
        table.add_row(*(Text(_flat(cell)) for cell in row))
    return table


def _flat(cell: str | Cell) -> str:
    return cell if isinstance(cell, str) else f"{cell.text} [{cell.below}]" if cell.below else cell.text
