"""Commands for a first hour: what the machine can do, a configuration to edit, a log to try."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import Preset, Settings

app = typer.Typer()


@app.command()
def doctor() -> None:
    """Say what this machine can do: Python, packages, cores, memory, GPU, tracking store."""
    from pipeline.commands.doctor import doctor_command

    doctor_command()


@app.command()
def init(
    output: Annotated[Path, typer.Argument(help="File to write.")] = Path("pipeline.toml"),
    preset: Preset = None,
    set: Settings = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the configuration's JSON Schema instead.")] = False,
) -> None:
    """Write a configuration to edit, with every setting explained."""
    from pipeline.commands.init import init_command

    init_command(output, preset, set or [], schema)


@app.command("demo-data")
def demo_data(
    output: Annotated[Path, typer.Argument(help="Folder to write to.")] = Path("demo-data"),
    sessions: Annotated[int, typer.Option(min=1, help="Sessions to simulate.")] = 20_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulator.")] = 7,
    format: Annotated[str, typer.Option(help="parquet or csv.")] = "parquet",
) -> None:
    """Write the demo shop as files: its events, its catalogue and the truth behind them."""
    from pipeline.commands.demo_data import demo_data_command

    demo_data_command(output, sessions, seed, format)
