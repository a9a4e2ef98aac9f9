"""What a trial is: the setting to train, what came of it, and who trains it."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

Tell = Callable[[int, Mapping[str, float]], None]
"""Is told of a 0-based epoch and its metrics."""


@dataclass(frozen=True)
class TrialSpec:
    """A setting to train, and how. Every value is one that JSON gives back as it was."""

    name: str
    """Order and folder name: "0000", "0001", …"""

    settings: Mapping[str, Any]
    """What the search chose, flat, for people and the tracking server."""

    config: Mapping[str, Any]
    """The whole configuration to train."""

    seed: int
    """Of everything random in the trial."""

    epochs: int
    """Most epochs, those of `start` among them."""

    start: str | None = None
    """Name of an earlier trial whose last epoch this one goes on from."""

    share: Mapping[str, Any] = field(default_factory=dict)
    """Anything further that the task understands, such as the fold to judge on."""


@dataclass(frozen=True)
class TrialRecord:
    """What a trial came to. Two records are equal where all but the time they took is."""

    name: str
    settings: Mapping[str, Any]
    status: Literal["completed", "failed"]

    metrics: Mapping[str, float]
    """Those of the best epoch; none where it failed."""

    history: Mapping[str, list[float]]
    """Per epoch from 0, those of the trial it went on from among them; none where it failed."""

    best_epoch: int
    """0-based; -1 where it failed."""

    epochs: int
    """Epochs it trained itself."""

    seconds: float = field(compare=False)
    """Time it trained: the epochs that were kept, and what came after the last of them."""

    error: str | None
    """What went wrong where it failed."""

    extra: Mapping[str, Any]
    """What else the task tells."""


def record_row(record: TrialRecord) -> dict[str, Any]:
    """A trial as plain values, for tables. The time it took is left out: it would make every run's bytes differ."""
    return {
        "trial": record.name,
        "values": dict(record.settings),
        "metrics": dict(record.metrics),
        "history": {name: list(values) for name, values in record.history.items()},
        "epochs": record.epochs,
        "status": record.status,
        "error": record.error,
    }


@dataclass(frozen=True)
class Outcome:
    """What a task tells of a training; the fields are those of `TrialRecord`."""

    metrics: Mapping[str, float]
    history: Mapping[str, list[float]]
    best_epoch: int
    extra: Mapping[str, Any] = field(default_factory=dict)


class Task(Protocol):
    """Something that can be trained under many settings. Every worker process opens its own."""

    def train(self, spec: TrialSpec, folder: Path, start: Path | None, tell: Tell) -> Outcome:
        """Train one setting; its outcome depends on nothing but the task and `spec`.

        An error that this raises makes the trial a failed one; the others go on.

        Args:
            spec: the setting.
            folder: existing folder of the trial. The task keeps a checkpoint there after every epoch and goes on from
                it where there is one. The names in `models.trials.folder` are taken.
            start: folder of the trial that `spec.start` names, only to read; the task begins with the last checkpoint
                there where `folder` has none.
            tell: to be told of every epoch once its checkpoint is kept. To tell an epoch again does nothing, so a task
                that goes on tells the last epoch of its checkpoint first: a kill may have come between the two. One
                that was never told is taken from the outcome's history, out of turn.
        """


@dataclass(frozen=True)
class TaskAddress:
    """Where a worker process finds a task."""

    place: str
    """Its class: "package.module:Class"."""

    arguments: Mapping[str, Any]
    """Keyword arguments of the class, JSON values; paths as strings.

    With the place they name the task: a trial kept under other arguments is run anew. What the task reads from files
    is not looked at, so a digest of the data belongs among them.
    """

    def open(self) -> Task:
        """Make the task."""
        module, _, name = self.place.partition(":")
        task: Task = getattr(importlib.import_module(module), name)(**self.arguments)
        return task


class TrialListener(Protocol):
    """Is told what a search does, trial by trial; its calls may come again after a kill and do the same again."""

    def trial_started(self, trial: str, settings: Mapping[str, Any]) -> None:
        """A trial starts; one that a killed search left unfinished starts again under the same name."""

    def epoch_ended(self, trial: str, epoch: int, metrics: Mapping[str, float]) -> None:
        """A 0-based epoch ended."""

    def trial_ended(self, trial: str, metrics: Mapping[str, float], seconds: float, error: str | None) -> None:
        """A trial ended, with its best epoch's metrics or with what went wrong."""
