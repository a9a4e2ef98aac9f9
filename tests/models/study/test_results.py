"""How alternatives are ranked: by what no choice has seen, with the luck of seeds and sample."""

from typing import Any

import numpy as np
import pytest

from models.study.alternatives import Alternative
from models.study.results import NEAR, Tried, Yardstick, summarize
from models.trials.trial import TrialRecord

AUC = Yardstick("val_auc", "auc", 1.0, 0.5)
LOSS = Yardstick("val_loss", "recall", -1.0, None)


def run(judged: float, resamples: list[float], curve: list[float], metric: str = "val_auc", **rest: Any) -> TrialRecord:
    key = "auc" if metric == "val_auc" else "recall"
    return TrialRecord(
        name="r", settings={"alternative": "x", "seed": 1, "optimizer.learning_rate": 0.1}, status="completed",
        metrics={metric: max(curve)}, history={metric: curve}, best_epoch=0, epochs=len(curve), seconds=10.0,
        error=None, extra={"judged": {key: judged}, "resamples": resamples, "steps_per_epoch": 7}, **rest,
    )  # fmt: skip


def failed(error: str) -> TrialRecord:
    return TrialRecord(
        name="f", settings={"alternative": "x"}, status="failed", metrics={}, history={}, best_epoch=-1, epochs=0,
        seconds=1.0, error=error, extra={},
    )  # fmt: skip


def tried(name: str, runs: list[TrialRecord], trials: list[TrialRecord] | None = None) -> Tried:
    return Tried(Alternative(name, name.upper(), {}), trials or [], runs)


def around(mean: float, spread: float, seed: int = 0) -> list[float]:
    return list(mean + spread * np.random.default_rng(seed).standard_normal(400))


def test_the_best_comes_first_and_only_what_its_interval_reaches_is_level() -> None:
    luck = np.array(around(0.0, 0.01))
    result = summarize(
        [
            tried("far", [run(0.60, list(0.60 + luck), [0.55, 0.6])]),
            tried("best", [run(0.64, list(0.64 + luck), [0.6, 0.64])]),
            tried("near", [run(0.639, list(0.639 + luck + np.array(around(0, 0.002, 1))), [0.6, 0.63])]),
        ],
        AUC,
    )
    rows = {row["name"]: row for row in result["alternatives"]}
    assert [row["name"] for row in result["alternatives"]] == ["best", "near", "far"]
    assert {name: row["level"] for name, row in rows.items()} == {"best": True, "near": True, "far": False}
    assert rows["far"]["behind"] == pytest.approx([0.04, 0.04, 0.04], abs=1e-6)  # the same draws: no luck is left
    assert rows["best"]["quality"][0] == 0.64
    assert rows["best"]["quality"][1] < 0.63 < 0.65 < rows["best"]["quality"][2]
    assert rows["best"]["settings"] == {"optimizer.learning_rate": 0.1}


def test_the_interval_holds_the_luck_of_the_seeds() -> None:
    still = [0.6] * 400
    one = summarize([tried("a", [run(0.6, still, [0.6])])], AUC)["alternatives"][0]
    three = summarize(
        [tried("a", [run(v, [v] * 400, [0.6]) for v in (0.55, 0.6, 0.65)])], AUC
    )["alternatives"][0]  # fmt: skip
    assert one["quality"] == pytest.approx([0.6, 0.6, 0.6])
    assert three["quality"][0] == pytest.approx(0.6)
    assert three["quality"][2] - three["quality"][1] > 0.04


def test_the_target_is_most_of_the_way_from_chance_to_the_best_and_time_to_it_is_of_all_seeds() -> None:
    fast = tried("fast", [run(0.6, [0.6] * 10, [0.6, 0.7, 0.7]), run(0.6, [0.6] * 10, [0.5, 0.55, 0.7])])
    never = tried("never", [run(0.5, [0.5] * 10, [0.7, 0.7, 0.7]), run(0.5, [0.5] * 10, [0.5, 0.5, 0.5])])
    result = summarize([fast, never], AUC)
    rows = {row["name"]: row for row in result["alternatives"]}
    assert result["target"] == pytest.approx(0.5 + NEAR * 0.2)
    assert rows["fast"]["epochs_to_target"] == 2.5
    assert rows["fast"]["steps_to_target"] == 2.5 * 7
    assert rows["fast"]["seconds_to_target"] == pytest.approx(10 * 2.5 / 3)
    assert rows["never"]["epochs_to_target"] is None


def test_less_of_a_loss_is_better() -> None:
    good = tried("good", [run(0.3, [0.3] * 10, [5.0, 3.0], "val_loss")])
    bad = tried("bad", [run(0.2, [0.2] * 10, [6.0, 4.0], "val_loss")])
    result = summarize([bad, good], LOSS)
    assert result["target"] == pytest.approx(6.0 + NEAR * (3.0 - 6.0))
    assert [row["epochs_to_target"] for row in result["alternatives"]] == [2.0, None]


def test_what_failed_comes_last_with_its_reason_and_all_may_fail() -> None:
    result = summarize([tried("bad", [], [failed("NaN in epoch 1")]), tried("ok", [run(0.6, [0.6] * 9, [0.6])])], AUC)
    assert [row["name"] for row in result["alternatives"]] == ["ok", "bad"]
    assert result["alternatives"][1]["error"] == "NaN in epoch 1"
    assert result["alternatives"][1]["trials"][0]["status"] == "failed"
    none = summarize([tried("bad", [], [failed("x")])], AUC)
    assert none["target"] is None
