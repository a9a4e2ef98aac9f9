"""Jobs for tests: shell scripts in place of `retrain`, and a scheduler process whose clock is fast."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from apscheduler.triggers.base import BaseTrigger

from pipeline.scheduling.config import ScheduleConfig
from pipeline.scheduling.job import Job
from pipeline.scheduling.runs import Run, Runs
from pipeline.scheduling.service import serve
from tests.conftest import ROOT


def shell(script: str, workdir: Path, **settings: object) -> Job:
    """A job that runs a shell script."""
    return Job(("/bin/sh", "-c", script), workdir, ScheduleConfig.model_validate(settings))


def silent(_: str) -> None:
    """Say nothing."""


def until(true: Callable[[], object], seconds: float = 30) -> None:
    """Wait for something."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def soon(seconds: int = 1) -> datetime:
    """A whole second so much later."""
    return datetime.fromtimestamp(int(time.time()) + seconds, UTC)


def alive(pid: int) -> bool:
    """Whether a process goes on; one that has ended and that nobody has asked about does not."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


class Fast(BaseTrigger):
    """Comes up at a time, be it over by then, and every so many seconds after it."""

    def __init__(self, first: datetime, seconds: float) -> None:
        self.first, self.step = first, timedelta(seconds=seconds)

    def get_next_fire_time(self, previous: datetime | None, _: datetime) -> datetime:
        return self.first if previous is None else previous + self.step

    def __str__(self) -> str:
        return f"{self.first} {self.step}"


@contextmanager
def scheduler(job: Job, first: datetime, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """A process with a scheduler that starts the job at `first` and every `seconds` from then on."""
    told = {"command": job.command, "workdir": str(job.workdir), "settings": job.settings.model_dump(mode="json")}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.pipeline.scheduling.jobs", json.dumps(told), first.isoformat(), str(seconds)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "COLUMNS": "400"},
    )  # fmt: skip
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        assert "Next run" in said, said + process.stdout.read()
        yield process
    finally:
        process.kill()
        process.communicate()


def stop(process: subprocess.Popen[str]) -> str:
    """End a scheduler by SIGTERM; what it had said."""
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    return said


def kill(process: subprocess.Popen[str]) -> None:
    """End a scheduler as a power cut would."""
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)


def known(job: Job) -> Sequence[Run]:
    """The runs a job has had."""
    return Runs(job.folder).all()


def _main() -> None:
    told = json.loads(sys.argv[1])
    job = Job(tuple(told["command"]), Path(told["workdir"]), ScheduleConfig.model_validate(told["settings"]))
    clock = Fast(datetime.fromisoformat(sys.argv[2]), float(sys.argv[3]))
    serve(job, clock, lambda text: print(text, flush=True))  # noqa: T201


if __name__ == "__main__":
    _main()
