import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from models.trials.folder import DEATHS, TrialFolder
from models.trials.notice import JOINED
from models.trials.pool import Pool
from tests.conftest import ROOT
from tests.models.trials.listening import Log
from tests.models.trials.processes import until
from tests.models.trials.toy import address, specs


def command(*arguments: str) -> "subprocess.Popen[str]":
    line = [sys.executable, "-m", "models.trials.worker", *arguments]
    return subprocess.Popen(line, cwd=ROOT, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("searched", [False, True])
def test_there_has_to_be_a_search_to_join(tmp_path: Path, searched: bool) -> None:
    if searched:
        with Pool(tmp_path, address(), 1, Log()) as pool:
            pool.run(specs(1))
    worker = command(str(tmp_path), "--join")
    assert worker.communicate(timeout=30)[1] == f"FOLDER should be where a search is running. Received: {tmp_path}\n"
    assert worker.returncode == 1


def test_a_worker_needs_a_leader_or_the_wish_to_join(tmp_path: Path) -> None:
    worker = command(str(tmp_path))
    assert "--join" in worker.communicate(timeout=30)[1]
    assert worker.returncode == 2


class Patient(Log):
    """Goes on once another worker has joined, which then ends as told."""

    def __init__(self, folder: Path, end: signal.Signals | None) -> None:
        super().__init__()
        self._folder, self._end = folder, end
        self.worker: subprocess.Popen[str] | None = None

    def epoch_ended(self, trial: str, epoch: int, metrics: Mapping[str, float]) -> None:
        super().epoch_ended(trial, epoch, metrics)
        if self.worker is None:
            self.worker = command(str(self._folder), "--join")
            until(lambda: joined(self._folder))
            if self._end:
                self.worker.send_signal(self._end)


@pytest.mark.parametrize("end", [None, signal.SIGINT, signal.SIGKILL])
def test_a_worker_may_join_and_leave(tmp_path: Path, end: signal.Signals | None) -> None:
    with Pool(tmp_path / "alone", address(), 1, Log()) as pool:
        expected = pool.run(specs(6, 10))
    folder = tmp_path / "together"
    log = Patient(folder, end)
    with Pool(folder, address(pause=0.02), 1, log) as pool:
        assert pool.run(specs(6, 10)) == expected
    assert log.worker
    assert log.worker.communicate(timeout=30)[1] == ""
    assert log.worker.returncode == {None: 0, signal.SIGINT: 130, signal.SIGKILL: -9}[end]
    assert sorted(line[1] for line in log.lines if line[0] == "ended") == [record.name for record in expected]
    assert len(list(folder.glob(f"*/{DEATHS}"))) == (end == signal.SIGKILL)


def joined(folder: Path) -> bool:
    """Whether a worker that has joined is running a trial."""
    runners = [TrialFolder(path.parent).runner for path in folder.glob("*/lock")]
    return any(runner and runner.startswith(JOINED) for runner in runners)
