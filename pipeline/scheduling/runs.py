"""What became of each run: one JSON file and one log a run, so that a killed scheduler knows where it was."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from data.strict import StrictModel
from pipeline.workdir import write_whole

Ending = Literal["done", "refused", "failed", "timed out", "stopped", "cut off"]
Outcome = Literal["done", "refused", "failed", "missed", "cut off"]
PLAIN = "%Y%m%dT%H%M%SZ"


class Attempt(StrictModel):
    """One start of the command."""

    started: datetime
    pid: int | None = None
    born: float | None = None
    """When the process was made, by the system's clock: a process id alone may be somebody else's by now."""

    ended: datetime | None = None
    exit_code: int | None = None
    ending: Ending | None = None


class Run(StrictModel):
    """One time that the schedule came up."""

    due: datetime
    """In UTC: where clocks are changed, the times of two zones cannot be compared."""

    command: tuple[str, ...]
    attempts: tuple[Attempt, ...] = ()
    ended: datetime | None = None
    outcome: Outcome | None = None
    """Nothing while it is under way, or where the scheduler was stopped or killed meanwhile."""

    promoted: bool = False
    decision: str | None = None
    """What `retrain` decided and why, in a sentence."""

    untold: bool = False
    """Whether people are still to be told of it: kept with the outcome, so that no kill in between loses that."""

    told: tuple[str, ...] = ()
    """Ways by which they were told, where another one has still to."""

    @property
    def name(self) -> str:
        """When it was due in UTC, as file names have it."""
        return self.due.strftime(PLAIN)

    def count(self, ending: Ending) -> int:
        """How many attempts ended so."""
        return sum(attempt.ending == ending for attempt in self.attempts)

    @property
    def failures(self) -> int:
        """How many attempts failed, or were ended because their time was up."""
        return self.count("failed") + self.count("timed out")

    def begun(self, attempt: Attempt) -> "Run":
        """The run with one more attempt."""
        return self.model_copy(update={"attempts": (*self.attempts, attempt)})

    def latest(self, **changes: object) -> "Run":
        """The run with changes to its last attempt."""
        *before, last = self.attempts
        return self.model_copy(update={"attempts": (*before, last.model_copy(update=changes))})

    def over(self, outcome: Outcome) -> "Run":
        """The run with its outcome."""
        return self.model_copy(update={"ended": datetime.now(UTC), "outcome": outcome})


class Runs:
    """The runs of a schedule, in a folder."""

    def __init__(self, folder: Path) -> None:
        """Take those in `folder`, which may not be there yet."""
        self._records, self._logs = folder / "runs", folder / "logs"

    def log(self, run: Run) -> Path:
        """File that the output of all attempts goes to."""
        self._logs.mkdir(parents=True, exist_ok=True)
        return self._logs / f"{run.name}.log"

    def save(self, run: Run) -> None:
        """Keep the run as it is now."""
        write_whole(self._records / f"{run.name}.json", run.model_dump_json(indent=1) + "\n")

    def all(self) -> Sequence[Run]:
        """Every run that can be read, oldest first."""
        runs = []
        for path in sorted(self._records.glob("*.json")):
            with suppress(ValidationError, OSError):  # of another version; nothing hangs on it
                runs.append(Run.model_validate_json(path.read_text()))
        return runs

    def find(self, due: datetime) -> Run | None:
        """The run that was due at a time, if it is known."""
        return next((run for run in self.all() if run.due == due.astimezone(UTC)), None)

    def unfinished(self) -> Run | None:
        """The run that was under way when the scheduler ended."""
        return next((run for run in reversed(self.all()) if run.outcome is None), None)

    def forget(self, keep: int) -> None:
        """Delete all but the newest runs and logs."""
        for folder in (self._records, self._logs):
            for path in sorted(folder.glob("*.*"))[:-keep]:
                path.unlink(missing_ok=True)
