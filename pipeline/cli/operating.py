"""Commands that keep models and work folders up to date."""

import json
from pathlib import Path
from typing import Annotated, cast

import typer
from typer.core import TyperGroup

from pipeline.cli.options import WORK, ConfigFile, Input, Preset, Settings, Workdir

app = typer.Typer()


@app.command()
def retrain(
    preset: Preset = None,
    config: ConfigFile = None,
    input: Input = None,
    set: Settings = None,
    workdir: Workdir = WORK,
    as_json: Annotated[bool, typer.Option("--json", help="Print the decision as JSON.")] = False,
) -> None:
    """Learn from what is new in the log, and replace a model only where the new one is provably better.

    Without a preset or a config, those of the run in the work folder. Exit code 3: new data were refused.
    """
    from pipeline.commands.retrain import retrain_command

    retrain_command(preset, config, input, set or [], workdir, as_json)


@app.command()
def schedule(
    context: typer.Context,
    preset: Preset = None,
    config: ConfigFile = None,
    input: Input = None,
    set: Settings = None,
    workdir: Workdir = WORK,
    cron: Annotated[
        str | None, typer.Option(help='When: minute, hour, day, month, weekday; "0 4 * * 1" is Mondays at 04:00.')
    ] = None,
    timezone: Annotated[str | None, typer.Option(help="Time zone of it, such as Europe/Berlin.")] = None,
    command: Annotated[
        str | None, typer.Option(help='What to start: retrain, run, "score LOG -o rescue.csv", …')
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(metavar="MINUTES", help="How long one try may take before it is ended.")
    ] = None,
    times: Annotated[int | None, typer.Option("--next", min=1, help="Print this many next times instead.")] = None,
    status: Annotated[bool, typer.Option("--status", help="Print what became of the last runs instead.")] = False,
    kind: Annotated[
        str | None,
        typer.Option("--print", help="Print files for systemd, cron, kubernetes or airflow instead."),
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Folder to write these files to.")] = None,
) -> None:
    """Keep running, and start `retrain` or another command at the clock; missed and cut off runs are made up for."""
    from pipeline.commands.schedule import make_job, schedule_command

    given = {"cron": cron, "timezone": timezone, "command": command, "timeout_minutes": timeout}
    told = {key: value for key, value in given.items() if value is not None}
    clock = [f"schedule.{key}={json.dumps(value, ensure_ascii=False)}" for key, value in told.items()]
    commands = cast(TyperGroup, context.find_root().command)
    job = make_job(commands, preset, config, input, [*(set or []), *clock], workdir)
    schedule_command(job, times, status, kind, output)


@app.command("models")
def list_models(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with all tags, instead of a table.")] = False,
) -> None:
    """List the registered models: versions, aliases, what they were trained on, and how good they are."""
    from pipeline.commands.registry import models_command

    models_command(as_json)


@app.command()
def rollback(
    model: Annotated[str | None, typer.Option("--model", help="Roll back this registered model alone.")] = None,
    workdir: Workdir = WORK,
) -> None:
    """Undo the last promotion: all that it made champion is as it was before, in the registry and the work folder."""
    from pipeline.commands.registry import rollback_command

    rollback_command(model, workdir)


@app.command()
def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 5000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Open the MLflow UI over the local store."""
    from pipeline.commands.ui import ui_command

    ui_command(host, port)


@app.command()
def clean(
    days: Annotated[int, typer.Option(min=0, max=36_500, help="Delete what has no event younger than this.")],
    workdir: Workdir = WORK,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
) -> None:
    """Delete the events of visitors that a work folder keeps, once they are old; models and reports stay."""
    from pipeline.commands.clean import clean_command

    clean_command(workdir, days, dry_run)
