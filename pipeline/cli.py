"""The command line. Nothing heavy is imported before a command needs it."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="pipeline",
    help="From a log of carts and sessions to a tracked recommender, a cart-abandonment model and a report to act on.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Preset = Annotated[
    str | None, typer.Option("--preset", "-p", help="Ready configuration; `demo` where nothing is given.")
]
ConfigFile = Annotated[Path | None, typer.Option("--config", "-c", help="Your own TOML configuration.")]
Input = Annotated[Path | None, typer.Option("--input", "-i", help="The log: a file, a folder or a glob.")]
Settings = Annotated[list[str] | None, typer.Option("--set", "-s", help="Change one setting: section.key=value.")]
Workdir = Annotated[Path, typer.Option("--workdir", "-w", help="Folder for results and work files.")]
From = Annotated[str | None, typer.Option("--from", help="Run this stage and all after it.")]
Only = Annotated[str | None, typer.Option("--only", help="Run this stage alone.")]
Force = Annotated[bool, typer.Option("--force", help="Run stages even where nothing changed.")]
WORK = Path("work")


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of a failure.")] = False,
) -> None:
    if debug:
        os.environ["PIPELINE_DEBUG"] = "1"


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
def explain(
    session: Annotated[str | None, typer.Option("--session", help="Explain this session's cart.")] = None,
    where: Annotated[
        str | None,
        typer.Option(
            "--where", help='Explain the test carts that meet a condition: "hour >= 22 and cart_value > 100".'
        ),
    ] = None,
    decision_point: Annotated[
        int | None, typer.Option(help="Its decision point k; the last one where not set.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write an HTML page as well.")] = None,
    workdir: Workdir = WORK,
) -> None:
    """Say why the model expects one cart, or a group of carts, to be left, or show where the report is."""
    from pipeline.commands.explain import explain_command

    explain_command(session, where, decision_point, output, workdir)


@app.command()
def quiz(
    answers: Annotated[
        list[Path] | None, typer.Option("--answers", help="Score this file of answers; again for more.")
    ] = None,
    workdir: Workdir = WORK,
) -> None:
    """Write a quiz that measures whether people can tell from an explanation what the model says; score answers."""
    from pipeline.commands.quiz import quiz_command

    quiz_command(answers or [], workdir)


@app.command()
def review(
    ratings: Annotated[
        list[Path] | None, typer.Option("--ratings", help="Sum up this file of ratings; again for more.")
    ] = None,
    workdir: Workdir = WORK,
) -> None:
    """Write a form in which people who know the shop rate real cases; sum up their ratings."""
    from pipeline.commands.review import review_command

    review_command(ratings or [], workdir)


@app.command()
def score(
    input: Annotated[Path, typer.Argument(help="Fresh log in the form of the run's source.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="Rescue list to write: .csv or .parquet, or a folder for parts of a list of any length.",
        ),
    ],
    workdir: Workdir = WORK,
    reasons: Annotated[bool, typer.Option(help="Say why, which takes most of the time.")] = True,
    items: Annotated[bool, typer.Option(help="Say what to show.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print what the whole list comes to as JSON.")] = False,
) -> None:
    """Write the rescue list: open carts, how likely each is lost, why, what to show, and whether a nudge pays."""
    from pipeline.commands.score import score_command

    score_command(input, output, workdir, reasons, items, as_json)


@app.command()
def simulate(
    workdir: Workdir = WORK,
    sessions: Annotated[
        int, typer.Option(min=1, help="Fresh sessions to simulate, half of them for a pilot.")
    ] = 400_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the visitors, of who is nudged and of what follows.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Say what acting on the rescue list brings in the demo shop, whose response to a nudge is known."""
    from pipeline.commands.simulate import simulate_command

    simulate_command(workdir, sessions, seed, as_json)


