"""A task that trains nothing, epoch by epoch, and keeps account of what it did."""

import json
import os
import random
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data.errors import InputError
from models.trials.trial import Outcome, TaskAddress, Tell, TrialSpec

PLACE = "tests.models.trials.toy:Toy"
CHECKPOINT = "checkpoint.json"
ACCOUNT = "account.txt"


class Toy:
    """`share` says what befalls a trial: `at` the epoch, it raises, exits, or is killed."""

    def __init__(self, pause: float = 0.0, data: str = "") -> None:
        self._pause = pause
        if data == "missing":
            raise InputError("`data` should be a file. Received: missing")

    def train(self, spec: TrialSpec, folder: Path, start: Path | None, tell: Tell) -> Outcome:
        history = kept(folder) or (kept(start) if start else [])
        if kept(folder):
            tell(len(history) - 1, {"val_loss": history[-1]})  # the kill may have come before this was told
        for epoch in range(len(history), spec.epochs):
            note(folder, f"began {epoch}")
            time.sleep(self._pause)
            if epoch == spec.share.get("at"):
                befall(spec.share["what"])
            history.append(value(spec.seed, epoch, history))
            keep(folder, history)
            note(folder, f"kept {epoch}")
            tell(epoch, {"val_loss": history[-1]})
        best = min(range(len(history)), key=history.__getitem__)
        return Outcome({"val_loss": history[best]}, {"val_loss": history}, best, {"settings": len(spec.settings)})


def address(**arguments: Any) -> TaskAddress:
    return TaskAddress(PLACE, arguments)


def spec(name: str, epochs: int = 3, start: str | None = None, **share: Any) -> TrialSpec:
    settings: Mapping[str, Any] = {"rate": int(name) / 8, "rule": "adadelta"}
    return TrialSpec(name, settings, {**settings, "units": [64, 32]}, int(name), epochs, start, share)


def specs(count: int, epochs: int = 3) -> list[TrialSpec]:
    return [spec(f"{number:04d}", epochs) for number in range(count)]


def began(folder: Path) -> list[int]:
    """The epochs that were begun, as often as they were."""
    lines = (folder / ACCOUNT).read_text().splitlines() if (folder / ACCOUNT).exists() else []
    return [int(line.split()[1]) for line in lines if line.startswith("began")]


def repeated(folder: Path) -> list[str]:
    """The epochs that were begun after they had been kept."""
    done: set[str] = set()
    found = []
    for line in (folder / ACCOUNT).read_text().splitlines():
        what, epoch = line.split()
        if what == "kept":
            done.add(epoch)
        elif epoch in done:
            found.append(epoch)
    return found


def value(seed: int, epoch: int, history: list[float]) -> float:
    return sum(history[-1:]) / 2 + random.Random(1000 * seed + epoch).random()


def befall(what: str) -> None:
    if what == "raise":
        raise ArithmeticError("the loss is not finite")
    if what == "leave":
        raise SystemExit(3)
    if what == "exit":
        os._exit(3)
    os.kill(os.getpid(), signal.SIGKILL)


def kept(folder: Path) -> list[float]:
    path = folder / CHECKPOINT
    history: list[float] = json.loads(path.read_text()) if path.exists() else []
    return history


def keep(folder: Path, history: list[float]) -> None:
    aside = folder / "aside.json"
    aside.write_text(json.dumps(history))
    aside.replace(folder / CHECKPOINT)


def note(folder: Path, line: str) -> None:
    with (folder / ACCOUNT).open("a") as file:
        file.write(line + "\n")
