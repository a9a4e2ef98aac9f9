"""What the leader of a search says to all who look into its folder: the task, and the trials to run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from data.errors import InputError
from models.trials.folder import read_json, write_json
from models.trials.trial import TaskAddress

NOTICE = "search.json"
LOCK = "lock"
JOINED = "joined"  # begins the name of a worker that the leader has not started
PATIENCE = 5.0  # seconds; a worker that looks whether there is a leader holds the lock for a moment


@dataclass(frozen=True)
class Notice:
    """What is to be done."""

    task: TaskAddress
    trials: Sequence[str]
    """Names in the order in which they are to be taken."""


@contextmanager
def leading(folder: Path) -> Iterator[None]:
    """Be the one leader of the folder, made where it is missing, until the block or the process ends.

    Raises:
        InputError: another process is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=PATIENCE)
    except Timeout:
        raise InputError(f"{folder} is in use by another search. Wait for it, stop it, or choose another.") from None
    try:
        yield
    finally:
        lock.release()


def is_led(folder: Path) -> bool:
    """Whether a search is running in the folder."""
    if not (folder / NOTICE).exists():
        return False
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def post(folder: Path, notice: Notice) -> None:
    """Say what is to be done from now on."""
    write_json(folder / NOTICE, asdict(notice))


def read_notice(folder: Path) -> Notice:
    """What is to be done."""
    told = read_json(folder / NOTICE)
    return Notice(TaskAddress(**told["task"]), told["trials"])
