"""`tune`."""

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from data.errors import InputError
from pipeline.config import load_config
from pipeline.progress import Progress
from pipeline.quiet import quiet


def tune_command(
    preset: str | None,
    file: Path | None,
    source: Path | None,
    settings: Sequence[str],
    workdir: Path,
    force: bool,
) -> None:
    """Search, and print what was found and how to train with it.

    Raises:
        InputError: the budget is nothing, or the configuration has no model to tune.
    """
    config = load_config(preset, file, settings, source)
    if config.tune.trials == 0:
        raise InputError("`tune.trials` should be at least 1 for a search. Received: 0")
    if config.source.kind == "digits":
        with quiet():
            from pipeline.digits import tune_digits
        with Progress() as progress:
            result = tune_digits(config, workdir, progress)
        _print(result["trials"], result["best"], workdir / "digits" / "result.json")
        low, high = result["test"]["interval"]
        Console(highlight=False, soft_wrap=True).print(
            f"The best setting, trained again, tells {result['test']['accuracy']:.2%} of the test images right "
            f"(95% interval {low:.2%} to {high:.2%})."
        )
        return
    if not config.abandonment.enabled:
        raise InputError("`abandonment.enabled` should be true to tune the abandonment model. Received: false")
    from pipeline.planning import Selection
    from pipeline.runner import run

    with Progress() as progress:
        run(config, workdir, progress, Selection(only="tune" if force else None, until="tune"))
    trials = json.loads((workdir / "tune" / "trials.json").read_text())
    best = json.loads((workdir / "tune" / "best.json").read_text())
    _print(trials, best, workdir / "tune" / "best.json")
    _print_scores(json.loads((workdir / "tune" / "scores.json").read_text()), config.abandonment.early_stopping.monitor)
    given = [f"--preset {preset}" if preset else "", f"--config {shlex.quote(str(file))}" if file else ""]
    given += [f"--input {shlex.quote(str(source))}"] if source else []
    given += [f"--workdir {shlex.quote(str(workdir))}"] if workdir != Path("work") else []
    given += [f"--set {shlex.quote(setting)}" for setting in settings]
    command = " ".join(["python -m pipeline run", *filter(None, given)])
    Console(highlight=False, soft_wrap=True).print(Text(f"To train with it: {command}"))


def _print(trials: Sequence[Mapping[str, Any]], best: Mapping[str, Any], path: Path) -> None:
    console = Console(highlight=False, soft_wrap=True)
    metrics = sorted({name for trial in trials for name in trial["metrics"] if name.startswith("val_")})
    table = Table("trial", *metrics, "epochs", "", box=None)
    for trial in trials:
        told = [f"{trial['metrics'][name]:.4f}" if name in trial["metrics"] else "–" for name in metrics]
        settings = ", ".join(f"{name} {_short(value)}" for name, value in trial["values"].items())
        table.add_row(str(trial["trial"]), *told, str(trial["epochs"]), Text(trial["error"] or settings))
    console.print(table)
    console.print(Text(f"Best setting ({path}):"))
    for name, value in best.items():
        if not isinstance(value, dict | list):
            console.print(Text(f"  {name} = {_short(value)}"))


def _print_scores(scores: Sequence[Mapping[str, Any]], monitor: str) -> None:
    """With cross-validation: the settings, best first, by their mean over the folds."""
    if not scores:
        return
    table = Table("rank", monitor, "deviation", "over the folds", "", box=None)
    for row in sorted(scores, key=lambda row: int(row["rank"])):
        folds = ", ".join("failed" if value is None else f"{value:.4f}" for value in row["folds"])
        mean, deviation = ("–" if row[key] is None else f"{row[key]:.4f}" for key in ("mean", "std"))
        settings = ", ".join(f"{name} {_short(value)}" for name, value in row["settings"].items())
        table.add_row(str(row["rank"]), mean, deviation, folds, Text(settings))
    Console(highlight=False, soft_wrap=True).print(table)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