@app.command()
def recommend(
    items: Annotated[
        list[str] | None, typer.Argument(help="Items of a session, oldest first; none for the popular ones.")
    ] = None,
    k: Annotated[int | None, typer.Option("--k", "-k", min=1, help="Items wanted; `top_k` where not set.")] = None,
    exclude_seen: Annotated[bool, typer.Option("--exclude-seen", help="Leave out the session's own items.")] = False,
    exclude: Annotated[list[str] | None, typer.Option(help="Never show this item; again for more.")] = None,
    exclude_file: Annotated[
        Path | None, typer.Option(help="Never show the items of this text file, one id a line.")
    ] = None,
    bought: Annotated[
        list[str] | None, typer.Option(help="Leave out this item, which was bought before; again for more.")
    ] = None,
    visitor: Annotated[
        str | None, typer.Option(help="Leave out what this visitor has bought in the log of the run.")
    ] = None,
    same_category: Annotated[
        bool, typer.Option("--same-category", help="Keep to the category of the latest item that has one.")
    ] = False,
    category: Annotated[list[str] | None, typer.Option(help="Keep to this category; again for more.")] = None,
    min_price: Annotated[float | None, typer.Option(help="Lowest price, in the shop's currency.")] = None,
    max_price: Annotated[float | None, typer.Option(help="Highest price.")] = None,
    events: Annotated[
        str | None,
        typer.Option(
            metavar="KIND,KIND,…",
            help="What happened to each item: view, cart, uncart, purchase or favourite; unknown where not set.",
        ),
    ] = None,
    gaps: Annotated[
        str | None,
        typer.Option(
            metavar="SECONDS,SECONDS,…",
            help="Seconds between each item's event and the one before, 0 for the first; unknown where not set.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    workdir: Workdir = WORK,
) -> None:
    """Say which items are most likely to come next in a session."""
    from pipeline.commands.recommend import Wishes, recommend_command

    wishes = Wishes(
        k, exclude_seen, exclude or [], same_category, category or [], min_price, max_price, events, gaps,
        exclude_file, bought or [], visitor,
    )  # fmt: skip
    recommend_command(items or [], wishes, workdir, as_json)


@app.command("models")
def list_models(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with all tags, instead of a table.")] = False,
) -> None:
    """List the registered models: versions, aliases, what they were trained on, and how good they are."""
    from pipeline.commands.registry import models_command

    models_command(as_json)


@app.command()
def rollback(
    model: Annotated[
        str | None, typer.Option("--model", help="Name in the registry; not needed where there is one alone.")
    ] = None,
) -> None:
    """Make the version that was champion before the present one the champion again."""
    from pipeline.commands.registry import rollback_command

    rollback_command(model)


@app.command()
def reports(
    folder: Annotated[Path, typer.Argument(help="Folder with work folders in it, at any depth.")] = Path(),
) -> None:
    """Write an index page over the runs below a folder: their key figures, and links to their reports."""
    from pipeline.commands.reports import reports_command

    reports_command(folder)


@app.command()
def serve(
    workdir: Workdir = WORK,
    abandonment: Annotated[
        str | None, typer.Option(help="Registered model instead of the run's: models:/cart-abandonment@champion.")
    ] = None,
    recommender: Annotated[
        str | None, typer.Option(help="Registered recommender instead of the run's: models:/next-item@champion.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; any free one for 0.")] = 8080,
    reload: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="How often to look for other models.")
    ] = 30.0,
) -> None:
    """Answer over HTTP how likely carts are to be left, and what to show; other models are taken over without a gap."""
    from pipeline.commands.serve import serve_command

    serve_command(workdir, abandonment, recommender, host, port, reload)


@app.command()
def schedule(
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

    given = {"cron": cron, "timezone": timezone, "command": command}
    clock = [f"schedule.{key}={json.dumps(value, ensure_ascii=False)}" for key, value in given.items() if value]
    job = make_job(typer.main.get_group(app), preset, config, input, [*(set or []), *clock], workdir)
    schedule_command(job, times, status, kind, output)


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
    days: Annotated[int, typer.Option(min=0, help="Delete what has no event younger than this.")],
    workdir: Workdir = WORK,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
) -> None:
    """Delete the events of visitors that a work folder keeps, once they are old; models and reports stay."""
    from pipeline.commands.clean import clean_command

    clean_command(workdir, days, dry_run)


@app.command()
def doctor() -> None:
    """Say what this machine can do: Python, packages, cores, memory, GPU, tracking store."""
    from pipeline.commands.doctor import doctor_command

    doctor_command()


@app.command()
def init(
    output: Annotated[Path, typer.Argument(help="File to write.")] = Path("pipeline.toml"),
    preset: Preset = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the configuration's JSON Schema instead.")] = False,
) -> None:
    """Write a configuration to edit, with every setting explained."""
    from pipeline.commands.init import init_command

    init_command(output, preset, schema)


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


def main() -> None:
    """Run the command line; a user's mistake is one message and exit code 2, anything else says how to see more."""
    try:
        app()
    except KeyboardInterrupt:
        _fail("Stopped. What was finished is kept; the same command goes on from there.", 130)
    except Exception as error:
        from data.errors import InputError

        if os.environ.get("PIPELINE_DEBUG"):
            raise
        if isinstance(error, InputError):
            _fail(str(error), 2)
        _fail(f"{type(error).__name__}: {error}\nFor the traceback: python -m pipeline --debug …", 1)


def _fail(message: str, code: int) -> None:
    print(message, file=sys.stderr)  # noqa: T201
    sys.exit(code)
