"""`retrain`: a challenger from what is new in the log, against the champion."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from pipeline.config import PipelineConfig, load_config
from pipeline.progress import Progress
from pipeline.retraining.flow import Outcome, retrain
from pipeline.retraining.state import HOME
from pipeline.runner import read_config

REFUSED = 3
"""Exit code where new data were refused; the champion stays as it is."""


def retrain_command(
    preset: str | None, file: Path | None, source: Path | None, settings: Sequence[str], workdir: Path, as_json: bool
) -> None:
    """Retrain once, print the decision, and exit with 3 where new data were refused."""
    config = _config(preset, file, source, settings, workdir)
    with Progress() as progress:
        outcome = retrain(config, workdir, progress, datetime.now(UTC).replace(tzinfo=None))
    if as_json:
        sys.stdout.write(json.dumps(_table(outcome), indent=1, ensure_ascii=False) + "\n")
    else:
        _print(outcome, workdir)
    if outcome.refused:
        sys.exit(REFUSED)


def _config(
    preset: str | None, file: Path | None, source: Path | None, settings: Sequence[str], workdir: Path
) -> PipelineConfig:
    """The configuration that was asked for; that of the run in the work folder where neither preset nor file is."""
    base = None if preset or file else read_config(workdir).model_dump(mode="json")
    return load_config(preset, file, settings, source, base)


def _table(outcome: Outcome) -> dict[str, object]:
    decision = "nothing new" if outcome.decision is None else outcome.decision["decision"]
    if outcome.decision is None and outcome.refused:
        decision = "refused"
    return {
        "decision": decision,
        "details": outcome.decision,
        "refused": list(outcome.refused),
        "resumed": outcome.resumed,
    }


def _print(outcome: Outcome, workdir: Path) -> None:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    decisions = [outcome.resumed, *outcome.refused, outcome.decision]
    for decision in (one for one in decisions if one is not None):
        console.print(decision["sentence"])
        for note in decision["notes"]:
            console.print(note)
        console.print(f"Report   {workdir / HOME / decision['id'] / 'report' / 'index.html'}")
        console.print(f"MLflow   run {decision['run_id']}: python -m pipeline ui")
    if outcome.resumed is not None:
        console.print("That was decided by an earlier call, which was stopped before it was done.")
    if outcome.decision is None and not outcome.refused:
        console.print("Nothing new has come; nothing else was done.")
