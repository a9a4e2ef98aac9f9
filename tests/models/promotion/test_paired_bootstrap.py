"""The fast draws are the slow ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.binary_metrics import METRICS, binary_metrics, bootstrap_metrics
from models.promotion.paired_bootstrap import PAIRED, paired_draws


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), digits=st.sampled_from([1, 2, 8]), bins=st.sampled_from([1, 5, 15]))
def test_draws_are_those_of_the_metrics_themselves(seed: int, digits: int, bins: int) -> None:
    rng = np.random.default_rng(seed)
    scores = {name: rng.uniform(0.05, 0.95, 60).round(digits) for name in ("champion", "challenger")}
    labels = (rng.random(60) < scores["champion"] ** rng.integers(1, 9)).astype(np.int8)
    clusters = np.unique(rng.integers(0, 20, 60), return_inverse=True)[1]
    expected = bootstrap_metrics(labels, scores, clusters, 8, bins, seed)
    columns = [METRICS.index(metric) for metric in PAIRED]
    for name, drawn in paired_draws(labels, scores, clusters, 8, bins, seed).items():
        np.testing.assert_allclose(drawn.values, expected[name][:, columns], rtol=1e-6, atol=1e-9)
        points = binary_metrics(labels, scores[name], bins)
        expected_points = np.array([points[one] for one in PAIRED], dtype=np.float64)  # None becomes NaN
        np.testing.assert_allclose(drawn.point, expected_points)


def test_draws_do_not_depend_on_the_memory_they_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    scores = rng.random(200)
    labels, clusters = (rng.random(200) < scores).astype(np.int8), np.arange(200) // 2
    whole = paired_draws(labels, {"m": scores}, clusters, 30, 5, 1)["m"].values
    monkeypatch.setattr("models.promotion.paired_bootstrap.CELLS", 500)
    again = paired_draws(labels, {"m": scores}, clusters, 30, 5, 1)["m"].values
    np.testing.assert_allclose(again, whole, rtol=1e-6)
