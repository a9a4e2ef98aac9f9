"""Temporary files of a command in one folder, which the next command removes where this one is killed."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "retail-pipeline-"
LOCK = ".lock"


@contextmanager
def temporary_files() -> Iterator[None]:
    """Let temporary files go into a folder of their own while the block lasts, those of libraries too.

    A server that is killed again and again while it loads would fill the disk with copies of its history otherwise.
    Child processes have theirs where they always do. Where no folder can be made, all goes on as it would without.
    """
    before, folder = tempfile.tempdir, None
    with suppress(OSError):
        place = Path(tempfile.gettempdir())
        _remove_left_over(place)
        folder, lock = _own(place)
        tempfile.tempdir = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _own(place: Path) -> tuple[Path, int]:
    """A new folder that this process holds until it ends, and the descriptor that holds it."""
    made = Path(tempfile.mkdtemp(dir=place))
    lock = os.open(made / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    # Only now: what has this name and is not held is nobody's.
    return made.rename(place / f"{PREFIX}{made.name}"), lock


def _remove_left_over(place: Path) -> None:
    for folder in place.glob(f"{PREFIX}*"):
        with suppress(OSError):  # somebody else's, or gone
            lock = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
