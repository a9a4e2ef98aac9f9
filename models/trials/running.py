"""Taking a trial and running it to its record."""

import json
from collections.abc import Callable
from pathlib import Path

from models.trials.epochs import EpochLog
from models.trials.folder import TrialFolder, failed
from models.trials.notice import read_notice
from models.trials.trial import Outcome, Task, TrialRecord, TrialSpec


def take(folder: Path, runner: str, run: Callable[[TrialFolder], None]) -> bool:
    """Give `run` the first trial of the notice that is free, held by this process; whether there was one.

    Args:
        folder: of the search.
        runner: name that no other process, living or dead, has.
        run: is to keep the trial's record.
    """
    for name in read_notice(folder).trials:
        trial = TrialFolder(folder / name)
        if not trial.is_free():
            continue
        with trial.held() as mine:
            # Before it was held, another may have run it, or the leader may have taken it back.
            if mine and trial.is_free() and name in read_notice(folder).trials:
                trial.runner = runner
                try:
                    run(trial)
                except KeyboardInterrupt:  # no death, but a wish to stop: others may have it at once
                    trial.runner = None
                    raise
                return True
    return False


def run(trial: TrialFolder, task: Task, heard: Callable[[], None] = lambda: None) -> None:
    """Train a trial that this process holds, from its last checkpoint on, and keep its record.

    Args:
        trial: the trial.
        task: who trains it. An error of the task's makes the trial a failed one.
        heard: is called after every epoch; what it raises goes through, if it is no `Exception`.
    """
    log = EpochLog(trial, heard)
    spec = trial.spec
    try:
        record = _completed(spec, _train(trial, spec, task, log), log)
    except (Exception, SystemExit) as error:  # whatever a setting breaks, the others deserve their turn
        record = failed(spec, f"{type(error).__name__}: {error}", log.epochs, log.seconds)
    trial.end(record)


def _train(trial: TrialFolder, spec: TrialSpec, task: Task, log: EpochLog) -> Outcome:
    if spec.start is None:
        outcome, first = task.train(spec, trial.path, None, log.tell), 0
    else:
        start = trial.beside(spec.start)
        before = start.record
        if before.error is not None:
            raise RuntimeError(f"trial {spec.start}, from which it goes on, failed")
        outcome, first = (
            task.train(spec, trial.path, start.path, log.tell),
            max(map(len, before.history.values()), default=0),
        )
    log.complete(outcome.history, first)
    return outcome


def _completed(spec: TrialSpec, outcome: Outcome, log: EpochLog) -> TrialRecord:
    record = TrialRecord(
        name=spec.name,
        settings=spec.settings,
        status="completed",
        metrics={name: float(value) for name, value in outcome.metrics.items()},
        history={name: [float(value) for value in values] for name, values in outcome.history.items()},
        best_epoch=int(outcome.best_epoch),
        epochs=log.epochs,
        seconds=log.seconds,
        error=None,
        extra=outcome.extra,
    )
    json.dumps(vars(record), default=dict)  # what a task tells that no file can keep is the task's error
    return record
