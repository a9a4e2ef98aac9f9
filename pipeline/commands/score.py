"""`score`: the rescue list."""

import tempfile
from pathlib import Path

from rich.console import Console

from data.errors import InputError
from pipeline.progress import Progress
from pipeline.quiet import quiet
from pipeline.runner import need_abandonment, read_config


def score_command(source: Path, output: Path, workdir: Path) -> None:
    """Score a fresh log with the models in a work folder and write the list."""
    _check_output(output)
    config = read_config(workdir)
    need_abandonment(config, workdir)
    with quiet():
        from pipeline.rescue import rescue_list, write_rescue
    with Progress() as progress, tempfile.TemporaryDirectory() as scratch:
        progress.started("score")
        rescue = rescue_list(config, workdir, source, Path(scratch))
    write_rescue(rescue.carts, output)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for note in rescue.notes:
        console.print(note)
    worth = rescue.carts.loc[rescue.carts["nudge"], "expected_nudge_value"]
    console.print(
        f"{len(rescue.carts):,} open carts in {output}; a nudge pays for {len(worth):,} of them, "
        f"{worth.sum():,.2f} in all at the costs in `[costs]`."
    )


def _check_output(path: Path) -> None:
    if path.suffix not in (".csv", ".parquet"):
        raise InputError(f"`--output` should end in .csv or .parquet. Received: {path}")
    if not path.parent.is_dir():
        raise InputError(f"`--output` should lie in an existing folder. Received: {path}")
