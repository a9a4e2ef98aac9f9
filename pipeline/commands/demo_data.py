"""`demo-data`: the demo shop as files."""

from pathlib import Path
from typing import Literal, cast

from rich.console import Console

from data.config import DemoConfig
from data.demo import write_demo
from data.errors import InputError


def demo_data_command(output: Path, sessions: int, seed: int, form: str) -> None:
    """Write events, catalogue and truth to a folder.

    Raises:
        InputError: an unknown form, or a folder that cannot be written.
    """
    if form not in ("parquet", "csv"):
        raise InputError(f"`--format` should be parquet or csv. Received: {form}")
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"`demo-data` should name a folder that can be written. Received: {output} ({error.strerror})."
        ) from None
    write_demo(DemoConfig(sessions=sessions, seed=seed), output, format=cast(Literal["parquet", "csv"], form))
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for path in sorted(output.iterdir()):
        console.print(f"{path}  {path.stat().st_size / 2**20:.1f} MiB")
