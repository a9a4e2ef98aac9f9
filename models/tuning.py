"""Search over the abandonment model's settings: the validation examples choose, the test examples stay unseen."""

import hashlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras_tuner
from keras_tuner.engine.base_tuner import BaseTuner
from keras_tuner.engine.trial import TrialStatus

from data.errors import InputError
from data.examples import Examples, digest, sample
from models.config import AbandonmentConfig, TuneConfig
from models.search_space import configured, declare
from models.training import train_abandonment
from models.trials.trial import TrialListener


@dataclass(frozen=True)
class SearchResult:
    """What a search found."""

    best: AbandonmentConfig
    """The configuration with the best validation metric."""

    trials: list[dict[str, Any]]
    """Every trial in order: trial, values, metrics, epochs, seconds, status ("completed" or "failed"), error."""


def search(
    train: Examples,
    validation: Examples,
    config: AbandonmentConfig,
    tune: TuneConfig,
    seed: int,
    folder: Path,
    listener: TrialListener,
) -> SearchResult:
    """Random search; the first trial is `config` itself, so the result is never worse than it on the validation rows.

    The metric that stops training early (`early_stopping.monitor`) also chooses. Trials depend on the seed alone:
    the same seed tries the same settings with the same results. A trial that fails is recorded and the search goes on.

    Args:
        train: training examples; at most `tune.max_rows` of them are used, whole visitors.
        validation: examples that stop each trial early and choose among them.
        config: what every trial has in common, and the first trial.
        tune: the budget.
        seed: of the settings tried and of every training.
        folder: existing folder for the search's records; a killed search goes on from there when called with the same
            arguments, repeating only the trial it was in.
        listener: is told of every trial that runs now.

    Raises:
        InputError: every trial failed.
    """
    monitor = config.early_stopping.monitor
    oracle = _Oracle(
        objective=keras_tuner.Objective(monitor, "max" if monitor == "val_auc" else "min"),
        max_trials=tune.trials,
        hyperparameters=declare(config),
        seed=seed + 1,  # KerasTuner takes 0 for "draw a seed"
        max_consecutive_failed_trials=tune.trials + 1,
    )
    job = _Job(sample(train, tune.max_rows, seed), validation, config, tune, seed, folder, listener)
    oracle.verbose = 0
    _Tuner(oracle, job).search()
    trials = [job.records[name] for name in sorted(job.records)]
    best = oracle.get_best_trials(1)[0] if trials else None
    if best is None or best.status != TrialStatus.COMPLETED:
        first = trials[0]["error"] if trials else "none was made, `tune.trials` is 0"
        raise InputError(f"All {len(trials)} trials of the search failed. The first: {first}")
    return SearchResult(configured(config, best.hyperparameters.values), trials)


class _Job:
    """Runs trials and remembers each in a file, so that a search that was killed does not run them again.

    A search depends on nothing but its arguments, so going on means starting over and taking the results of finished
    trials from their records. There is no other state that a kill could leave half-written.
    """

    def __init__(
        self,
        train: Examples,
        validation: Examples,
        config: AbandonmentConfig,
        tune: TuneConfig,
        seed: int,
        folder: Path,
        listener: TrialListener,
    ) -> None:
        self.train, self.validation = train, validation
        self.config, self.tune, self.seed = config, tune, seed
        self.folder, self.listener = folder, listener
        self.records: dict[str, dict[str, Any]] = {}
        settings = [config.model_dump_json(), tune.epochs, seed, digest(train), digest(validation)]
        self._key = hashlib.sha256(json.dumps(settings).encode()).hexdigest()

    def record(self, trial: str, values: dict[str, Any]) -> dict[str, Any]:
        """What a setting came to, from its file where it was run before."""
        path = self.folder / f"trial_{trial}.json"
        key = {"key": self._key, "values": values}
        if path.is_file() and (known := json.loads(path.read_text()))["of"] == key:
            self.records[trial] = known["record"]
        else:
            self.records[trial] = self._run(trial, values)
            partial = path.with_suffix(".partial")
            with partial.open("w") as file:
                json.dump({"of": key, "record": self.records[trial]}, file)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        return self.records[trial]

    def _run(self, trial: str, values: dict[str, Any]) -> dict[str, Any]:
        config = configured(self.config, values)
        config = config.model_copy(update={"epochs": min(config.epochs, self.tune.epochs)})
        metrics: dict[str, float] = {}
        error, epochs = None, 0
        start = time.perf_counter()
        self.listener.trial_started(trial, values)
        try:
            trained = train_abandonment(
                self.train,
                self.validation,
                config,
                self.seed,
                lambda epoch, told: self.listener.epoch_ended(trial, epoch, told),
            )
            epochs = len(trained.history["loss"])
            metrics = {name: series[trained.best_epoch] for name, series in trained.history.items()}
        except Exception as problem:  # whatever a setting breaks, the others deserve their turn
            error = f"{type(problem).__name__}: {problem}"
        seconds = time.perf_counter() - start
        self.listener.trial_ended(trial, metrics, seconds, error)
        return {
            "trial": trial,
            "values": values,
            "metrics": metrics,
            "epochs": epochs,
            "seconds": seconds,
            "status": "completed" if error is None else "failed",
            "error": error,
        }


class _Oracle(keras_tuner.oracles.RandomSearchOracle):
    """Random search that begins with the defaults."""

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        if not self.trials:
            return {"status": TrialStatus.RUNNING, "values": {hp.name: hp.default for hp in self.hyperparameters.space}}
        found: dict[str, Any] = super().populate_space(trial_id)
        return found


class _Tuner(BaseTuner):
    """Hands KerasTuner's trials to a job; nothing of a trial but its record is kept."""

    def __init__(self, oracle: _Oracle, job: _Job) -> None:
        self._job = job
        super().__init__(oracle, directory=str(job.folder), project_name="keras_tuner", overwrite=True)

    def run_trial(self, trial: Any) -> dict[str, float]:
        try:
            record = self._job.record(trial.trial_id, trial.hyperparameters.values)
        except Exception as error:  # KerasTuner would print it, call the trial invalid and go on
            raise keras_tuner.errors.FatalError(f"{type(error).__name__}: {error}") from error
        # To KerasTuner a failed trial is one whose objective is NaN.
        return record["metrics"] or {self.oracle.objective.name: float("nan")}
