"""Does the session help the tabular abandonment model? All of them on the same test examples."""

from collections.abc import Mapping
from typing import Any

from data.examples import Examples
from models.binary_metrics import binary_metrics, bootstrap_metrics
from models.config import EvaluateConfig
from models.evaluation import Floats, clusters_of, differences_of, intervals_of
from models.multi_task.training import MULTI_TASK, SESSION

TABULAR = "tabular"
COMPARED = ("auc", "average_precision", "log_loss", "brier")
"""Metrics whose differences are told; resampling inflates a calibration error, and so a difference of two."""


def evaluate_multi_task(
    test: Examples, scores: Mapping[str, Floats], evaluate: EvaluateConfig, seed: int
) -> dict[str, Any]:
    """Metrics of the tabular model and the three networks, and what each has over the tabular model.

    Args:
        test: n examples, which no training, stopping or calibration has seen.
        scores: "tabular" and each of `multi_task_training.NETWORKS` → (n,) probabilities of "abandoned".
        evaluate: resamples and bins.
        seed: of the bootstrap.

    Returns:
        `test` and `test_intervals` {name: {metric: …}}; `differences` {network: {metric: [difference, low, high]}} less
        the tabular model; `second_task` {metric: [difference, low, high]}, the session's network with both tasks less
        the one with one; `counts` {examples, sessions}. Intervals are 95%, over whole sessions, and differences
        paired. What is not defined (an AUC on one class) is None.
    """
    labels, clusters = test.abandoned, clusters_of(test.keys)
    points = {name: binary_metrics(labels, one, evaluate.bins) for name, one in scores.items()}
    drawn = bootstrap_metrics(labels, scores, clusters, evaluate.bootstrap, evaluate.bins, seed) if len(test) else {}
    networks = [name for name in scores if name != TABULAR]
    return {
        "test": points,
        "test_intervals": {name: intervals_of(points[name], drawn.get(name)) for name in scores},
        "differences": {name: differences_of(points, drawn, name, TABULAR, COMPARED) for name in networks},
        "second_task": differences_of(points, drawn, MULTI_TASK, SESSION, COMPARED),
        "counts": {"examples": len(test), "sessions": int(clusters.max(initial=-1)) + 1},
    }
