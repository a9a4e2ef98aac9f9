"""The abandonment model's quality on the test examples, beside its baselines on the same rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.examples import Examples
from models.binary_metrics import (
    METRICS,
    binary_metrics,
    bootstrap_auc,
    bootstrap_gap,
    bootstrap_metrics,
    expected_calibration_error,
    interval,
)
from models.config import CostConfig, EvaluateConfig
from models.curves import calibration_curve, lift_curve, precision_recall_curve, profit_thresholds, roc_curve
from models.nudging.decision import at_threshold, cart_values
from models.nudging.list_total import risk_error
from models.nudging.response import segment_of, share_in
from models.slices import Slice, slices_of

MODEL = "model"
DIFFERENCES = ("auc", "average_precision", "log_loss")
SLICE_RESAMPLES = 200
ROWS_PER_BIN = 100

Floats = npt.NDArray[np.float64]


def evaluate_abandonment(
    test: Examples,
    scores: Mapping[str, Floats],
    evaluate: EvaluateConfig,
    costs: CostConfig,
    threshold: float,
    seed: int,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Metrics with intervals, differences to the baselines, slices, what the threshold brings, and curves.

    Args:
        test: n examples that had no part in training, tuning, calibration or the threshold.
        scores: "model" and each baseline → (n,) probabilities of "abandoned".
        evaluate: resamples, bins, and what counts as few.
        costs: what a nudge costs and brings.
        threshold: probability from which a cart is nudged, chosen on the validation examples; 1 is "nobody".
        seed: of the bootstrap.

    Returns:
        The "abandonment" part of `metrics.json`, and `curves.json`. A metric that is not defined on these rows (an
        AUC on one class) is None, and a warning says so.
    """
    labels, clusters = test.abandoned, clusters_of(test.keys)
    values, notes = cart_values(test, costs)
    segment, sale = segment_of(test, costs), costs.margin * values
    worth = share_in(scores[MODEL], segment, costs) * sale
    points = {name: binary_metrics(labels, one, evaluate.bins) for name, one in scores.items()}
    drawn = bootstrap_metrics(labels, scores, clusters, evaluate.bootstrap, evaluate.bins, seed) if len(test) else {}
    intervals = {name: intervals_of(points[name], drawn.get(name)) for name in scores}
    baselines = [name for name in scores if name != MODEL]
    metrics = {
        "test": points[MODEL],
        "test_intervals": intervals[MODEL],
        "baselines": {name: points[name] for name in baselines},
        "baseline_intervals": {name: intervals[name] for name in baselines},
        "differences": {name: differences_of(points, drawn, MODEL, name) for name in baselines},
        "calibration_gap": _gap(labels, scores[MODEL], clusters, evaluate.bootstrap, seed) if len(test) else None,
        "threshold": {
            **at_threshold(scores[MODEL], labels, worth, costs, threshold),
            "list_error": risk_error(scores[MODEL], labels, segment, sale, clusters, costs),
            "notes": list(notes),
        },
        "slices": [
            _slice(one, test, scores[MODEL], clusters, evaluate, seed) for one in slices_of(test, scores[MODEL])
        ],
        "counts": {
            "examples": len(test),
            "sessions": int(clusters.max(initial=-1)) + 1,
            "abandoned_share": float(labels.mean()) if len(test) else None,
        },
        "warnings": _warnings(test, clusters, evaluate),
    }
    return metrics, _curves(labels, scores, worth, evaluate, costs)


def clusters_of(keys: pd.DataFrame) -> npt.NDArray[np.int64]:
    """(n,) rows that belong together as 0 … c − 1: of one session, else one visitor; a row without either alone."""
    if keys["session_id"].notna().all():
        codes = pd.factorize(keys["session_id"])[0]
    elif keys["visitor_id"].notna().all():
        codes = pd.factorize(keys["visitor_id"])[0]
    else:
        names = keys["session_id"].fillna(keys["visitor_id"]).astype(object)
        alone = pd.Series([("row", i) for i in range(len(names))], index=names.index, dtype=object)
        codes = pd.factorize(names.where(names.notna(), alone))[0]
    return codes.astype(np.int64)


