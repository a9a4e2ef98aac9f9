"""Running batches of trials, side by side and only once."""

import hashlib
import json
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from data.errors import InputError
from models.trials.alone import Alone
from models.trials.crew import Crew
from models.trials.epochs import read_epochs
from models.trials.folder import TrialFolder, failed
from models.trials.notice import JOINED, Notice, leading, post
from models.trials.trial import TaskAddress, TrialListener, TrialRecord, TrialSpec
from models.trials.watch import Watch

PATIENCE = 10.0  # seconds to wait for a process that still runs a trial of another setting
DEATHS = 3  # of processes, with no epoch between, that make a trial a failed one


class Pool:
    """Runs trials in `workers` processes (1: in this process), each with its share of the cores.

    The same specifications give the same records, whatever the number of workers and however often leader or workers
    were killed, as long as the task's outcome depends on the specification alone. TensorFlow's sums depend on its
    threads too: where a record is to be the same to the last bit, set `TF_NUM_INTRAOP_THREADS` to the same number; it
    is otherwise each worker's share of the cores.

    Other machines may join: `models.trials.worker`. A trial that failed stays failed until its setting, its task or
    its folder is another one.
    """

    def __init__(
        self, folder: Path, task: TaskAddress, workers: int, listener: TrialListener, deadline: float | None = None
    ) -> None:
        """Keep trials in `folder`, each in one of its own, whose files `models.trials.folder` lists.

        Args:
            folder: made where it is missing; a search that was killed goes on from what is there.
            task: who trains. With the specification it decides whether a trial that is there is taken up.
            workers: processes at a time, at least 1.
            listener: is told of every trial whose end it has not been told, by this process alone.
            deadline: value of `time.monotonic()` after which no trial is started; those that run come to their end.
        """
        self._folder, self._address, self._workers = folder, task, workers
        self._listener, self._deadline = listener, deadline
        self._keys: dict[str, str] = {}
        self._stack = ExitStack()
        self._crew: Crew | Alone

    def __enter__(self) -> Self:
        """Lead the search in the folder.

        Raises:
            InputError: another process does.
        """
        self._stack.enter_context(leading(self._folder))
        self._post([])
        self._crew = Crew(self._folder, self._workers) if self._workers > 1 else Alone(self._folder, self._address)
        self._stack.callback(self._crew.end)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every worker of this machine."""
        self._stack.close()

    def run(self, specs: Sequence[TrialSpec]) -> list[TrialRecord]:
        """Run a batch.

        A task that raises, or whose process dies three times with no epoch between, makes a failed trial, and the
        others go on.

        Args:
            specs: of different names; a `start` is the name of a trial of an earlier batch or further up in this one.

        Returns:
            Records in the order of `specs`. Those that are in the folder, under the same specification and task, are
            not run again. Trials that were not started before the deadline are left out.

        Raises:
            InputError: workers end before they take a trial, or another process runs one of another setting.
        """
        trials = [self._prepare(spec) for spec in specs]
        watch = Watch(trials, self._listener)
        waiting = [trial for trial in trials if not trial.recorded]
        if not self._is_late():
            self._post(waiting)
        while waiting:
            for trial in waiting:
                self._settle(trial)
            waiting = self._wanted(waiting, watch.started)
            watch.poll()
            self._crew.work(len(waiting), watch.poll)
            waiting = [trial for trial in waiting if not trial.recorded]
        watch.poll()
        return [trial.record for trial in trials if trial.recorded]

    def _prepare(self, spec: TrialSpec) -> TrialFolder:
        """The trial's folder, with nothing in it that belongs to another setting."""
        # A trial that goes on from another depends on all that the other does.
        known = [vars(spec), vars(self._address), self._keys[spec.start] if spec.start else None]
        key = hashlib.sha256(json.dumps(known, sort_keys=True, default=dict).encode()).hexdigest()
        self._keys[spec.name] = key
        trial = TrialFolder(self._folder / spec.name)
        if not trial.holds(key):
            with trial.held(PATIENCE) as mine:
                if not mine:
                    raise InputError(f"{trial.path} is in use by a worker of another search. Stop it, then try again.")
                trial.renew(key, spec)
        return trial

    def _settle(self, trial: TrialFolder) -> None:
        """Give a trial whose process died back to be run, or up."""
        runner = trial.runner
        if runner is None:
            return
        with trial.held() as mine:
            if not mine or trial.recorded:
                return
            cause = self._fate(runner)
            if cause is not None:
                epochs = read_epochs(trial)[0]
                if trial.count_death(len(epochs)) >= DEATHS:
                    error = f"its process died {DEATHS} times, last {cause}"
                    trial.end(failed(trial.spec, error, len(epochs), epochs[-1].seconds if epochs else 0.0))
            trial.runner = None

    def _fate(self, runner: str) -> str | None:
        """How a process ended without a record; nothing where its death is not to be counted."""
        if runner.startswith(JOINED):
            return "in a worker that had joined"
        return self._crew.fate(runner)  # nothing is known of one that ended with an earlier leader

    def _wanted(self, waiting: list[TrialFolder], started: set[str]) -> list[TrialFolder]:
        """Those of the waiting trials to go on with: all, or after the deadline those that have been started."""
        if not self._is_late():
            return waiting
        late = [trial for trial in waiting if trial.name not in started and trial.runner is None]
        if not late:
            return waiting
        self._post([trial for trial in waiting if trial not in late])
        taken_back = []
        for trial in late:  # some worker may have taken it before it could read the notice
            with trial.held() as mine:
                if mine and trial.runner is None:
                    taken_back.append(trial)
        return [trial for trial in waiting if trial not in taken_back]

    def _is_late(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def _post(self, trials: Sequence[TrialFolder]) -> None:
        post(self._folder, Notice(self._address, [trial.name for trial in trials]))
