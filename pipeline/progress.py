"""What a run tells the person in front of it."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status


class Progress:
    """One line per stage, and below it, on a terminal, what the running stage is doing.

    Text from data is printed as it is: rich's markup is off.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False, markup=False)
        self._status: Status | None = None
        self._stage = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()

    def started(self, stage: str) -> None:
        """A stage begins."""
        self._stage = stage
        self._stop()
        if self.console.is_terminal:
            self._status = self.console.status(f"{stage} …")
            self._status.start()

    def detail(self, text: str) -> None:
        """What the stage is doing at the moment; shown on a terminal only."""
        if self._status is not None:
            self._status.update(f"{self._stage}: {text}")

    def note(self, text: str) -> None:
        """Something worth keeping on the screen."""
        self.console.print(f"  {text}", soft_wrap=True)

    def finished(self, stage: str, status: str, seconds: float, reason: str) -> None:
        """A stage has ended, was skipped or cannot apply."""
        self._stop()
        took = f"{seconds:7.1f} s" if status == "done" else " " * 9
        self.console.print(f"{stage:<11}{status:<9}{took}  {reason}", soft_wrap=True)

    def _stop(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None
