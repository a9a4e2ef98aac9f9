"""Tasks that come to grief, in a module that a worker imports at once."""

import os
import subprocess
from pathlib import Path

import psutil

from models.trials.trial import Outcome, Tell, TrialSpec


class Restless:
    """Dies before every epoch, and goes on after the last when it comes back."""

    def train(self, spec: TrialSpec, folder: Path, _start: Path | None, tell: Tell) -> Outcome:
        path = folder / "epochs"
        done = int(path.read_text()) if path.exists() else -1
        if done >= 0:
            tell(done, {})
        if done == spec.epochs - 1:
            return Outcome({}, {}, done)
        path.write_text(str(done + 1))
        os._exit(1)


class Parent:
    """Starts a process that outlives it, then dies; in its next life tells whether that one still lives."""

    def train(self, _spec: TrialSpec, folder: Path, _start: Path | None, _tell: Tell) -> Outcome:
        path = folder / "child"
        if path.exists():
            child = int(path.read_text())
            lives = psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE
            return Outcome({"lives": lives}, {}, 0)
        path.write_text(str(subprocess.Popen(["sleep", "300"]).pid))
        os._exit(1)


class Fatal:
    """Cannot even be made."""

    def __init__(self) -> None:
        print("about to allocate", flush=True)  # noqa: T201
        os.kill(os.getpid(), 11)
