"""What a list comes to as a whole."""

from itertools import product

import numpy as np
import pytest
from scipy.special import expit

from models.config import CostConfig, SegmentConfig
from models.nudging.list_total import ListTotal, risk_error
from models.nudging.response import NONE, share_in

RISK, SALE = np.array([0.3, 0.8, 0.5, 0.01]), np.array([10.0, 4.0, 20.0, 5.0])
NOWHERE = np.full(4, NONE)
SURE = CostConfig(nudge_cost=0.7, rescue_rate=1.0)
"""A nudge rescues every cart that would be left."""


def test_mean_and_variance_are_those_over_everything_that_can_happen() -> None:
    pays = SURE.nudge_cost < RISK * SALE
    assert pays.tolist() == [True, True, True, False]
    rescued = np.array(list(product([0, 1], repeat=3)))
    chance = np.where(rescued == 1, RISK[pays], 1 - RISK[pays]).prod(axis=1)
    profit = (rescued * SALE[pays] - SURE.nudge_cost).sum(axis=1)
    total = ListTotal.of(RISK, NOWHERE, SALE, SURE)
    assert (total.carts, total.nudges, total.error) == (4, 3, 0.0)
    assert total.cost == pytest.approx(3 * SURE.nudge_cost)
    assert total.profit == pytest.approx(chance @ profit)
    assert total.variance == pytest.approx(chance @ (profit - chance @ profit) ** 2)


def test_the_interval_holds_what_happens_about_95_times_in_100() -> None:
    rng = np.random.default_rng(0)
    risk, sale = rng.uniform(0.02, 0.2, 400), rng.uniform(5, 40, 400)
    costs = CostConfig(nudge_cost=0.05, rescue_rate=1.0)
    low, high = ListTotal.of(risk, np.full(400, NONE), sale, costs).interval
    profits = (rng.random((4000, 400)) < risk) @ sale - 400 * 0.05
    assert ((profits >= low) & (profits <= high)).mean() == pytest.approx(0.95, abs=0.012)


SEGMENT = np.array([0, 1, 1, NONE, NONE])
UNSURE = CostConfig(
    nudge_cost=0.2, rescue_rate=0.3, rescue_rate_error=0.02, realization=0.9, realization_error=0.05,
    segments=(SegmentConfig(where="a == 1", shift=0.4, error=0.1), SegmentConfig(where="b == 1", shift=0.8, error=0.2)),
)  # fmt: skip


def unsure(**changed: float) -> ListTotal:
    """A list of five carts, one of which no nudge pays for, with some figure moved: `shift_k` or one of the costs'."""
    segments = tuple(
        one.model_copy(update={"shift": changed.pop(f"shift_{k}", one.shift)}) for k, one in enumerate(UNSURE.segments)
    )
    costs = UNSURE.model_copy(update={"segments": segments, **changed})
    risk, sale = np.array([0.7, 0.9, 0.5, 0.6, 0.01]), np.array([10.0, 20.0, 30.0, 5.0, 1.0])
    return ListTotal.of(risk, SEGMENT, sale, costs, 0.1)


def test_an_error_of_the_response_is_that_of_the_figure_times_the_slope() -> None:
    found, tiny = unsure(), 1e-6
    assert found.nudges == 4
    moved = [
        unsure(rescue_rate=UNSURE.rescue_rate + tiny),
        unsure(realization=UNSURE.realization + tiny),
        *(unsure(**{f"shift_{k}": one.shift + tiny}) for k, one in enumerate(UNSURE.segments)),
    ]
    slopes = [(one.profit - found.profit) / tiny for one in moved]
    assert found.response_errors == pytest.approx(np.array(slopes) * [0.02, 0.05, 0.1, 0.2], rel=1e-4)
    assert found.risk_error == pytest.approx(0.1 * (found.profit + found.cost))
    assert found.error == pytest.approx(np.linalg.norm([found.risk_error, *found.response_errors]))
    half = (found.interval[1] - found.interval[0]) / 2 / 1.959964
    assert half**2 == pytest.approx(found.variance + found.error**2)


def test_errors_that_parts_share_add_up_while_luck_evens_out() -> None:
    one = unsure()
    both = ListTotal.sum([one, one])
    assert both.error == pytest.approx(2 * one.error)
    assert both.luck == pytest.approx(np.sqrt(2) * one.luck)
    assert (both.carts, both.nudges, both.cost, both.profit) == (10, 8, 2 * one.cost, 2 * one.profit)
    assert ListTotal.sum([]).interval == (0.0, 0.0)


@pytest.mark.parametrize("segments", [(), (SegmentConfig(where="a == 1", shift=0.8),)])
def test_the_error_of_the_risks_is_how_far_lists_by_recalibrated_risks_scatter(
    segments: tuple[SegmentConfig, ...],
) -> None:
    """Risks that are right on average are shifted until they expect as many carts left as a draw of labels has."""
    rng = np.random.default_rng(1)
    costs = CostConfig(nudge_cost=0.0, rescue_rate=0.2, segments=segments)
    p, segment, sale = np.full(1000, 0.85), np.full(1000, 0 if segments else NONE), np.ones(1000)
    errors, brought = [], []
    for _ in range(2000):
        left = (rng.random(1000) < p).astype(np.int8)
        errors.append(risk_error(p, left, segment, sale, np.arange(1000), costs) or 0.0)
        seen = np.full(1000, left.mean())
        brought.append((seen * share_in(seen, segment, costs)).mean())
    assert np.mean(errors) == pytest.approx(np.std(brought) / np.mean(brought), rel=0.06)


def test_rows_of_one_session_are_one_piece_of_evidence() -> None:
    rng = np.random.default_rng(2)
    p, one = expit(rng.normal(size=500)), np.ones(500)
    left, nowhere, costs = (rng.random(500) < p).astype(np.int8), np.full(500, NONE), CostConfig(nudge_cost=0.0)
    alone = risk_error(p, left, nowhere, one, np.arange(500), costs)
    rows = np.repeat(np.arange(500), 2)
    assert risk_error(p[rows], left[rows], nowhere[rows], one[rows], rows, costs) == pytest.approx(alone)
    assert risk_error(p, left, nowhere, one, np.arange(500), costs.model_copy(update={"nudge_cost": 9.0})) is None
