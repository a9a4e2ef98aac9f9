"""What comes in of what a list made by a pilot promises."""

import numpy as np
import pytest
from scipy.special import expit, logit

from models.config import CostConfig, SegmentConfig
from models.nudging.pilot import Bools, Floats, Ints, PilotCarts, Shift, measure_pilot
from models.nudging.realization import measured, realization
from models.nudging.response import share_in

SEGMENTS, CARTS, VALUE = 8, 16_000, 40.0
SEEDS = range(80)


def shop(segment_shift: float, dear_shift: float | None = None) -> tuple[CostConfig, Floats, Ints, Floats, Floats]:
    """Costs, risk, segments, values and true probabilities after a nudge.

    Half the carts of each segment are worth three times the others, and respond with `dear_shift` where given.
    """
    rng = np.random.default_rng(7)
    risk, segment = rng.uniform(0.5, 0.95, CARTS), np.arange(CARTS) % SEGMENTS
    dear = np.arange(CARTS) // SEGMENTS % 2 == 0
    shift = np.where(dear, segment_shift if dear_shift is None else dear_shift, segment_shift)
    costs = CostConfig(
        nudge_cost=0.6,
        margin=0.25,
        segments=tuple(SegmentConfig(where=f"k == {k}", shift=0.3) for k in range(SEGMENTS)),
    )
    return costs, risk, segment, np.where(dear, 3 * VALUE, VALUE), expit(logit(risk) - shift)


def pilot(risk: Floats, segment: Ints, value: Floats, if_nudged: Floats, seed: int) -> PilotCarts:
    """A pilot whose model knows the risk; two carts to a visitor."""
    rng, visitors = np.random.default_rng(seed), np.arange(len(risk)) // 2
    nudged: Bools = (rng.random(len(risk)) < 0.5)[visitors]
    left = rng.random(len(risk)) < np.where(nudged, if_nudged, risk)
    return PilotCarts(risk, segment, nudged, left, visitors, value)


def promises(segment_shift: float, dear_shift: float | None = None) -> Floats:
    """(seeds, 4) what a list states for the shop's carts and what it is to bring, without and with the realization."""
    costs, risk, segment, value, if_nudged = shop(segment_shift, dear_shift)
    rows = []
    for seed in SEEDS:
        carts = pilot(risk, segment, value, if_nudged, seed)
        found, row = measure_pilot(carts, SEGMENTS), []
        for comes_in in ((1.0, 1.0, 1.0), realization(carts, costs)):
            after = measured(costs, found, comes_in)
            gain = risk * share_in(risk, segment, after) * 0.25 * value - 0.6
            true = (risk - if_nudged) * 0.25 * value - 0.6
            row += [gain[gain > 0].sum() / CARTS, true[gain > 0].sum() / CARTS]
        rows.append(row)
    return np.array(rows)


def excess(segment_shift: float, dear_shift: float | None = None) -> tuple[Floats, Floats]:
    """By how much too much is stated on average over pilots, without and with the realization, and the errors of it."""
    stated = promises(segment_shift, dear_shift)
    over = stated[:, ::2] - stated[:, 1::2]
    return over.mean(axis=0), over.std(axis=0) / np.sqrt(len(over))


def test_what_luck_chose_is_stated_too_high_and_put_right() -> None:
    mean, error = excess(0.3)
    assert mean[0] > 4 * error[0]
    assert abs(mean[1]) < 2.5 * error[1]


def test_of_a_response_that_is_not_there_little_is_promised() -> None:
    mean, error = excess(0.0)
    assert mean[0] > 4 * error[0]
    assert mean[1] < mean[0] / 3


def test_dear_carts_that_respond_less_than_their_segment_are_allowed_for() -> None:
    mean, error = excess(0.4, 0.1)
    assert mean[0] > 20 * error[0]
    assert mean[1] < mean[0] / 3


def test_the_share_is_the_true_one_where_the_segments_are_known_well() -> None:
    costs, *known = shop(0.6, 0.3)
    risk, segment, value, if_nudged = (np.tile(column, 40) for column in known)
    carts = pilot(risk, segment, value, if_nudged, 0)
    found = measure_pilot(carts, SEGMENTS)
    promised = risk * share_in(risk, segment, measured(costs, found)) * value
    comes_in, low, high = realization(carts, costs)
    nudged = comes_in * promised * costs.margin > costs.nudge_cost
    true = ((risk - if_nudged) * value)[nudged].sum() / promised[nudged].sum()
    assert low < true < high
    assert true < 0.9
    assert high - low < 0.1


def test_a_list_that_nudges_nobody_promises_nothing_that_could_fail_to_come() -> None:
    costs, risk, segment, value, if_nudged = shop(0.3)
    carts = pilot(risk, segment, value, if_nudged, 0)
    assert realization(carts, costs.model_copy(update={"nudge_cost": 1e6})) == (1.0, 1.0, 1.0)


def test_measured_costs_keep_what_the_pilot_did_not_see() -> None:
    costs, risk, segment, value, if_nudged = shop(0.3)
    carts = pilot(risk, segment, value, if_nudged, 0).take(segment > 0)
    found = measure_pilot(carts, SEGMENTS)
    assert found.segments[0] == Shift(0, 0.0, 10.0)
    after = measured(costs, found, (-0.5, -0.6, -0.4))
    assert after.segments[0] == costs.segments[0]
    assert [one.shift for one in after.segments[1:]] == [one.shift for one in found.segments[1:]]
    assert [one.error for one in after.segments] == [0.0, *(one.error for one in found.segments[1:])]
    assert 0 < after.realization < 1e-6
    assert after.realization_error == pytest.approx(0.1 / 1.959964)
    _, low, high = found.rescue_rate
    assert after.rescue_rate_error == pytest.approx((high - low) / 2 / 1.959964)
    assert after.rescue_rate == found.rescue_rate[0]