def intervals_of(point: Mapping[str, float | None], drawn: Floats | None) -> dict[str, list[float] | None]:
    """95% interval of each of `METRICS`, from its values on the test rows and on resamples of them."""
    if drawn is None:
        return dict.fromkeys(METRICS)
    return {
        metric: interval(drawn[:, i], around=point[metric] if metric == "ece" else None)
        for i, metric in enumerate(METRICS)
    }


def differences_of(
    points: Mapping[str, Mapping[str, float | None]],
    drawn: Mapping[str, Floats],
    one: str,
    other: str,
    metrics: Sequence[str] = DIFFERENCES,
) -> dict[str, list[float] | None]:
    """One − other as [difference, low, high] per metric, paired over resamples; None where not defined."""
    result: dict[str, list[float] | None] = {}
    for metric in metrics:
        ours, theirs = points[one][metric], points[other][metric]
        column = METRICS.index(metric)
        edges = interval(drawn[one][:, column] - drawn[other][:, column]) if drawn else None
        result[metric] = None if ours is None or theirs is None or edges is None else [ours - theirs, *edges]
    return result


def _slice(
    part: Slice,
    test: Examples,
    scores: Floats,
    clusters: npt.NDArray[np.int64],
    evaluate: EvaluateConfig,
    seed: int,
) -> dict[str, Any]:
    labels, own = test.abandoned[part.rows], scores[part.rows]
    auc = binary_metrics(labels, own, 1)["auc"]
    groups, resamples = np.unique(clusters[part.rows], return_inverse=True)[1], min(evaluate.bootstrap, SLICE_RESAMPLES)
    edges = None if auc is None else interval(bootstrap_auc(labels, own, groups, resamples, seed))
    return {
        "feature": part.feature,
        "title": part.title,
        "slice": part.label,
        "n": int(part.rows.sum()),
        "abandoned_share": float(labels.mean()),
        "auc": auc,
        "auc_interval": edges,
        "mean_prediction": float(own.mean()),
        "calibration_gap": _gap(labels, own, groups, resamples, seed),
        # Small bins would report their own noise as miscalibration.
        "ece": expected_calibration_error(labels, own, max(1, min(evaluate.bins, len(labels) // ROWS_PER_BIN))),
    }


def _gap(
    labels: npt.NDArray[np.int8], scores: Floats, clusters: npt.NDArray[np.int64], resamples: int, seed: int
) -> list[float]:
    """Mean prediction less the share abandoned, as [gap, low, high]; above 0 the predictions are too high."""
    edges = interval(bootstrap_gap(labels, scores, clusters, resamples, seed))
    assert edges is not None  # a mean of rows is always defined
    return [float((scores - labels).mean()), *edges]


def _warnings(test: Examples, clusters: npt.NDArray[np.int64], evaluate: EvaluateConfig) -> list[str]:
    found: list[str] = []
    abandoned = int(test.abandoned.sum())
    bought = len(test) - abandoned
    if len(test) == 0:
        return ["There are no test carts, so nothing is proven."]
    if len(test) < evaluate.few:
        sessions = int(clusters.max()) + 1
        found.append(
            f"Only {_count(len(test), 'test cart')} of {_count(sessions, 'session')}: so few can prove little. "
            "Read every figure with its interval, and run again on a longer log."
        )
    if min(abandoned, bought) == 0:
        outcome = "abandoned" if bought == 0 else "bought"
        found.append(
            f"All {_count(len(test), 'test cart')} were {outcome}, so AUC and average precision are not defined."
        )
    elif min(abandoned, bought) < 20:
        rare = "bought" if bought < abandoned else "abandoned"
        found.append(
            f"Only {min(abandoned, bought)} of the {_count(len(test), 'test cart')} were {rare}; "
            "AUC and average precision hang on these few."
        )
    return found


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _curves(
    labels: npt.NDArray[np.int8],
    scores: Mapping[str, Floats],
    worth: Floats,
    evaluate: EvaluateConfig,
    costs: CostConfig,
) -> dict[str, Any]:
    return {
        "roc": {name: roc_curve(labels, one) for name, one in scores.items()},
        "precision_recall": {name: precision_recall_curve(labels, one) for name, one in scores.items()},
        "calibration": {name: calibration_curve(labels, one, evaluate.bins) for name, one in scores.items()},
        "lift": {name: lift_curve(labels, one) for name, one in scores.items()},
        "threshold_profit": profit_thresholds(labels, scores[MODEL], worth, costs),
    }
