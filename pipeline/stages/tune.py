"""Random search over the abandonment model; the validation examples choose."""

import json
from collections.abc import Mapping
from typing import Any

from data.examples import read_examples
from models.tuning import search
from pipeline.config import as_table
from pipeline.stage import ABANDONMENT_OFF, Context, NotApplicable
from pipeline.tracking import TrialRun


class _Listener:
    """Says on the screen and in MLflow what the search is doing."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._runs: dict[str, TrialRun] = {}

    def trial_started(self, trial: str, values: Mapping[str, Any]) -> None:
        if self._context.tracker.enabled:
            self._runs[trial] = self._context.tracker.log_trial(trial, values)

    def epoch_ended(self, trial: str, epoch: int, metrics: Mapping[str, float]) -> None:
        self._context.progress.detail(f"trial {trial}, epoch {epoch + 1}, validation AUC {metrics['val_auc']:.4f}")
        if trial in self._runs:
            self._runs[trial].epoch(epoch, metrics)

    def trial_ended(self, trial: str, metrics: Mapping[str, float], seconds: float, error: str | None) -> None:
        if trial in self._runs:
            self._runs[trial].end(metrics, seconds, error)


def run(context: Context) -> None:
    """Write `trials.json` and `best.json`, the abandonment model's configuration to train."""
    config = context.config
    if not config.abandonment.enabled:
        raise NotApplicable(ABANDONMENT_OFF)
    best, trials = config.abandonment, []
    if config.tune.trials:
        train, validation = (read_examples(context.input("split"), side) for side in ("train", "validation"))
        result = search(
            train, validation, config.abandonment, config.tune, config.seed, context.scratch, _Listener(context)
        )
        # How long a trial took is logged with it; here it would make every run's bytes differ.
        best, trials = result.best, [{k: v for k, v in trial.items() if k != "seconds"} for trial in result.trials]
    (context.out / "trials.json").write_text(json.dumps(trials, indent=1) + "\n")
    (context.out / "best.json").write_text(json.dumps(as_table(best), indent=1) + "\n")
