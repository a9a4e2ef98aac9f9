"""Metrics agree with closed forms and with scikit-learn; intervals cover."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from models.binary_metrics import (
    METRICS,
    binary_metrics,
    bootstrap_auc,
    bootstrap_gap,
    bootstrap_metrics,
    expected_calibration_error,
    interval,
    resample_weights,
)


def sample(n: int, seed: int, digits: int = 8) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    scores = generator.uniform(0.05, 0.95, n).round(digits)
    return (generator.random(n) < scores).astype(np.int8), scores


def test_shares_that_come_true_have_no_calibration_error() -> None:
    scores = np.repeat([0.1, 0.5, 0.8], 10)
    labels = np.concatenate([[1] + [0] * 9, [1] * 5 + [0] * 5, [1] * 8 + [0] * 2]).astype(np.int8)
    assert expected_calibration_error(labels, scores, 15) == pytest.approx(0.0, abs=1e-12)
    assert expected_calibration_error(labels, scores + 0.05, 15) == pytest.approx(0.05)


def test_a_constant_score_has_one_bin_whatever_the_order_of_the_rows() -> None:
    labels = np.array([0] * 50 + [1] * 50, np.int8)
    assert expected_calibration_error(labels, np.full(100, 0.5), 10) == pytest.approx(0.0)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), digits=st.sampled_from([1, 2, 8]))
def test_weights_of_a_resample_count_as_repeated_rows(seed: int, digits: int) -> None:
    labels, scores = sample(60, seed, digits)
    clusters = np.random.default_rng(seed).integers(0, 20, 60)
    clusters = np.unique(clusters, return_inverse=True)[1]
    drawn = bootstrap_metrics(labels, {"m": scores}, clusters, 3, 5, seed)["m"]
    weights = np.concatenate(list(resample_weights(clusters, 3, seed))).astype(int)
    for row, times in zip(drawn, weights, strict=True):
        y, p = np.repeat(labels, times), np.repeat(scores, times)
        if y.min() == y.max():
            assert np.isnan(row[:2]).all()
            continue
        expected = [
            roc_auc_score(y, p),
            average_precision_score(y, p),
            log_loss(y, p),
            brier_score_loss(y, p),
        ]
        np.testing.assert_allclose(row[:4], expected, rtol=1e-9)


def test_a_resample_draws_whole_clusters_as_many_as_there_are() -> None:
    clusters = np.array([0, 0, 0, 1, 2, 2])
    for weights in resample_weights(clusters, 50, 0):
        assert (weights[:, 0] == weights[:, 2]).all()
        assert (weights[:, 4] == weights[:, 5]).all()
        assert (weights[:, [0, 3, 4]].sum(axis=1) == 3).all()


def test_resampling_does_not_depend_on_how_it_is_cut_into_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    labels, scores = sample(100, 0)
    whole = bootstrap_metrics(labels, {"m": scores}, np.arange(100), 20, 5, 1)["m"]
    monkeypatch.setattr("models.binary_metrics.CELLS", 300)
    np.testing.assert_allclose(bootstrap_metrics(labels, {"m": scores}, np.arange(100), 20, 5, 1)["m"], whole)


def test_intervals_cover_the_truth() -> None:
    # Scores uniform on (0, 1) and labels drawn from them: the AUC is 5/6.
    covered = 0
    for seed in range(100):
        generator = np.random.default_rng(seed)
        scores = generator.random(400)
        labels = (generator.random(400) < scores).astype(np.int8)
        edges = interval(bootstrap_auc(labels, scores, np.arange(400), 200, seed))
        assert edges is not None
        covered += edges[0] <= 5 / 6 <= edges[1]
    assert covered >= 87


def test_repeated_rows_of_a_session_make_intervals_no_narrower() -> None:
    labels, scores = sample(300, 3)
    once = interval(bootstrap_auc(labels, scores, np.arange(300), 400, 0))
    rows = np.repeat(np.arange(300), 3)
    thrice = interval(bootstrap_auc(labels[rows], scores[rows], rows, 400, 0))
    assert once is not None
    assert thrice is not None
    np.testing.assert_allclose(once, thrice)


def test_differences_are_paired() -> None:
    labels, scores = sample(200, 5)
    drawn = bootstrap_metrics(labels, {"a": scores, "b": scores}, np.arange(200), 50, 5, 0)
    np.testing.assert_array_equal(drawn["a"], drawn["b"])


def test_what_is_not_defined_is_none() -> None:
    one_class = binary_metrics(np.ones(3, np.int8), np.full(3, 0.5), 5)
    assert one_class["auc"] is None
    assert one_class["average_precision"] is None
    assert one_class["brier"] == pytest.approx(0.25)
    assert binary_metrics(np.zeros(0, np.int8), np.zeros(0), 5) == dict.fromkeys(METRICS)
    assert interval(np.array([np.nan, np.nan, 1.0])) is None


def test_one_sure_mistake_does_not_cost_infinity() -> None:
    loss = binary_metrics(np.array([1, 0], np.int8), np.array([0.0, 0.0]), 1)["log_loss"]
    assert loss is not None
    assert loss < 20


def test_the_interval_of_a_calibration_error_surrounds_it() -> None:
    labels, scores = sample(3000, 7)
    estimate = expected_calibration_error(labels, scores, 15)
    drawn = bootstrap_metrics(labels, {"m": scores}, np.arange(3000), 200, 15, 0)["m"][:, METRICS.index("ece")]
    low, high = interval(drawn, around=estimate) or (np.nan, np.nan)
    assert low <= estimate <= high
    assert drawn.mean() > estimate  # which is why the interval is moved


def test_the_calibration_gap_of_alike_rows_is_the_same_in_every_resample() -> None:
    labels = np.array([0, 1, 1, 0, 1], dtype=np.int8)
    drawn = bootstrap_gap(labels, labels + np.float64(0.1), np.array([0, 0, 1, 2, 2]), 20, 0)
    np.testing.assert_allclose(drawn, 0.1)


def test_the_calibration_gap_is_the_weighted_mean_of_whole_sessions() -> None:
    scores = np.array([0.5, 0.5, 0.9])  # gaps −0.5, −0.5 of one session and 0.9 of another
    drawn = bootstrap_gap(np.array([1, 1, 0], dtype=np.int8), scores, np.array([0, 0, 1]), 200, 0)
    assert set(np.round(drawn, 6)) == {-0.5, 0.9, round(-0.1 / 3, 6)}
