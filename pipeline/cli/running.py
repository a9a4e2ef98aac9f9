"""`run` and `plan`: all stages of a run."""

import typer

from pipeline.cli.options import WORK, ConfigFile, Force, From, Input, Only, Preset, Settings, Workdir

app = typer.Typer()


@app.command()
def run(
    preset: Preset = None,
    config: ConfigFile = None,
    input: Input = None,
    set: Settings = None,
    workdir: Workdir = WORK,
    first: From = None,
    only: Only = None,
    force: Force = False,
) -> None:
    """Run all stages; without arguments on the demo shop. What is already done and unchanged is skipped."""
    from pipeline.commands.run import run_command

    run_command(preset, config, input, set or [], workdir, first, only, force)


@app.command()
def plan(
    preset: Preset = None,
    config: ConfigFile = None,
    input: Input = None,
    set: Settings = None,
    workdir: Workdir = WORK,
    first: From = None,
    only: Only = None,
    force: Force = False,
) -> None:
    """Say which stages would run, which would be skipped, and why."""
    from pipeline.commands.run import plan_command

    plan_command(preset, config, input, set or [], workdir, first, only, force)
