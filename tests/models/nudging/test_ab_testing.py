"""The same carts under several ways to nudge."""

import numpy as np
import pytest

from models.nudging.ab_testing import NOTHING, Arm, Carts, apart, compare, follow, means, outcome, single
from models.nudging.pilot import Bools, Floats

N = 60_000
RNG = np.random.default_rng(3)
P = RNG.uniform(0.3, 0.95, N)
Q = P * RNG.uniform(0.7, 1.0, N)
VALUE, VISITORS = RNG.uniform(5, 100, N), np.arange(N) // 3
LEFT = RNG.random(N) < P
LUCK = np.random.default_rng(4).random(N)
DRAWN = follow(LEFT, P, Q, LUCK)
SOME = Arm(RNG.random(N) < 0.4)
NOBODY = Arm(np.zeros(N, dtype=bool))


def shop(left: Bools | Floats, if_nudged: Bools | Floats) -> Carts:
    return Carts(VALUE, left, {NOTHING: if_nudged}, VISITORS)


def test_a_nudge_is_followed_with_the_probability_that_is_true_and_never_loses_a_cart() -> None:
    assert not (DRAWN & ~LEFT).any()
    for low in (0.3, 0.5, 0.7, 0.9):
        rows = (low <= P) & (low + 0.05 > P)
        spread = np.sqrt((Q[rows] * (1 - Q[rows])).sum()) / rows.sum()
        assert DRAWN[rows].mean() == pytest.approx(Q[rows].mean(), abs=3.5 * spread)


def test_the_expected_gain_is_the_sum_over_the_nudged_carts() -> None:
    gain = compare(shop(P, Q), {"none": NOBODY, "list": SOME}, "none", 0.25, 0.5)["list"]["profit"]
    assert gain[0] == pytest.approx((0.25 * VALUE * (P - Q) - 0.5)[SOME.nudged].sum() / N)


def test_what_happens_scatters_around_what_is_expected() -> None:
    arms = {"none": NOBODY, "list": SOME}
    happened = compare(shop(LEFT, DRAWN), arms, "none", 0.25, 0.5)["list"]
    expected = compare(shop(P, Q), arms, "none", 0.25, 0.5)["list"]
    for measure, (_, low, high) in happened.items():
        assert low < expected[measure][0] < high


def test_where_a_nudge_does_nothing_only_its_cost_is_left() -> None:
    nothing = shop(LEFT, follow(LEFT, P, P, LUCK))
    change = compare(nothing, {"none": NOBODY, "list": SOME}, "none", 0.25, 0.5)["list"]
    assert change["abandoned_share"] == (0.0, 0.0, 0.0)
    assert change["profit"][0] == pytest.approx(-0.5 * SOME.nudged.mean())


def test_intervals_of_carts_alone_are_the_textbook_ones_and_visitors_widen_them() -> None:
    left = outcome(shop(LEFT, DRAWN), NOBODY, 0.25, 0.5)[:, :1]
    ((mean, low, high),) = means(left, np.arange(N))
    assert (high - low) / 2 == pytest.approx(1.96 * np.sqrt(mean * (1 - mean) / N), rel=1e-4)
    ((_, wide_low, wide_high),) = means(np.repeat(left[::3], 3, axis=0), VISITORS)
    assert (wide_high - wide_low) / (high - low) == pytest.approx(np.sqrt(3), rel=0.02)


def test_arms_of_different_visitors_differ_with_the_errors_of_both() -> None:
    carts = shop(LEFT, DRAWN)
    even = np.equal(VISITORS % 2, 0)
    one, other = (single(carts.take(rows), SOME.take(rows), 0.25, 0.5) for rows in (even, ~even))
    mean, low, high = apart(one, other)["abandoned_share"]
    half, half_other = ((arm["abandoned_share"][2] - arm["abandoned_share"][1]) / 2 for arm in (one, other))
    assert mean == pytest.approx(one["abandoned_share"][0] - other["abandoned_share"][0])
    assert (high - low) / 2 == pytest.approx(np.hypot(half, half_other))
    assert low < 0 < high


def test_what_is_shown_with_a_nudge_decides_what_follows_it() -> None:
    carts = Carts(VALUE, P, {NOTHING: Q, "items": 0.9 * Q}, VISITORS)
    bare, shown = (outcome(carts, Arm(SOME.nudged, what), 0.25, 0.5) for what in (NOTHING, "items"))
    np.testing.assert_allclose((bare - shown)[:, 0], 0.1 * Q * SOME.nudged)
    np.testing.assert_array_equal(outcome(carts, Arm(NOBODY.nudged, "items"), 0.25, 0.5)[:, 0], P)
