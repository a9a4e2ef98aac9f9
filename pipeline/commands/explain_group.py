"""`explain --where`: a group of carts, contrasted with the rest."""

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from data.errors import InputError
from data.examples import read_examples
from explain.wording import lower_first
from pipeline.config import PipelineConfig
from pipeline.progress import Progress
from pipeline.quiet import quiet
from pipeline.workdir import write_whole

if TYPE_CHECKING:
    from explain.tables import Cell, Grid

SHOWN = 10


def explain_group(where: str, output: Path | None, workdir: Path, config: PipelineConfig) -> None:
    """Print what is different in a group of test carts; with `output`, as a page with a CSV file beside it.

    Raises:
        InputError: a condition that cannot be used, that selects nothing or everything, or a model of other features.
    """
    if output is not None and output.suffix == ".csv":
        raise InputError(f"`--output` should be an HTML page; the CSV file is written beside it. Received: {output}")
    split = workdir / "split"
    test = read_examples(split, "test")
    with Progress() as progress:
        progress.started("explain")
        with quiet():
            from explain.group.contrast import explain_group, members
            from explain.group.page import group_csv, group_page, group_sentences, group_table
            from models.artifacts import load_model
        members(where, test)  # a mistake is told before anything is computed
        model = load_model(workdir / "train" / "abandonment.keras")
        group = explain_group(model, read_examples(split, "train"), test, where, config.explain, config.seed)
    console = Console(highlight=False, soft_wrap=True)
    for sentence in group_sentences(group):
        console.print(Text(f"{sentence}."))
    console.print(_table(group_table(group)))
    if output is not None:
        write_whole(output, group_page(group, f"{config.preset}, {workdir}"))
        write_whole(output.with_suffix(".csv"), group_csv(group))
        console.print(Text(f"The page: {output}; its table: {output.with_suffix('.csv')}"))


def _table(grid: "Grid") -> Table:
    table = Table(*map(lower_first, grid.head), box=None)
    for row in grid.rows[:SHOWN]:
        table.add_row(*(Text(_cell(value)) for value in row))
    return table


def _cell(value: "str | Cell") -> str:
    if isinstance(value, str):
        return value
    return f"{value.text} ({value.below})" if value.below else value.text
