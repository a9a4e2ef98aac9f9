"""Evolutionary search: selection, crossover and mutation by Optuna's NSGA-II sampler."""

from typing import Any

import keras_tuner
import optuna
from keras_tuner.engine import hyperparameters as kinds
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

from models.search.problem import ROUND, Problem, Proposals


def evolutionary(problem: Problem) -> Proposals:
    """Generations of trials, each bred from the best so far (Deb et al. 2002, doi:10.1109/4235.996017, one objective).

    A generation is a round; the configured setting belongs to the first. A child takes each setting from either parent
    or anew. Settings that exist under another update rule are carried along without effect, so that crossover and
    mutation work on all.
    """
    trials = problem.tune.trials
    sampler = optuna.samplers.NSGAIISampler(population_size=ROUND, seed=problem.random_state)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=sampler)
    genes = distributions(problem.space)
    if problem.inside:
        study.enqueue_trial({hp.name: problem.own.get(hp.name, hp.default) for hp in problem.space.space})
    number = 0
    while number < trials:
        extra = number == 0 and not problem.inside  # the configured setting, outside of the space
        bred = [study.ask(genes) for _ in range(min(ROUND, trials - number) - extra)]
        points = [problem.own] * extra + [active(problem.space, trial.params) for trial in bred]
        specs = [problem.spec(number + i, point) for i, point in enumerate(points)]
        records = yield specs
        for trial, record in zip(bred, records[extra:], strict=False):
            loss = problem.loss(record)
            study.tell(trial, loss, state=None if loss is not None else optuna.trial.TrialState.FAIL)
        if len(records) < len(specs):
            return None
        number += len(specs)
    return None


def distributions(space: keras_tuner.HyperParameters) -> dict[str, BaseDistribution]:
    """The settings of a space as Optuna's distributions, those under a condition as if they had none."""
    found: dict[str, BaseDistribution] = {}
    for hp in space.space:
        if isinstance(hp, kinds.Float):
            found[hp.name] = FloatDistribution(hp.min_value, hp.max_value, log=hp.sampling == "log")
        else:
            found[hp.name] = CategoricalDistribution(hp.values)
    return found


def active(space: keras_tuner.HyperParameters, genes: dict[str, Any]) -> dict[str, Any]:
    """Those of the values that exist beside the others."""
    values: dict[str, Any] = {}
    for hp in space.space:
        if all(condition.is_active(values) for condition in hp.conditions):
            values[hp.name] = genes[hp.name]
    return values
