"""The same carts under several ways to nudge."""

import numpy as np
import pytest

from models.ab_testing import Carts, apart, carts_needed, compare, follow, means, outcome, single

N = 60_000
RNG = np.random.default_rng(3)
P = RNG.uniform(0.3, 0.95, N)
Q = P * RNG.uniform(0.7, 1.0, N)
VALUE, VISITORS = RNG.uniform(5, 100, N), np.arange(N) // 3
LEFT = RNG.random(N) < P
DRAWN = follow(LEFT, P, Q, np.random.default_rng(4))
SOME = RNG.random(N) < 0.4
NOBODY = np.zeros(N, dtype=bool)


def test_a_nudge_is_followed_with_the_probability_that_is_true_and_never_loses_a_cart() -> None:
    assert not (DRAWN & ~LEFT).any()
    for low in (0.3, 0.5, 0.7, 0.9):
        rows = (low <= P) & (low + 0.05 > P)
        spread = np.sqrt((Q[rows] * (1 - Q[rows])).sum()) / rows.sum()
        assert DRAWN[rows].mean() == pytest.approx(Q[rows].mean(), abs=3.5 * spread)


def test_the_expected_gain_is_the_sum_over_the_nudged_carts() -> None:
    gain = compare(Carts(VALUE, P, Q, VISITORS), {"none": NOBODY, "list": SOME}, "none", 0.25, 0.5)["list"]["profit"]
    assert gain[0] == pytest.approx((0.25 * VALUE * (P - Q) - 0.5)[SOME].sum() / N)


def test_what_happens_scatters_around_what_is_expected() -> None:
    arms = {"none": NOBODY, "list": SOME}
    happened = compare(Carts(VALUE, LEFT, DRAWN, VISITORS), arms, "none", 0.25, 0.5)["list"]
    expected = compare(Carts(VALUE, P, Q, VISITORS), arms, "none", 0.25, 0.5)["list"]
    for measure, (_, low, high) in happened.items():
        assert low < expected[measure][0] < high


def test_where_a_nudge_does_nothing_only_its_cost_is_left() -> None:
    nothing = Carts(VALUE, LEFT, follow(LEFT, P, P, np.random.default_rng(4)), VISITORS)
    change = compare(nothing, {"none": NOBODY, "list": SOME}, "none", 0.25, 0.5)["list"]
    assert change["abandoned_share"] == (0.0, 0.0, 0.0)
    assert change["profit"][0] == pytest.approx(-0.5 * SOME.mean())


def test_intervals_of_carts_alone_are_the_textbook_ones_and_visitors_widen_them() -> None:
    left = outcome(Carts(VALUE, LEFT, DRAWN, VISITORS), NOBODY, 0.25, 0.5)[:, :1]
    ((mean, low, high),) = means(left, np.arange(N))
    assert (high - low) / 2 == pytest.approx(1.96 * np.sqrt(mean * (1 - mean) / N), rel=1e-4)
    ((_, wide_low, wide_high),) = means(np.repeat(left[::3], 3, axis=0), VISITORS)
    assert (wide_high - wide_low) / (high - low) == pytest.approx(np.sqrt(3), rel=0.02)


def test_arms_of_different_visitors_differ_with_the_errors_of_both() -> None:
    carts = Carts(VALUE, LEFT, DRAWN, VISITORS)
    even = np.equal(VISITORS % 2, 0)
    one, other = (single(carts.take(rows), SOME[rows], 0.25, 0.5) for rows in (even, ~even))
    mean, low, high = apart(one, other)["abandoned_share"]
    half, half_other = ((arm["abandoned_share"][2] - arm["abandoned_share"][1]) / 2 for arm in (one, other))
    assert mean == pytest.approx(one["abandoned_share"][0] - other["abandoned_share"][0])
    assert (high - low) / 2 == pytest.approx(np.hypot(half, half_other))
    assert low < 0 < high


def test_carts_needed_of_a_textbook_case() -> None:
    assert carts_needed(0.5, 0.6) == pytest.approx(384.6, abs=0.5)
    assert carts_needed(0.5, 0.5) is None
