"""`score`: the rescue list."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from data.errors import InputError
from pipeline.config import PipelineConfig
from pipeline.progress import Progress
from pipeline.quiet import quiet
from pipeline.runner import need_abandonment, read_config

FORMS = (".csv", ".parquet")

NOTES = 5
"""Notes printed of a list in parts; `score.json` has those of each part."""


def score_command(source: Path, output: Path, workdir: Path, reasons: bool = True, items: bool = True) -> None:
    """Score a fresh log with the models in a work folder and write the list."""
    _check_output(output)
    config = read_config(workdir)
    need_abandonment(config, workdir)
    with Progress() as progress:
        progress.started("score")
        if output.suffix in FORMS:
            carts, nudges, worth, notes = _one_list(config, workdir, source, output, reasons, items)
        else:
            with quiet():
                from pipeline.rescue_parts import write_parts
            parts = write_parts(config, workdir, source, output, reasons, items, progress.detail)
            carts, nudges, worth, notes = parts.carts, parts.nudges, parts.worth, _few(parts.notes)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for note in notes:
        console.print(note)
    console.print(
        f"{carts:,} open carts in {output}; a nudge pays for {nudges:,} of them, "
        f"{worth:,.2f} in all at the costs in `[costs]`."
    )


def _one_list(
    config: PipelineConfig, workdir: Path, source: Path, output: Path, reasons: bool, items: bool
) -> tuple[int, int, float, Sequence[str]]:
    with quiet():
        from pipeline.rescue import rescue_list, write_rescue
    with tempfile.TemporaryDirectory() as scratch:
        rescue = rescue_list(config, workdir, source, Path(scratch), reasons, items)
    write_rescue(rescue.carts, output)
    worth = rescue.carts.loc[rescue.carts["nudge"], "expected_nudge_value"]
    return len(rescue.carts), len(worth), float(worth.sum()), rescue.notes


def _few(notes: Sequence[str]) -> Sequence[str]:
    rest = len(notes) - NOTES
    return notes if rest <= 0 else [*notes[:NOTES], f"… and {rest:,} more notes in score.json."]


def _check_output(path: Path) -> None:
    if path.suffix and path.suffix not in FORMS and not path.is_dir():
        raise InputError(f"`--output` should end in .csv or .parquet, or be a folder for parts. Received: {path}")
    if not path.parent.is_dir():
        raise InputError(f"`--output` should lie in an existing folder. Received: {path}")
