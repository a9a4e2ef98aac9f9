"""Search over a network's settings: a method proposes trials, a pool runs them."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol

import keras_tuner

from data.errors import InputError
from models.config import ScheduleConfig, TuneConfig
from models.search.cross_validation import grid_cv, random_cv
from models.search.evolution import evolutionary
from models.search.gradient import gradient
from models.search.oracles import bayesian, grid, hyperband, hyperband_trials, random
from models.search.problem import Problem, Proposals, none_completed
from models.search.ranges import Network
from models.search.space import Config, configured, declare, gridded
from models.trials.trial import TrialRecord, TrialSpec, record_row

METHODS: dict[str, Callable[[Problem], Proposals]] = {
    "random": random,
    "grid": grid,
    "bayesian": bayesian,
    "hyperband": hyperband,
    "evolutionary": evolutionary,
    "random_cv": random_cv,
    "grid_cv": grid_cv,
    "gradient": gradient,
}
"""The search methods by the name they have in `tune.method`."""


class Runner(Protocol):
    """Runs trials, as `models.trials.pool.Pool` does."""

    def run(self, specs: Sequence[TrialSpec]) -> list[TrialRecord]:
        """Records in the order of the specs, without those that there was no time for."""


@dataclass(frozen=True)
class SearchResult(Generic[Config]):
    """What a search found."""

    best: Config
    """The configuration to train, with its own number of epochs."""

    settings: Mapping[str, Any]
    """What the search chose in it."""

    records: list[TrialRecord]
    """Every trial in order."""

    scores: tuple[Mapping[str, Any], ...]
    """With cross-validation, per setting: `settings`, `mean`, `std`, `rank`, and each fold's metric (`folds`)."""

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What `record_row` gives for every trial, and whether its setting was `chosen`."""
        return [record_row(record) | {"chosen": record.settings == self.settings} for record in self.records]


def search(
    pool: Runner,
    config: Config,
    tune: TuneConfig,
    seed: int,
    space: keras_tuner.HyperParameters | None = None,
) -> SearchResult[Config]:
    """Search by `tune.method`; the metric that stops training early (`early_stopping.monitor`) also chooses.

    The first trial is `config` itself, so on the validation examples the result is never worse than it. Trials depend
    on the arguments and on earlier records alone. There is no other state: a killed search starts over, and what the
    pool has on record comes back at once.

    Args:
        pool: runs trials; its deadline ends the search.
        config: what every trial has in common, and the first trial.
        tune: method and budget.
        seed: of the settings tried and of every training.
        space: the settings tried; those around `config` where not given.

    Raises:
        InputError: `tune` cannot be used, or every trial failed.
    """
    check(config, tune)
    problem = Problem(config, tune, seed, space or declare(config, tune))
    records: list[TrialRecord] = []
    found = None
    proposals = METHODS[tune.method](problem)
    try:
        specs = next(proposals)
        while True:
            told = pool.run(specs)
            records += told
            specs = proposals.send(told)
    except StopIteration as end:
        found = end.value
    best = problem.best(records)
    if best is None:
        raise none_completed(records)
    settings = found.settings if found else best.settings
    return SearchResult(configured(config, settings), settings, records, found.scores if found else ())


def check(config: Network, tune: TuneConfig) -> None:
    """Hold a search to what its method needs.

    Raises:
        InputError: there would be nothing to search, or the method is not made for it.
    """
    least = 3 if tune.method == "gradient" else 1
    if tune.trials < least:
        why = " with `tune.method` gradient (the configured setting, an adapting trial and a trial of what it learned)"
        raise InputError(f"`tune.trials` should be at least {least}{why if least > 1 else ''}. Received: {tune.trials}")
    if tune.method == "gradient" and config.optimizer.schedule != ScheduleConfig():
        raise InputError(
            "`optimizer.schedule` should be constant, without warm-up, with `tune.method` gradient, which moves the "
            f"learning rate itself. Received: {config.optimizer.schedule.model_dump_json()}"
        )


def advice(config: Network, tune: TuneConfig) -> str:
    """What a user should know of the budget: where it is too small for what the method is meant to do, else nothing."""
    if tune.method == "hyperband" and tune.trials < (wanted := hyperband_trials(min(config.epochs, tune.epochs))):
        return (
            f"Hyperband with {tune.epochs} epochs has {wanted} trials, of which `tune.trials` allows {tune.trials}: "
            "few or none go on for more epochs. Raise `tune.trials`, or lower `tune.epochs`."
        )
    if tune.method in ("grid", "grid_cv"):
        points = math.prod(len(hp.values) for hp in gridded(declare(config, tune), tune.grid_points).space)
        if points > tune.trials:
            return (
                f"The grid has up to {points:,} points, of which the first {tune.trials} are tried. Name fewer values "
                "in `tune.space`, lower `tune.grid_points`, or raise `tune.trials`."
            )
    return ""
