"""Says on the screen and in MLflow what trials are doing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.trials.trial import TrialRecord
from pipeline.progress import Progress
from pipeline.tracking import NestedRun, Tracker

CHOSEN = "chosen"
"""Tag of the trials that a search chose, to find them by."""


@dataclass(frozen=True)
class Label:
    """How a trial is told in MLflow."""

    title: str
    kind: str = "trial"
    parent: str | None = None
    """Id of the run it stands below; the run's own where not given."""


class TrialRuns:
    """Listens to trials; each gets a run of its own, which is taken up again after a kill."""

    def __init__(
        self, tracker: Tracker, progress: Progress, label: Callable[[str, Mapping[str, Any]], Label], total: int = 0
    ) -> None:
        """Listen; `label` names a trial by its name and settings, `total` is how many are expected, 0 if unknown."""
        self._tracker, self._progress, self._label, self._total = tracker, progress, label, total
        self._runs: dict[str, NestedRun] = {}
        self._ended = 0

    def trial_started(self, trial: str, settings: Mapping[str, Any]) -> None:
        """Open its run."""
        if self._tracker.enabled:
            label = self._label(trial, settings)
            self._runs[trial] = self._tracker.nested.open(trial, label.title, label.kind, settings, label.parent)

    def epoch_ended(self, trial: str, epoch: int, metrics: Mapping[str, float]) -> None:
        """Show and log an epoch."""
        told = ", ".join(f"{name} {value:.4f}" for name, value in metrics.items() if name.startswith("val_"))
        done = f"{self._ended} of {self._total} done; " if self._total else ""
        self._progress.detail(f"{done}trial {trial}, epoch {epoch + 1}, {told}")
        if trial in self._runs:
            self._runs[trial].epoch(epoch, metrics)

    def trial_ended(self, trial: str, metrics: Mapping[str, float], seconds: float, error: str | None) -> None:
        """Close its run; its best epoch, by which the search chooses, is told under names of its own."""
        self._ended += 1
        if error:
            self._progress.note(f"Trial {trial} failed: {error}")
        if trial in self._runs:
            best = {f"best_{name}": value for name, value in metrics.items()}
            self._runs.pop(trial).end({**best, "seconds": seconds}, error)

    def chose(self, settings: Mapping[str, Any], records: Sequence[TrialRecord]) -> None:
        """Mark the trials of the settings that a search chose."""
        if self._tracker.enabled:
            for record in records:
                if record.settings == settings:
                    self._tracker.nested.mark(record.name, CHOSEN, "yes")
