"""Differences from the tabular model are paired, signed and never a crash."""

import json
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from models.config import EvaluateConfig
from models.multi_task.evaluation import evaluate_multi_task
from tests.models.tables import carts, truth

QUICK = EvaluateConfig(bootstrap=60)


def scores_of(n: int) -> dict[str, npt.NDArray[np.float64]]:
    """A blurred truth as the tabular model; beside it a guess, the guess again, and the truth."""
    best = truth(carts(n, 3))
    noise = np.random.default_rng(0).normal(size=n)
    blurred = 1 / (1 + np.exp(-(np.log(best / (1 - best)) + noise)))
    flat = np.random.default_rng(1).random(n)
    return {"tabular": blurred, "session": flat, "session_multi_task": flat, "tabular_and_session": best}


def test_every_network_has_its_figures_and_its_difference_from_the_tabular_model() -> None:
    found = evaluate_multi_task(carts(2000, 3), scores_of(2000), QUICK, 0)
    json.dumps(found, allow_nan=False)
    assert list(found["test"]) == ["tabular", "session", "session_multi_task", "tabular_and_session"]
    for name, row in found["differences"].items():
        for metric, (difference, low, high) in row.items():
            assert difference == pytest.approx(found["test"][name][metric] - found["test"]["tabular"][metric])
            assert low <= high
    assert found["differences"]["tabular_and_session"]["auc"][1] > 0
    assert found["differences"]["session"]["auc"][2] < 0
    assert found["differences"]["session"]["log_loss"][1] > 0
    assert found["second_task"] == {metric: [0.0, 0.0, 0.0] for metric in found["second_task"]}
    assert found["counts"] == {"examples": 2000, "sessions": 1000}


def test_one_class_is_told_and_not_a_crash() -> None:
    test = replace(carts(100, 3), abandoned=np.ones(100, np.int8))
    found = evaluate_multi_task(test, scores_of(100), QUICK, 0)
    assert found["test"]["session"]["auc"] is None
    assert found["differences"]["session"]["auc"] is None
    assert found["second_task"]["auc"] is None
    assert found["differences"]["session"]["brier"] is not None


def test_the_same_seed_gives_the_same_figures() -> None:
    runs = [evaluate_multi_task(carts(300, 3), scores_of(300), QUICK, 7) for _ in range(2)]
    assert json.dumps(runs[0]) == json.dumps(runs[1])
