"""`score`: the rescue list."""

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from data.errors import InputError
from pipeline.config import PipelineConfig
from pipeline.progress import Progress
from pipeline.quiet import quiet
from pipeline.retraining.serving_set import served_folder
from pipeline.runner import need_abandonment, read_config

if TYPE_CHECKING:
    from models.nudging.list_total import ListTotal

FORMS = (".csv", ".parquet")

NOTES = 5
"""Notes printed of a list in parts; `score.json` has those of each part."""


def score_command(
    source: Path, output: Path, workdir: Path, reasons: bool = True, items: bool = True, as_json: bool = False
) -> None:
    """Score a fresh log with the models in a work folder and write the list."""
    _check_output(output)
    served = served_folder(workdir)
    config = read_config(served)
    need_abandonment(config, workdir)
    with Progress() as progress:
        progress.started("score")
        if output.suffix in FORMS:
            total, notes = _one_list(config, served, source, output, reasons, items)
        else:
            with quiet():
                from pipeline.rescue_parts import write_parts
            parts = write_parts(config, served, source, output, reasons, items, progress.detail)
            total, notes = parts.total, _few(parts.notes)
    if as_json:
        sys.stdout.write(json.dumps({**asdict(total), "interval": total.interval, "notes": list(notes)}) + "\n")
        return
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for note in notes:
        console.print(note)
    for line in told(total, output):
        console.print(line)


def told(total: "ListTotal", output: Path) -> tuple[str, str]:
    """The list as a whole, in words."""
    low, high = total.interval
    response = "" if any(total.response_errors) else ", the response to a nudge in `[costs]` taken as exact"
    return (
        f"{total.carts:,} open carts in {output}; a nudge pays for {total.nudges:,} of them, which cost "
        f"{total.cost:,.2f} and are expected to bring {total.profit:,.2f} more than that.",
        f"The profit lies between {low:,.2f} and {high:,.2f} 95 times in 100. Luck moves it by {total.luck:,.2f} (one "
        f"standard deviation), and what is known of the risks and of the response by {total.error:,.2f}{response}.",
    )


def _one_list(
    config: PipelineConfig, workdir: Path, source: Path, output: Path, reasons: bool, items: bool
) -> tuple["ListTotal", Sequence[str]]:
    with quiet():
        from pipeline.rescue import rescue_list, write_rescue
    with tempfile.TemporaryDirectory() as scratch:
        rescue = rescue_list(config, workdir, source, Path(scratch), reasons, items)
    write_rescue(rescue.carts, output)
    return rescue.total, rescue.notes


def _few(notes: Sequence[str]) -> Sequence[str]:
    rest = len(notes) - NOTES
    return notes if rest <= 0 else [*notes[:NOTES], f"… and {rest:,} more notes in score.json."]


def _check_output(path: Path) -> None:
    if path.suffix and path.suffix not in FORMS and not path.is_dir():
        raise InputError(f"`--output` should end in .csv or .parquet, or be a folder for parts. Received: {path}")
    if not path.parent.is_dir():
        raise InputError(f"`--output` should lie in an existing folder. Received: {path}")
