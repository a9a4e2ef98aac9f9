"""Commands that look for better settings and say what an action brings."""

import json
from typing import Annotated

import typer

from pipeline.cli.options import WORK, ConfigFile, Input, Preset, Settings, Workdir

app = typer.Typer()


@app.command()
def tune(
    preset: Preset = None,
    config: ConfigFile = None,
    input: Input = None,
    set: Settings = None,
    workdir: Workdir = WORK,
    method: Annotated[
        str | None,
        typer.Option(
            "--method",
            "-m",
            help="random, grid, bayesian, hyperband, random_cv, grid_cv, evolutionary or gradient.",
        ),
    ] = None,
    trials: Annotated[int | None, typer.Option(help="Settings tried.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Minutes after which no trial is started.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Most epochs of a trial.")] = None,
    workers: Annotated[
        int | None, typer.Option(help="Trials at the same time; they are the same for any number.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Search again even where nothing changed.")] = False,
) -> None:
    """Search for the best settings; the validation examples choose, the test examples stay closed."""
    from pipeline.commands.tune import tune_command

    given = {"method": method, "trials": trials, "minutes": minutes, "epochs": epochs, "workers": workers}
    settings = [f"tune.{key}={json.dumps(value)}" for key, value in given.items() if value is not None]
    tune_command(preset, config, input, [*(set or []), *settings], workdir, force)


@app.command()
def compare(
    preset: Preset = None,
    config: ConfigFile = None,
    input: Input = None,
    set: Settings = None,
    workdir: Workdir = WORK,
    what: Annotated[str, typer.Option(help="optimizer, regularization, normalization or architecture.")] = "optimizer",
    model: Annotated[str, typer.Option(help="abandonment or recommender.")] = "abandonment",
    trials: Annotated[int | None, typer.Option(help="Random settings tried for each alternative.")] = None,
    seeds: Annotated[int | None, typer.Option(help="Seeds each best setting is trained with again.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Most epochs of a training.")] = None,
    workers: Annotated[int | None, typer.Option(help="Trainings at the same time.")] = None,
    only: Annotated[list[str] | None, typer.Option(help="Compare this alternative; again for more.")] = None,
) -> None:
    """Put optimizers, or other choices, side by side under one budget, and say what to use."""
    from pipeline.commands.compare import compare_command

    given = {"trials": trials, "seeds": seeds, "epochs": epochs, "workers": workers, "only": only or None}
    settings = [f"compare.{key}={json.dumps(value)}" for key, value in given.items() if value is not None]
    compare_command(preset, config, input, [*(set or []), *settings], workdir, what, model)


@app.command()
def simulate(
    workdir: Workdir = WORK,
    sessions: Annotated[
        int, typer.Option(min=1, help="Fresh sessions to simulate, half of them but no more than 200,000 for a pilot.")
    ] = 600_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the visitors, of who is nudged and of what follows.")] = 0,
    item_response: Annotated[
        float | None,
        typer.Option(min=0.0, help="Assume that items shown that fit for sure lower the log-odds by this (0.25)."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Say what acting on the rescue list brings in the demo shop, whose response to a nudge is known."""
    from pipeline.commands.simulate import simulate_command

    simulate_command(workdir, sessions, seed, item_response, as_json)
