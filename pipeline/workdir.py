"""The work folder: one writer at a time, and stage folders that appear whole or not at all."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from data.errors import InputError

MANIFEST = "stage.json"
PARTIAL = ".partial"
SCRATCH = ".scratch"


@contextmanager
def locked(workdir: Path, other: str = "another run") -> Iterator[None]:
    """Hold the work folder, made where it is missing, for this process alone.

    The operating system lets go of the lock when the process ends, however it ends.

    Args:
        workdir: the folder.
        other: who else might hold it.

    Raises:
        InputError: the folder cannot be written, or another run holds it.
    """
    try:
        workdir.mkdir(parents=True, exist_ok=True)
        lock = FileLock(workdir / ".lock")
        lock.acquire(timeout=0)
    except Timeout:
        owner = _owner(workdir)
        raise InputError(
            f"{workdir} is in use by {other}{owner}. Wait for it, stop it, or choose another `--workdir`."
        ) from None
    except OSError as error:
        raise InputError(
            f"`--workdir` should be a folder that can be written. Received: {workdir} ({error.strerror})."
        ) from None
    try:
        (workdir / ".lock.pid").write_text(f"{os.getpid()}\n")
        shutil.rmtree(workdir / PARTIAL, ignore_errors=True)
        yield
    finally:
        shutil.rmtree(workdir / PARTIAL, ignore_errors=True)
        with suppress(OSError):  # stays where a stage may take up what it had
            (workdir / SCRATCH).rmdir()
        (workdir / ".lock.pid").unlink(missing_ok=True)
        lock.release()


def is_locked(workdir: Path) -> bool:
    """Whether a process holds the folder at this moment."""
    if not (workdir / ".lock").exists():
        return False
    lock = FileLock(workdir / ".lock")
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        return True
    lock.release()
    return False


@contextmanager
def stage_folder(workdir: Path, stage: str) -> Iterator[Path]:
    """An empty folder that replaces `workdir/stage` when the block ends without an error."""
    partial = workdir / PARTIAL / stage
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    yield partial
    for path in partial.rglob("*"):
        if path.is_file():
            _sync(path)
    _sync(partial)
    final, old = workdir / stage, workdir / PARTIAL / f"{stage}.old"
    if final.exists():
        # A kill between the two renames loses the old folder, which is stale by now; the stage then runs again.
        final.rename(old)
    partial.rename(final)
    _sync(workdir)
    shutil.rmtree(old, ignore_errors=True)


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write a stage's manifest into its still partial folder."""
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")


def read_manifest(workdir: Path, stage: str) -> dict[str, Any] | None:
    """The manifest that a finished stage left, or nothing."""
    try:
        manifest: dict[str, Any] = json.loads((workdir / stage / MANIFEST).read_text())
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError):
        return None
    return manifest


def write_whole(path: Path, text: str) -> None:
    """Write a file that appears whole or not at all, and stays through a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.partial")
    aside.write_text(text)
    _sync(aside)
    aside.rename(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _owner(workdir: Path) -> str:
    try:
        return f" (process {(workdir / '.lock.pid').read_text().strip()})"
    except FileNotFoundError:
        return ""
