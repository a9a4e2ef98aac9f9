"""The files of one trial, in a folder that several processes, and machines, may look into at once.

Only the process that holds the trial writes there, except for `told`, which is the leader's own. A file that says
something appears whole or not at all, so a kill at any moment leaves nothing to mend.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from models.trials.trial import TrialRecord, TrialSpec

SPEC = "spec.json"
LOCK = "lock"
RUNNER = "runner"
EPOCHS = "epochs.jsonl"
DEATHS = "deaths.json"
RECORD = "record.json"
TOLD = "told"


class TrialFolder:
    """A trial as it stands in its folder."""

    def __init__(self, path: Path) -> None:
        """Look at a folder; it need not exist before `held`."""
        self.path = path
        self.name = path.name

    @contextmanager
    def held(self, wait: float = 0) -> Iterator[bool]:
        """Hold the trial for this process; gives whether it could be had within `wait` seconds.

        The operating system lets go of it when the process ends, however it ends.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / LOCK)
        try:
            lock.acquire(timeout=wait)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def is_free(self) -> bool:
        """Whether it is to be run: nobody has taken it or is known to have died on it, and its start is there."""
        if self.recorded or self.runner is not None:
            return False
        start = self.spec.start
        return start is None or self.beside(start).recorded

    def renew(self, key: str, spec: TrialSpec) -> None:
        """Forget all that another setting left here, and begin with `spec`. The caller holds the trial."""
        for path in self.path.iterdir():
            if path.name not in (LOCK, SPEC):  # the specification says what the rest belongs to, so it goes last
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        write_json(self.path / SPEC, {"key": key, "spec": vars(spec)})

    def holds(self, key: str) -> bool:
        """Whether what is here belongs to the setting with this key."""
        parts = [read_json(self.path / name) for name in (SPEC, RECORD)]
        return parts[0] is not None and all(part is None or part["key"] == key for part in parts)

    @property
    def spec(self) -> TrialSpec:
        """The setting."""
        return TrialSpec(**json.loads((self.path / SPEC).read_text())["spec"])

    @property
    def runner(self) -> str | None:
        """Name of the process that took the trial, or died on it."""
        try:
            return (self.path / RUNNER).read_text() or None
        except FileNotFoundError:
            return None

    @runner.setter
    def runner(self, name: str | None) -> None:
        if name is None:
            (self.path / RUNNER).unlink(missing_ok=True)
        else:
            (self.path / RUNNER).write_text(name)

    @property
    def recorded(self) -> bool:
        """Whether it has come to an end."""
        return (self.path / RECORD).exists()

    @property
    def record(self) -> TrialRecord:
        """What it came to."""
        return TrialRecord(**json.loads((self.path / RECORD).read_text())["record"])

    def end(self, record: TrialRecord) -> None:
        """Keep what it came to."""
        key = json.loads((self.path / SPEC).read_text())["key"]
        write_json(self.path / RECORD, {"key": key, "record": vars(record)})

    @property
    def told(self) -> bool:
        """Whether the listener knows that it has ended."""
        return (self.path / TOLD).exists()

    def mark_told(self) -> None:
        """Remember that the listener knows."""
        (self.path / TOLD).touch()

    def count_death(self, epochs: int) -> int:
        """Count a death of the process that ran it, with so many epochs told; how many came with no epoch between."""
        before = read_json(self.path / DEATHS)
        count = before["count"] + 1 if before and before["epochs"] == epochs else 1
        write_json(self.path / DEATHS, {"count": count, "epochs": epochs})
        return count

    def beside(self, name: str) -> "TrialFolder":
        """Another trial of the same search."""
        return TrialFolder(self.path.with_name(name))


def failed(spec: TrialSpec, error: str, epochs: int = 0, seconds: float = 0.0) -> TrialRecord:
    """The record of a trial that came to nothing."""
    return TrialRecord(spec.name, spec.settings, "failed", {}, {}, -1, epochs, seconds, error, {})


def read_json(path: Path) -> Any:
    """What a file holds; nothing where there is none."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a file that appears whole or not at all."""
    aside = path.with_name(f".{path.name}.partial")
    with aside.open("w") as file:
        json.dump(value, file, default=dict)  # a mapping that is no dict
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
