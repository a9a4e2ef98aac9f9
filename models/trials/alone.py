"""Running the trials of a search in the leader's own process."""

import time
import uuid
from collections.abc import Callable
from pathlib import Path

from models.trials.running import run, take
from models.trials.trial import Task, TaskAddress

PAUSE = 0.1  # seconds between two looks at trials that others run


class Alone:
    """The one worker of this machine, where it is the leader itself."""

    def __init__(self, folder: Path, address: TaskAddress) -> None:
        """Work for the search in `folder`; the task is opened for the first trial."""
        self._folder, self._address = folder, address
        self._name = uuid.uuid4().hex
        self._task: Task | None = None

    def work(self, wanted: int, heard: Callable[[], None]) -> None:
        """Run one trial, if any is wanted and free; else wait a moment.

        Args:
            wanted: how many trials have no record.
            heard: is called after every epoch; what it raises stops the trial, which goes on another time.
        """
        if wanted:
            task = self._task = self._task or self._address.open()
            try:
                if take(self._folder, self._name, lambda trial: run(trial, task, lambda: _through(heard))):
                    return
            except _PassingError as error:
                raise error.cause from None
        time.sleep(PAUSE)

    def fate(self, name: str) -> str | None:  # noqa: ARG002
        """Nothing: it lives as long as the leader."""
        return None

    def end(self) -> None:
        """Nothing is left to end."""


class _PassingError(BaseException):
    """An error on its way through a task that it does not concern."""

    def __init__(self, cause: Exception) -> None:
        super().__init__()
        self.cause = cause


def _through(heard: Callable[[], None]) -> None:
    try:
        heard()
    except Exception as error:
        raise _PassingError(error) from error
