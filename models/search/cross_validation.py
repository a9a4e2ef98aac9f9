"""Search by cross-validation: scikit-learn's searches over Keras's scikit-learn wrapper, on folds kept apart by group.

What is scikit-learn's: which settings are tried (`ParameterSampler`, `ParameterGrid` within `RandomizedSearchCV` and
`GridSearchCV`), the splits, mean, deviation and rank of each setting, and the choice. What is not: the trainings
themselves. scikit-learn would forget them on a kill, so each (setting, fold) is a trial of its own, run beforehand by
the pool, and the model that the wrapper "fits" looks its trial up. A row that scikit-learn sees stands for a whole fold
of examples; the task knows which visitors or days those are.
"""

import warnings
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import Any, Self

import keras
import keras_tuner
import numpy as np
import numpy.typing as npt
from keras_tuner.engine import hyperparameters as kinds
from scipy.stats import loguniform, uniform
from sklearn.model_selection import GridSearchCV, ParameterGrid, ParameterSampler, PredefinedSplit, RandomizedSearchCV

from data.errors import InputError
from models.search.problem import Found, Problem, Proposals, plain
from models.search.space import Point, gridded
from models.trials.trial import TrialRecord

Key = tuple[tuple[tuple[str, Any], ...], int]
"""A setting and a fold."""


def random_cv(problem: Problem) -> Proposals:
    """Settings drawn at random, each judged by its mean over the folds (`sklearn.model_selection.RandomizedSearchCV`).

    `tune.trials` counts settings; each is trained `tune.folds` times.
    """
    spaces, seed = branches(problem.space), problem.random_state
    drawn = ParameterSampler(spaces, problem.tune.trials, random_state=seed)

    def make(estimator: Any, **how: Any) -> Any:
        return _configured_first(RandomizedSearchCV, problem)(
            estimator, spaces, n_iter=problem.tune.trials, random_state=seed, **how
        )

    return (yield from _validated(problem, drawn, make))


def grid_cv(problem: Problem) -> Proposals:
    """The points of the grid, each judged by its mean over the folds (`sklearn.model_selection.GridSearchCV`).

    `tune.trials` counts settings; each is trained `tune.folds` times.
    """
    spaces = branches(gridded(problem.space, problem.tune.grid_points))

    def make(estimator: Any, **how: Any) -> Any:
        return _configured_first(GridSearchCV, problem)(estimator, spaces, **how)

    return (yield from _validated(problem, ParameterGrid(spaces), make))


def branches(space: keras_tuner.HyperParameters) -> list[dict[str, Any]]:
    """A space as scikit-learn takes it: values and distributions for each value of the settings that others hang on."""
    parents = list(dict.fromkeys(condition.name for hp in space.space for condition in hp.conditions))
    roots = [hp for hp in space.space if hp.name in parents]
    found = []
    for values in product(*(hp.values for hp in roots)):
        chosen = dict(zip((hp.name for hp in roots), values, strict=True))
        alive = [hp for hp in space.space if all(condition.is_active(chosen) for condition in hp.conditions)]
        found.append({hp.name: [chosen[hp.name]] if hp.name in chosen else _distribution(hp) for hp in alive})
    return found


def _distribution(hp: Any) -> Any:
    if not isinstance(hp, kinds.Float):
        return list(hp.values)
    if hp.sampling == "log":
        return loguniform(hp.min_value, hp.max_value)
    return uniform(hp.min_value, hp.max_value - hp.min_value)


