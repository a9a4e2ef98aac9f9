from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import roc_auc_score

from explain.attributing.explanations import sigmoid
from explain.attributing.lookup import Floats, Lookup, Matrix, Predict
from explain.whole.parts import Parts, ablate, without
from tests.explain.whole.boards import COLUMNS, encode, random

CARTS, BACKGROUND = random(500), random(15, seed=1)
LABELS = (CARTS.features["a"].to_numpy() + np.random.default_rng(2).normal(size=500) > 0).astype(np.int8)
GROUPS = {"one": ("a",), "rest": ("b", "c")}


def by_a(rows: Matrix) -> Floats:
    return np.asarray(2 * rows[:, 0], dtype=np.float64)


def parts(predict: Predict = by_a, labels: npt.NDArray[np.int8] = LABELS) -> Parts:
    carts = replace(CARTS, abandoned=labels)
    return ablate(encode(CARTS), encode(BACKGROUND), COLUMNS, predict, carts, GROUPS, 0)


def test_without_a_part_the_risk_is_the_mean_over_the_background() -> None:
    def predict(rows: Matrix) -> Floats:
        return np.asarray(rows[:, 0] * rows[:, 2] + rows[:, 5], dtype=np.float64)

    lookup = Lookup(np.concatenate([encode(CARTS), encode(BACKGROUND)]), COLUMNS, predict)
    found = without(lookup, len(CARTS), [1, 2], 3)
    a = CARTS.features["a"].to_numpy(float)
    b, blue = BACKGROUND.features["b"].to_numpy(float), (BACKGROUND.features["c"] == "blue").to_numpy(float)
    assert_allclose(found, sigmoid(a[:, None] * b + blue).mean(axis=1), atol=1e-6)


def test_the_only_part_used_brings_all_and_the_other_nothing() -> None:
    first, second = parts().parts
    assert first.name == "one"
    assert first.auc_lost is not None
    assert first.log_loss_gained is not None
    assert first.auc_lost[0] == pytest.approx(roc_auc_score(LABELS, CARTS.features["a"]) - 0.5)
    assert first.auc_lost[1] > 0
    assert first.log_loss_gained[1] > 0
    for unused in (second.auc_lost, second.log_loss_gained):
        assert unused is not None
        assert_allclose(unused, 0.0, atol=1e-12)


def test_a_part_that_misleads_is_better_without() -> None:
    found = next(part for part in parts(lambda rows: -by_a(rows)).parts if part.name == "one")
    for lost in (found.auc_lost, found.log_loss_gained):
        assert lost is not None
        assert lost[2] < 0


def test_carts_of_one_class_have_no_auc() -> None:
    found = parts(labels=np.ones(500, np.int8)).parts
    assert [part.auc_lost for part in found] == [None, None]
    assert all(part.log_loss_gained is not None for part in found)
