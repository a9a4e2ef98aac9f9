"""A pilot measures the response that is there."""

import numpy as np
import pytest
from scipy.special import expit, logit

from models.nudging.pilot import MOST, Pilot, PilotCarts, Shift, measure_pilot

SHIFTS = np.array([0.15, 0.6, 1.4])


def pilot(n: int, seed: int, shifts: np.ndarray = SHIFTS, wrong: float = 0.0) -> tuple[Pilot, float]:
    """A pilot over n carts whose segments respond so, and the true share rescued; the model is off by `wrong`."""
    rng = np.random.default_rng(seed)
    visitors = np.arange(n) // 2
    p, segment = rng.uniform(0.4, 0.95, n), rng.integers(0, 3, n)
    q = expit(logit(p) - shifts[segment])
    nudged = (rng.random(n) < 0.5)[visitors]
    left = rng.random(n) < np.where(nudged, q, p)
    carts = PilotCarts(expit(logit(p) + wrong), segment, nudged, left, visitors, np.ones(n))
    return measure_pilot(carts, 3), 1 - q.sum() / p.sum()


def test_shifts_and_rate_come_out_within_their_errors() -> None:
    found, rate = pilot(200_000, 0)
    for one, true in zip(found.segments, SHIFTS, strict=True):
        assert abs(one.shift - true) < 3.5 * one.error
        assert one.error < 0.05
    assert found.rescue_rate[1] < rate < found.rescue_rate[2]
    assert sum(one.carts for one in found.segments) == found.carts == 200_000


def test_the_error_is_how_far_pilots_scatter_and_there_is_no_bias() -> None:
    found = [pilot(4_000, seed)[0].segments[1] for seed in range(200)]
    shifts = np.array([one.shift for one in found])
    assert np.mean([one.error for one in found]) == pytest.approx(shifts.std(), rel=0.15)
    assert shifts.mean() == pytest.approx(SHIFTS[1], abs=3.5 * shifts.std() / np.sqrt(200))


def test_a_wrong_model_does_not_make_a_response() -> None:
    found, _ = pilot(100_000, 1, np.zeros(3), wrong=1.0)
    assert found.rescue_rate[1] < 0 < found.rescue_rate[2]
    assert all(one.interval[0] == 0.0 for one in found.segments)


def test_a_segment_without_carts_says_nothing() -> None:
    rng = np.random.default_rng(0)
    toss, left = rng.random((2, 200)) < 0.5
    carts = PilotCarts(np.full(200, 0.6), np.zeros(200, int), toss, left, np.arange(200), np.ones(200))
    found = measure_pilot(carts, 2)
    assert found.segments[1] == Shift(0, 0.0, MOST)
    assert found.segments[1].interval == (0.0, MOST)
