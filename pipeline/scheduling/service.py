"""The scheduler that keeps running: APScheduler, its jobs in SQLite, one run at a time."""

import json
import logging
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any, NoReturn

from apscheduler.events import EVENT_JOB_MAX_INSTANCES
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from sqlalchemy import URL
from sqlalchemy.exc import DatabaseError

from data.errors import InputError
from pipeline.scheduling.job import Job
from pipeline.scheduling.running import Runner
from pipeline.scheduling.runs import Run, Runs
from pipeline.workdir import is_locked, locked, write_whole

STORE = "jobs.sqlite"
PLAN = "schedule.json"
JOB = "pipeline"
HOLDER = "another scheduler"


class OneRun(ThreadPoolExecutor):
    """Hands what is due to a runner, which APScheduler's own executors would not tell for when it was due."""

    def __init__(self, runner: Runner) -> None:
        """Run in one thread."""
        super().__init__(max_workers=1)
        self._runner = runner

    def _do_submit_job(self, job: Any, run_times: list[datetime]) -> None:
        # Called before the store moves on to the next time: a kill in between loses nothing.
        run = self._runner.accept(run_times[-1])

        def ended(future: Future[None]) -> None:
            error = future.exception()
            if error:
                self._run_job_error(job.id, error, error.__traceback__)
            else:
                self._run_job_success(job.id, [])

        self._pool.submit(self._runner.work, run).add_done_callback(ended)


def run_due() -> None:
    """What the store keeps as the job's function; `OneRun` does the work."""


def serve(job: Job, trigger: BaseTrigger, say: Callable[[str], None]) -> None:
    """Start the job whenever the trigger comes up, until SIGTERM or Ctrl-C.

    What came up while no scheduler was running, and a run that was cut off, is made up for by one run.

    Args:
        job: what to start.
        trigger: when.
        say: takes what happens, a sentence or two at a time.

    Raises:
        InputError: another scheduler works here, or what it remembers cannot be read.
    """
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    stop = Event()
    with _stop_signals(), locked(job.folder, HOLDER):
        runs = Runs(job.folder)
        runner = Runner(job, runs, stop, say)
        scheduler = BackgroundScheduler(executors={"default": OneRun(runner)}, timezone=UTC)
        url = URL.create("sqlite", database=str(job.folder / STORE))
        try:
            scheduler.add_jobstore(SQLAlchemyJobStore(url))
            scheduler.start(paused=True)
            _put(scheduler, trigger, runs.unfinished())
        except DatabaseError as error:
            store = job.folder / STORE
            raise InputError(f"{store} cannot be read ({error.orig}). Remove it and start again.") from None
        clock = {"cron": job.settings.cron, "timezone": job.settings.timezone}
        write_whole(job.folder / PLAN, json.dumps({"command": job.name, "settings": clock}, ensure_ascii=False) + "\n")
        busy = "A run was left out: the one before is still going on."
        scheduler.add_listener(lambda _: say(busy), EVENT_JOB_MAX_INSTANCES)
        try:
            say(f"Next run of {job.name}: {job.at(scheduler.get_job(JOB).next_run_time)}. Stop with Ctrl-C.")
            runner.teller.tell()  # what an earlier scheduler could not tell, or was killed before it had
            scheduler.resume()
            _tell_again(runner, 60.0 * job.settings.notify_again_minutes)
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            say("Stopping.")
        finally:
            stop.set()
            scheduler.shutdown()


def running(folder: Path) -> dict[str, Any] | None:
    """What the scheduler that holds a folder does, if there is one: its `command` and its clock's `settings`."""
    if not is_locked(folder):
        return None
    try:
        plan: dict[str, Any] = json.loads((folder / PLAN).read_text())
    except (OSError, ValueError):  # it is starting
        return None
    return plan


def _tell_again(runner: Runner, seconds: float) -> NoReturn:
    """Tell from time to time what could not be told, until a signal comes."""
    while True:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(1.0)  # not `signal.pause()`, which waits on where the signal came just before it
        runner.teller.tell()


def _put(scheduler: Any, trigger: BaseTrigger, unfinished: Run | None) -> None:
    now = datetime.now(UTC)
    known = scheduler.get_job(JOB)
    due = trigger.get_next_fire_time(None, now)
    if known and (known.next_run_time <= now or str(known.trigger) == str(trigger)):
        due = known.next_run_time
    if unfinished:  # whatever came up since then falls together with it
        due = unfinished.due
    scheduler.add_job(
        f"{__name__}:run_due", trigger, id=JOB, replace_existing=True, next_run_time=due,
        max_instances=1, coalesce=True, misfire_grace_time=None,
    )  # fmt: skip


@contextmanager
def _stop_signals() -> Iterator[None]:
    """SIGTERM, as Ctrl-C does, raises KeyboardInterrupt."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
