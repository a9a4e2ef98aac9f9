"""Permutation importance: how much worse the predictions get when one feature is shuffled among the carts."""

import numpy as np
import numpy.typing as npt
from scipy import stats
from sklearn.inspection import permutation_importance
from sklearn.metrics import average_precision_score, roc_auc_score

from data.errors import InputError
from data.examples import Examples
from explain.attributing.explanations import METRICS, Importance
from explain.attributing.lookup import Lookup, Matrix, Predict

Drops = dict[str, tuple[list[float], list[float], list[float]]]


def permutation(
    encoded: Matrix, columns: npt.NDArray[np.int64], predict: Predict, examples: Examples, repeats: int, seed: int
) -> Importance:
    """Permutation importance (Breiman 2001; Fisher et al. 2019) of every feature on held-out examples.

    Args:
        encoded: float32 (n, D), the encoded examples.
        columns: (D,) position of the feature each encoded column came from.
        predict: (n, D) → (n,) score, higher where abandonment is likelier, such as `adapter.compiled` gives; called
            (F + 1) × repeats times.
        examples: the n examples, with labels of both classes.
        repeats: resamples, at least 2.
        seed: of resampling and shuffling.

    Raises:
        InputError: the labels are of one class only.
    """
    summary = metric_drops(encoded, columns, predict, examples, repeats, seed)
    return Importance(
        specs=examples.specs,
        mean={metric: tuple(summary[metric][0]) for metric in METRICS},
        low={metric: tuple(summary[metric][1]) for metric in METRICS},
        high={metric: tuple(summary[metric][2]) for metric in METRICS},
        score=_scores(predict(encoded), examples.abandoned),
        rows=len(examples),
        repeats=repeats,
    )


def metric_drops(
    encoded: Matrix, columns: npt.NDArray[np.int64], predict: Predict, examples: Examples, repeats: int, seed: int
) -> Drops:
    """Metric → mean, low and high drop for each of the P parts that `columns` names, features or groups of them.

    Each repeat draws the sessions anew with replacement and shuffles every part once, by scikit-learn. The interval
    is Student's, from the spread of the repeats: it holds both the luck of the shuffle and the luck of which sessions
    are in the test set, so that few carts give wide intervals.

    Args:
        encoded: float32 (n, D), the encoded examples.
        columns: (D,) part that each encoded column belongs to, 0 to P − 1; the columns of a part move together.
        predict: (n, D) → (n,) score.
        examples: the n examples, with labels of both classes.
        repeats: resamples, at least 2.
        seed: of resampling and shuffling.

    Raises:
        InputError: the labels are of one class only.
    """
    labels = examples.abandoned
    if len(np.unique(labels)) < 2:
        raise InputError(
            f"Permutation importance needs carts that were left and carts that were bought among the {len(labels)} "
            "examples. Received: one class only. Use a longer log or a larger test share."
        )
    estimator = Lookup(encoded, columns, predict)
    drops = [_repeat(estimator, examples, seed, repeat) for repeat in range(repeats)]
    return {metric: _interval(np.array([drop[metric] for drop in drops])) for metric in METRICS}


def _repeat(estimator: Lookup, examples: Examples, seed: int, repeat: int) -> dict[str, npt.NDArray[np.float64]]:
    rows = _resample(examples, np.random.default_rng((seed, repeat)))
    found = permutation_importance(
        estimator,
        np.repeat(rows[:, None], estimator.columns.max() + 1, axis=1),
        examples.abandoned[rows],
        scoring=lambda model, X, y: _scores(model.predict(X), y),
        n_repeats=1,
        random_state=seed + repeat,
    )
    return {metric: found[metric].importances[:, 0] for metric in METRICS}


def _scores(predicted: npt.NDArray[np.float64], labels: npt.NDArray[np.int8]) -> dict[str, float]:
    return {
        "auc": float(roc_auc_score(labels, predicted)),
        "average_precision": float(average_precision_score(labels, predicted)),
    }


def _resample(examples: Examples, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """Rows of sessions drawn with replacement, drawn again while one class is missing."""
    keys = examples.keys["session_id"].fillna(examples.keys["visitor_id"])
    codes, groups = keys.factorize()
    if len(groups) < 2:  # no sessions named: each row stands for itself
        codes = np.arange(len(examples))
    # Rows without any key stand for themselves.
    codes = np.where(codes < 0, len(groups) + np.arange(len(examples)), codes)
    order = np.argsort(codes, kind="stable")
    _, starts, counts = np.unique(codes[order], return_index=True, return_counts=True)
    while True:
        drawn = generator.integers(0, len(starts), len(starts))
        rows = np.concatenate([order[starts[group] : starts[group] + counts[group]] for group in drawn])
        if 0 < examples.abandoned[rows].sum() < len(rows):
            return rows


def _interval(drops: npt.NDArray[np.float64]) -> tuple[list[float], list[float], list[float]]:
    """Mean and 95% interval over repeats (axis 0)."""
    mean, spread = drops.mean(axis=0), drops.std(axis=0, ddof=1)
    half = stats.t.ppf(0.975, len(drops) - 1) * spread
    return mean.tolist(), (mean - half).tolist(), (mean + half).tolist()
