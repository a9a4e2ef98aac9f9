"""A listener that writes down what it is told, and a leader that can be killed: `python -m … FOLDER WORKERS COUNT`."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.trials.folder import TOLD
from models.trials.pool import Pool
from models.trials.trial import TrialRecord
from tests.models.trials.toy import address, specs

EPOCHS = 25
PAUSE = 0.01


class Log:
    def __init__(self) -> None:
        self.lines: list[tuple[Any, ...]] = []

    def trial_started(self, trial: str, settings: Mapping[str, Any]) -> None:
        self.add("started", trial, dict(settings))

    def epoch_ended(self, trial: str, epoch: int, metrics: Mapping[str, float]) -> None:
        self.add("epoch", trial, epoch, dict(metrics))

    def trial_ended(self, trial: str, metrics: Mapping[str, float], seconds: float, error: str | None) -> None:
        assert seconds >= 0
        self.add("ended", trial, dict(metrics), error)

    def add(self, *line: Any) -> None:
        self.lines.append(line)

    def of(self, trial: str) -> list[tuple[Any, ...]]:
        return [line for line in self.lines if line[1] == trial]


class FileLog(Log):
    """One that outlives the leader."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def add(self, *line: Any) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")


def told(record: TrialRecord) -> list[tuple[Any, ...]]:
    """What a listener hears of a trial that was not interrupted."""
    epochs = [("epoch", record.name, i, {"val_loss": value}) for i, value in enumerate(record.history["val_loss"])]
    ended = ("ended", record.name, dict(record.metrics), record.error)
    return [("started", record.name, dict(record.settings)), *epochs, ended]


def lead(folder: Path, workers: int, count: int) -> None:
    known = [path.parent.name for path in folder.glob(f"*/{TOLD}")]
    log = FileLog(folder / f"log-{len(list(folder.glob('log-*'))):03d}")
    log.add("known", "", sorted(known))
    with Pool(folder, address(pause=PAUSE), workers, log) as pool:
        records = pool.run(specs(count, EPOCHS))
    aside = folder / "records.aside"
    aside.write_text(json.dumps([vars(record) for record in records]))
    os.replace(aside, folder / "records.json")  # noqa: PTH105


if __name__ == "__main__":
    lead(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
