"""The worker processes of a search on the leader's machine: started, replaced where they die, ended with it."""

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from data.errors import InputError

PAUSE = 0.1  # seconds between two looks at the trials
EARLY_DEATHS = 3
GRACE = 5.0  # seconds that a worker which let go of its trial has to end
LINES = 20  # of a worker's last words
THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")


class Crew:
    """Up to `workers` processes; each has its share of this machine's cores, given by the environment."""

    def __init__(self, folder: Path, workers: int) -> None:
        """Make room for traces in the search's folder; nothing is started yet."""
        self._folder, self._workers = folder.resolve(), workers
        self._environment = environment(workers)
        self._id = uuid.uuid4().hex[:12]
        self._all: dict[str, subprocess.Popen[bytes]] = {}
        self._slots: dict[int, str] = {}
        self._early = 0
        shutil.rmtree(_traces(folder), ignore_errors=True)
        _traces(folder).mkdir(exist_ok=True)

    def work(self, wanted: int, heard: Callable[[], None]) -> None:  # noqa: ARG002
        """Have a process for each of `wanted` trials, up to `workers`, new ones for dead ones, and wait a moment.

        Raises:
            InputError: a worker ended before it took a trial, by itself or three times by a signal.
        """
        for slot in range(min(wanted, self._workers)):
            name = self._slots.get(slot)
            if name is not None and self._all[name].poll() is None:
                continue
            if name is not None:
                self._bury(name)
            self._slots[slot] = self._start()
        time.sleep(PAUSE)

    def fate(self, name: str) -> str | None:
        """How a process ended that let go of a trial without a record; nothing where this crew has not started it."""
        process = self._all.get(name)
        if process is None:
            return None
        try:
            code = process.wait(GRACE)
        except subprocess.TimeoutExpired:
            _kill(process)
            code = process.wait()
        return _cause(code)

    def end(self) -> None:
        """End every process; a trial goes on from its checkpoint another time."""
        for process in self._all.values():
            _kill(process)
        for process in self._all.values():
            process.wait()
            if process.stdin:
                process.stdin.close()

    def _start(self) -> str:
        name = f"{self._id}-{len(self._all)}"
        with _log(self._folder, name).open("wb") as log:
            self._all[name] = subprocess.Popen(
                # -P: what can be imported is what the leader can import, wherever it was started.
                [sys.executable, "-P", "-m", "models.trials.worker", str(self._folder), "--name", name],
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the leader
            )
        return name

    def _bury(self, name: str) -> None:
        process = self._all[name]
        _kill(process)  # what it had started may outlive it, and keep memory the next one needs
        if took(self._folder, name).exists():
            self._early = 0
            return
        self._early += 1
        if process.returncode >= 0 or self._early == EARLY_DEATHS:
            log = _log(self._folder, name)
            words = "\n".join(log.read_text(errors="replace").splitlines()[-LINES:])
            cause = _cause(process.returncode)
            raise InputError(f"A worker of the search ended {cause} before it took a trial. It said:\n{words}\n({log})")


def environment(workers: int) -> dict[str, str]:
    """What worker processes find around them: the leader's import path and an equal share of the cores.

    A number of threads that is set in the leader's environment stays: with the same one, records do not depend on the
    number of workers to the last bit.
    """
    threads = str(max(1, len(os.sched_getaffinity(0)) // workers))
    return {
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # else the first takes the memory of all
        **dict.fromkeys(THREADS, threads),
        **os.environ,
        "PYTHONPATH": os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path),
    }


def took(folder: Path, name: str) -> Path:
    """A file that is there once the worker has taken a trial."""
    return _traces(folder) / f"{name}.took"


def _log(folder: Path, name: str) -> Path:
    return _traces(folder) / f"{name}.log"


def _traces(folder: Path) -> Path:
    return folder / "workers"


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _cause(code: int) -> str:
    if code >= 0:
        return f"by exit code {code}"
    return f"by signal {-code}" + (" (out of memory?)" if -code == signal.SIGKILL else "")
