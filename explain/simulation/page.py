"""The page about a simulated A/B test of the rescue list."""

from pathlib import Path

from explain.page import write_page
from explain.simulation.figures import Result
from explain.simulation.tables import ab_table, arms_table, changes_figure, pilot_table
from explain.simulation.words import sentences, settings


def write_simulation(result: Result, folder: Path) -> Path:
    """Write `folder/index.html`, whole or not at all."""
    return write_page(
        folder, "simulation.html.j2", sentences=sentences(result), figure=changes_figure(result),
        arms=arms_table(result), pilot=pilot_table(result), ab_test=ab_table(result), result=result,
        settings=settings(result),
    )  # fmt: skip
