"""`run` and `plan`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from explain.wording import metric_name
from pipeline.config import load_config
from pipeline.planning import Selection, plan
from pipeline.progress import Progress
from pipeline.runner import run

ABANDONMENT = ("auc", "average_precision", "log_loss", "brier", "ece")
TITLES = {"abandonment": "abandonment model", "recommender": "recommender", "multi_task": "multi-task networks"}


def run_command(
    preset: str | None,
    file: Path | None,
    source: Path | None,
    settings: Sequence[str],
    workdir: Path,
    first: str | None,
    only: str | None,
    force: bool,
) -> None:
    """Run the pipeline and print what it came to."""
    config = load_config(preset, file, settings, source)
    with Progress() as progress:
        summary = run(config, workdir, progress, Selection(first, only, force))
    _print_summary(summary, workdir)


def plan_command(
    preset: str | None,
    file: Path | None,
    source: Path | None,
    settings: Sequence[str],
    workdir: Path,
    first: str | None,
    only: str | None,
    force: bool,
) -> None:
    """Print what `run` with the same arguments would do."""
    decisions = plan(load_config(preset, file, settings, source), workdir, Selection(first, only, force))
    table = Table("stage", "action", "because", box=None)
    for decision in decisions:
        table.add_row(decision.stage.name, decision.action, Text(decision.reason))
    Console().print(table)


def _print_summary(summary: Mapping[str, Any], workdir: Path) -> None:
    console = Console(highlight=False, soft_wrap=True)
    printers = {"abandonment": _print_abandonment, "recommender": _print_recommender, "multi_task": _print_multi_task}
    for name, print_model in printers.items():
        found = summary.get(name) or {}
        if "test" in found:
            print_model(console, found)
        elif "skipped" in found:
            console.print(Text(f"No {TITLES[name]}: {found['skipped']}"))
    report = workdir / "report" / "index.html"
    if report.exists():  # with `--only` the first stages may be all there is
        console.print(Text(f"Report   {report}"))
    console.print(Text(f"Summary  {workdir / 'summary.json'}"))
    tracked = summary["mlflow"]
    if tracked["run_id"]:
        console.print(Text(f"MLflow   run {tracked['run_id']} of {tracked['experiment']}: python -m pipeline ui"))


def _print_abandonment(console: Console, found: Mapping[str, Any]) -> None:
    table = Table("abandonment, test carts", *map(metric_name, ABANDONMENT), box=None)
    for name, row in {"Keras model": found["test"], **found["baselines"]}.items():
        table.add_row(name.replace("_", " "), *(_figure(row.get(key)) for key in ABANDONMENT))
    console.print(table)
    for warning in found.get("warnings", []):
        console.print(Text(f"! {warning}"))


def _print_recommender(console: Console, found: Mapping[str, Any]) -> None:
    metrics = list(found["test"])
    table = Table("next item, test sessions", *map(metric_name, metrics), box=None)
    for name, row in {"Keras model": found["test"], **found["baselines"]}.items():
        table.add_row(name.replace("_", " "), *(_figure(row.get(metric)) for metric in metrics))
    console.print(table)


def _print_multi_task(console: Console, found: Mapping[str, Any]) -> None:
    table = Table("multi-task, test carts", *map(metric_name, ABANDONMENT), box=None)
    for name, row in found["test"].items():
        table.add_row(name.replace("_", " "), *(_figure(row.get(key)) for key in ABANDONMENT))
    console.print(table)


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
