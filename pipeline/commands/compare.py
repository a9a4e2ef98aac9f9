"""`compare`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from data.errors import InputError
from explain.wording import metric_name
from pipeline.config import load_config
from pipeline.progress import Progress
from pipeline.quiet import quiet

KINDS = ("optimizer", "regularization", "normalization", "architecture")
MODELS = ("abandonment", "recommender")


def compare_command(
    preset: str | None,
    file: Path | None,
    source: Path | None,
    settings: Sequence[str],
    workdir: Path,
    what: str,
    model: str,
) -> None:
    """Compare alternatives and print what to use.

    Raises:
        InputError: an unknown kind or model.
    """
    for option, value, known in (("--what", what, KINDS), ("--model", model, MODELS)):
        if value not in known:
            raise InputError(f"`{option}` should be one of {', '.join(known)}. Received: {value}")
    config = load_config(preset, file, settings, source)
    with quiet():
        from explain.comparison import comparison_lines
        from pipeline.comparing import compare
    with Progress() as progress:
        result = compare(config, workdir, progress, what, model)
    console = Console(highlight=False, soft_wrap=True)
    console.print(_table(result))
    for line in comparison_lines(result):
        console.print(Text(line))
    name = what if model == "abandonment" else f"{model}-{what}"
    console.print(Text(f"Page     {workdir / 'report' / f'compare-{name}.html'}"))
    console.print(Text(f"Figures  {workdir / 'compare' / name / 'result.json'}"))
    if config.tracking.enabled:
        experiment = config.tracking.experiment or config.preset
        console.print(Text(f"MLflow   kind = alternative in {experiment}: python -m pipeline ui"))


def _table(result: Mapping[str, Any]) -> Table:
    table = Table("", metric_name(result["judged"]), "95% interval", "behind", "epochs to target", "s", box=None)
    for row in result["alternatives"]:
        if row["quality"] is None:
            table.add_row(Text(row["title"]), "failed", Text(str(row["error"])[:60]), "", "", "")
            continue
        mean, low, high = row["quality"]
        epochs = row["epochs_to_target"]
        table.add_row(
            Text(row["title"]),
            f"{mean:.4f}",
            f"{low:.4f} to {high:.4f}",
            "level" if row["level"] else f"{row['behind'][0]:.4f}",
            "–" if epochs is None else f"{epochs:.1f}",
            f"{row['seconds']:.1f}",
        )
    return table