def _validated(problem: Problem, drawn: Iterable[Point], make: Callable[..., Any]) -> Proposals:
    """Run every fit of a search, then have the search itself judge them."""
    folds, fold_by = problem.tune.folds, problem.tune.fold_by
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a grid has fewer points than were asked for
        points = _first(problem, drawn)
    fits = [(point, fold) for point in points for fold in range(folds)]
    records = yield [
        problem.spec(number, point, share={"fold": fold, "folds": folds, "fold_by": fold_by})
        for number, (point, fold) in enumerate(fits)
    ]
    known = {_key(point, fold): record for (point, fold), record in zip(fits, records, strict=False)}
    rows, labels = np.repeat(np.arange(folds), 2)[:, None], np.tile([0, 1], folds)
    search = make(
        TrialClassifier(_Lookup(known, folds)),
        scoring=lambda fitted, _rows, _labels: _score(problem, fitted.model_.record),
        cv=PredefinedSplit(rows[:, 0]),
        refit=False,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a trial which failed has no score
        search.fit(rows, labels)
    results = search.cv_results_
    if not np.isfinite(results["mean_test_score"]).any():
        if any(problem.loss(record) is not None for record in records):
            raise InputError("No setting was trained on all folds. Raise `tune.minutes`, or see the trials' errors")
        return None
    return Found(dict(search.best_params_), tuple(_scores(results, folds, problem)))


def _first(problem: Problem, drawn: Iterable[Point]) -> list[dict[str, Any]]:
    """The configured setting and then the others, `tune.trials` in all."""
    points = [problem.own]
    for point in map(plain, drawn):
        if len(points) >= problem.tune.trials:
            break
        if point != problem.own:
            points.append(point)
    return points


def _configured_first(search: type[Any], problem: Problem) -> type[Any]:
    """A search of scikit-learn's that tries the configured setting before its own, and no more than `tune.trials`."""

    class ConfiguredFirst(search):
        def _run_search(self, evaluate_candidates: Callable[..., Any], *, callback_ctx: Any = None) -> None:
            def evaluate(drawn: Iterable[Point], **rest: Any) -> Any:
                return evaluate_candidates(_first(problem, drawn), **rest)

            super()._run_search(evaluate, callback_ctx=callback_ctx)

    return ConfiguredFirst


class TrialClassifier(keras.wrappers.SKLearnClassifier):
    """Keras's wrapper, with a search's settings as the arguments of its model."""

    def set_params(self, **settings: Any) -> Self:
        """Take settings for the model's arguments."""
        self.model_kwargs: dict[str, Any] = {**(self.model_kwargs or {}), **settings}
        return self


class _Lookup:
    """Makes the models that the wrapper asks for, out of trials that were run."""

    def __init__(self, known: Mapping[Key, TrialRecord], folds: int) -> None:
        self._known, self._folds = known, folds

    def __call__(self, X: npt.NDArray[np.int64], **settings: Any) -> "_TrialModel":
        settings.pop("y")  # the wrapper's
        (fold,) = set(range(self._folds)) - set(X[:, 0].tolist())  # what is not trained on is judged by
        return _TrialModel(self._known.get(_key(settings, fold)))


class _TrialModel:
    """Stands for a compiled model; it has been trained in a trial, unless there was no time for it."""

    compiled, loss, optimizer = True, "binary_crossentropy", "the trial's"

    def __init__(self, record: TrialRecord | None) -> None:
        self.record = record

    def fit(self, *_args: Any, **_kwargs: Any) -> Mapping[str, list[float]]:
        return self.record.history if self.record else {}


def _key(point: Point, fold: int) -> Key:
    return tuple(sorted(point.items())), fold


def _score(problem: Problem, record: TrialRecord | None) -> float:
    """More is better, as scikit-learn has it."""
    loss = problem.loss(record) if record else None
    return float("nan") if loss is None else -loss


def _scores(results: Mapping[str, Any], folds: int, problem: Problem) -> Iterable[dict[str, Any]]:
    """scikit-learn's table with the metric's own sign; null where a fold failed."""
    sign = 1.0 if problem.maximized else -1.0
    for i, params in enumerate(results["params"]):
        judged = [float(sign * results[f"split{fold}_test_score"][i]) for fold in range(folds)]
        mean, deviation = float(sign * results["mean_test_score"][i]), float(results["std_test_score"][i])
        yield {
            "settings": dict(params),
            "mean": _finite(mean),
            "std": _finite(deviation),
            "rank": int(results["rank_test_score"][i]),
            "folds": [_finite(value) for value in judged],
        }


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
