"""Says on the screen and in MLflow what trials are doing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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


def trial_label(trial: str, _: Mapping[str, Any]) -> Label:
    """A trial of a search, which stands right below the run."""
    return Label(f"trial {trial}")


class TrialRuns:
    """Listens to trials; each gets a run of its own, which is taken up again after a kill."""

    def __init__(
        self, tracker: Tracker, progress: Progress, label: Callable[[str, Mapping[str, Any]], Label], total: int = 0
    ) -> None:
        """Listen; `label` names a trial by its name and settings, `total` is how many are expected, 0 if unknown."""
        self._tracker, self._progress, self._label, self._total = tracker, progress, label, total
        self.seconds: dict[str, float] = {}
        """What each trial took, which its row does not say."""
        self._runs: dict[str, NestedRun] = {}
        self._ended = 0

    def trial_started(self, trial: str, settings: Mapping[str, Any]) -> None:
        """Open its run."""
        self._tracker.attempt(lambda: self._open(trial, settings))

    def epoch_ended(self, trial: str, epoch: int, metrics: Mapping[str, float]) -> None:
        """Show and log an epoch."""
        told = ", ".join(f"{name} {value:.4f}" for name, value in metrics.items() if name.startswith("val_"))
        done = f"{self._ended} of {self._total} done; " if self._total else ""
        self._progress.detail(f"{done}trial {trial}, epoch {epoch + 1}, {told}")
        if trial in self._runs:
            self._tracker.attempt(lambda: self._runs[trial].epoch(epoch, metrics))

    def trial_ended(self, trial: str, metrics: Mapping[str, float], seconds: float, error: str | None) -> None:
        """Close its run; its best epoch, by which the search chooses, is told under names of its own."""
        self._ended += 1
        self.seconds[trial] = seconds
        if error:
            self._progress.note(f"Trial {trial} failed: {error}")
        if trial in self._runs:
            self._tracker.attempt(lambda: self._end(trial, {**_best(metrics), "seconds": seconds}, error))

    def catch_up(self, rows: Sequence[Mapping[str, Any]], seconds: Mapping[str, float] | None = None) -> None:
        """Send every trial that was not told to its end, and mark those that the search chose.

        Args:
            rows: what `record_row` gives for each trial, with `chosen` where a search chose.
            seconds: what trials took that were not listened to here.
        """
        took = {**(seconds or {}), **self.seconds}
        nested = self._tracker.nested
        for row in rows:
            if row["trial"] not in nested.ended:
                self._open(row["trial"], row["values"])
                for epoch, values in enumerate(zip(*row["history"].values(), strict=True)):
                    self._runs[row["trial"]].epoch(epoch, dict(zip(row["history"], values, strict=True)))
                time = {"seconds": took[row["trial"]]} if row["trial"] in took else {}
                self._end(row["trial"], {**_best(row["metrics"]), **time}, row["error"])
            if row.get("chosen"):
                nested.mark(row["trial"], CHOSEN, "yes")

    def _open(self, trial: str, settings: Mapping[str, Any]) -> None:
        label = self._label(trial, settings)
        self._runs[trial] = self._tracker.nested.open(trial, label.title, label.kind, settings, label.parent)

    def _end(self, trial: str, metrics: Mapping[str, float], error: str | None) -> None:
        self._runs.pop(trial).end(metrics, error)


def _best(metrics: Mapping[str, float]) -> dict[str, float]:
    return {f"best_{name}": value for name, value in metrics.items() if name.startswith("val_")}
