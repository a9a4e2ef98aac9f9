"""The figures of an evaluation are right, complete and never a crash."""

import json
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from models.binary_metrics import METRICS
from models.config import CostConfig, EvaluateConfig
from models.evaluation import clusters_of, evaluate_abandonment
from tests.models.tables import carts, truth

QUICK = EvaluateConfig(bootstrap=60)


def scores_of(n: int, seed: int = 3) -> dict[str, npt.NDArray[np.float64]]:
    probability = truth(carts(n, seed))
    return {"model": probability, "flat": np.full(n, 0.5), "same": probability}


def test_figures_and_curves_have_their_form() -> None:
    metrics, curves = evaluate_abandonment(carts(2000, 3), scores_of(2000), QUICK, CostConfig(), 0.5, 0)
    json.dumps([metrics, curves], allow_nan=False)
    assert set(metrics["test"]) == set(METRICS) == set(metrics["test_intervals"])
    assert set(metrics["baselines"]) == {"flat", "same"} == set(metrics["differences"])
    assert metrics["counts"] == {
        "examples": 2000,
        "sessions": 1000,
        "abandoned_share": pytest.approx(carts(2000, 3).abandoned.mean()),
    }
    assert metrics["warnings"] == []
    assert 0.0 < metrics["threshold"]["list_error"] < 0.1
    for low, high in metrics["test_intervals"].values():
        assert low < high
    for kind in ("roc", "precision_recall", "lift"):
        for name, curve in curves[kind].items():
            assert len(curve["x"]) == len(curve["y"]) <= 201, (kind, name)
            assert np.all(np.diff(curve["x"]) >= 0)


def test_a_model_beats_a_flat_guess_and_equals_itself() -> None:
    metrics, _ = evaluate_abandonment(carts(2000, 3), scores_of(2000), QUICK, CostConfig(), 0.5, 0)
    difference, low, _ = metrics["differences"]["flat"]["auc"]
    assert difference == pytest.approx(metrics["test"]["auc"] - 0.5)
    assert low > 0
    assert metrics["differences"]["same"]["log_loss"] == [0.0, 0.0, 0.0]


def test_the_same_seed_gives_the_same_figures() -> None:
    runs = [evaluate_abandonment(carts(300, 3), scores_of(300), QUICK, CostConfig(), 0.5, 7) for _ in range(2)]
    assert json.dumps(runs[0]) == json.dumps(runs[1])


def test_slices_say_how_many_and_how_good() -> None:
    test = carts(2000, 3)
    metrics, _ = evaluate_abandonment(test, scores_of(2000), QUICK, CostConfig(), 0.5, 0)
    returning = next(one for one in metrics["slices"] if one["slice"] == "returning visitor")
    rows = test.features["visitor_sessions"] > 0
    assert returning["n"] == rows.sum()
    assert returning["abandoned_share"] == pytest.approx(test.abandoned[rows].mean())
    assert returning["auc_interval"][0] < returning["auc"] < returning["auc_interval"][1]


def test_few_carts_are_warned_of_in_words() -> None:
    metrics, _ = evaluate_abandonment(carts(31, 3), scores_of(31), QUICK, CostConfig(), 0.5, 0)
    assert metrics["warnings"][0].startswith("Only 31 test carts of 16 sessions: so few can prove little.")


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_is_told_and_not_a_crash(label: int) -> None:
    test = replace(carts(300, 3), abandoned=np.full(300, label, np.int8))
    metrics, curves = evaluate_abandonment(test, scores_of(300), QUICK, CostConfig(), 0.5, 0)
    json.dumps([metrics, curves], allow_nan=False)
    assert metrics["test"]["auc"] is None
    assert metrics["test_intervals"]["auc"] is None
    assert metrics["differences"]["flat"]["auc"] is None
    assert "not defined" in metrics["warnings"][-1]


@pytest.mark.parametrize("n", [0, 1, 2])
def test_next_to_nothing_is_not_a_crash(n: int) -> None:
    scores = {name: one[:n] for name, one in scores_of(4).items()}
    test = carts(4, 3).take(np.arange(n))
    metrics, curves = evaluate_abandonment(test, scores, QUICK, CostConfig(), 0.5, 0)
    json.dumps([metrics, curves], allow_nan=False)
    assert metrics["warnings"]


def test_rows_belong_together_by_session_else_visitor_else_alone() -> None:
    keys = pd.DataFrame({"session_id": ["a", "a", "b"], "visitor_id": ["v", "v", "v"]})
    assert clusters_of(keys).tolist() == [0, 0, 1]
    assert clusters_of(keys.assign(session_id=None)).tolist() == [0, 0, 0]
    assert clusters_of(keys.assign(session_id=None, visitor_id=None)).tolist() == [0, 1, 2]
    mixed = pd.DataFrame({"session_id": ["a", None, "a", None], "visitor_id": ["v", None, "v", None]})
    assert clusters_of(mixed).tolist() == [0, 1, 0, 2]
