"""The epochs of a trial, one line each: written by the process that trains it, followed by the leader."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from models.trials.folder import EPOCHS, TrialFolder


@dataclass(frozen=True)
class Epoch:
    """An epoch that ended."""

    epoch: int
    """0-based."""

    metrics: Mapping[str, float]
    """What the task told of it."""

    seconds: float
    """Time that the trial had trained by then."""


def read_epochs(trial: TrialFolder, offset: int = 0) -> tuple[list[Epoch], int]:
    """The epochs from a byte of the file on, and the byte to go on from; a line still being written is left."""
    try:
        with (trial.path / EPOCHS).open("rb") as file:
            file.seek(offset)
            whole = file.read().rpartition(b"\n")[0]
    except FileNotFoundError:
        return [], offset
    lines = whole.splitlines()
    return [Epoch(**json.loads(line)) for line in lines], offset + sum(len(line) + 1 for line in lines)


class EpochLog:
    """Keeps each epoch once, through all lives of a trial."""

    def __init__(self, trial: TrialFolder, heard: Callable[[], None]) -> None:
        """Go on after the epochs that were kept; `heard` is called after each further one."""
        self._path, self._heard = trial.path / EPOCHS, heard
        known, size = read_epochs(trial)
        if self._path.exists():
            with self._path.open("rb+") as file:
                file.truncate(size)  # a life that ended in the middle of a line
        self._epochs = {epoch.epoch for epoch in known}
        self._before = known[-1].seconds if known else 0.0
        self._start = time.perf_counter()

    @property
    def epochs(self) -> int:
        """How many were kept."""
        return len(self._epochs)

    @property
    def seconds(self) -> float:
        """Time that the trial has trained."""
        return self._before + time.perf_counter() - self._start

    def tell(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Keep an epoch, if it is new."""
        if epoch in self._epochs:
            return
        self._epochs.add(epoch)
        told = Epoch(int(epoch), {name: float(value) for name, value in metrics.items()}, self.seconds)
        with self._path.open("a") as file:
            file.write(json.dumps(asdict(told)) + "\n")
        self._heard()

    def complete(self, history: Mapping[str, list[float]], first: int) -> None:
        """Keep what is missing of a history from an epoch on: a kill can come between a checkpoint and its telling."""
        for epoch in range(first, max(map(len, history.values()), default=0)):
            self.tell(epoch, {name: values[epoch] for name, values in history.items() if epoch < len(values)})
