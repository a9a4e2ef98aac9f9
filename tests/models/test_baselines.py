"""Baselines are what they claim and see no label of the test side."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from data.errors import InputError
from models.baselines import BASELINES, baseline_scores
from tests.models.tables import carts, numbers_only, truth

NAMES = tuple(BASELINES)


def test_both_learn_the_shop() -> None:
    train, validation, test = carts(3000, 1), carts(500, 2), carts(2000, 3)
    scores = baseline_scores(train, validation, test, NAMES, 0)
    best = roc_auc_score(test.abandoned, truth(test))
    for name in NAMES:
        assert scores[name].shape == (2000,)
        assert best - 0.03 < roc_auc_score(test.abandoned, scores[name]) < best + 0.005


def test_the_same_seed_gives_the_same_scores_and_test_labels_do_not_matter() -> None:
    train, validation, test = carts(600, 1), carts(200, 2), carts(100, 3)
    first = baseline_scores(train, validation, test, NAMES, 0)
    again = baseline_scores(train, validation, replace(test, abandoned=1 - test.abandoned), NAMES, 0)
    for name in NAMES:
        np.testing.assert_array_equal(first[name], again[name])


def test_gaps_unseen_categories_and_single_class_validation_are_handled() -> None:
    train, validation, test = carts(300, 1), carts(40, 2), carts(30, 3)
    strange = test.features.assign(category="never seen", n_views=np.float32(np.nan))
    validation = replace(validation, abandoned=np.ones(40, np.int8))
    scores = baseline_scores(train, validation, replace(test, features=strange), NAMES, 0)
    assert all(np.isfinite(one).all() and (one >= 0).all() and (one <= 1).all() for one in scores.values())
    numbers = baseline_scores(numbers_only(train), numbers_only(validation), numbers_only(test), NAMES, 0)
    assert set(numbers) == set(NAMES)


def test_an_unknown_baseline_is_a_clear_error() -> None:
    with pytest.raises(InputError, match=r"one of logistic_regression.*Received: oracle"):
        baseline_scores(carts(10, 1), carts(10, 2), carts(10, 3), ("oracle",), 0)
