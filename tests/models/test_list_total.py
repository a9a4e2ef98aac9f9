"""What a list comes to as a whole."""

from itertools import product

import numpy as np
import pytest

from models.list_total import ListTotal

RISK, SALE, COST = np.array([0.3, 0.8, 0.5, 0.01]), np.array([10.0, 4.0, 20.0, 5.0]), 0.7
GAIN = RISK * SALE - COST


def test_mean_and_variance_are_those_over_everything_that_can_happen() -> None:
    pays = GAIN > 0
    assert pays.tolist() == [True, True, True, False]
    rescued = np.array(list(product([0, 1], repeat=3)))
    chance = np.where(rescued == 1, RISK[pays], 1 - RISK[pays]).prod(axis=1)
    profit = (rescued * SALE[pays] - COST).sum(axis=1)
    total = ListTotal.of(GAIN, SALE, COST)
    assert (total.carts, total.nudges) == (4, 3)
    assert total.cost == pytest.approx(3 * COST)
    assert total.profit == pytest.approx(chance @ profit)
    assert total.variance == pytest.approx(chance @ (profit - chance @ profit) ** 2)


def test_the_interval_holds_what_happens_about_95_times_in_100() -> None:
    rng = np.random.default_rng(0)
    risk, sale = rng.uniform(0.02, 0.2, 400), rng.uniform(5, 40, 400)
    low, high = ListTotal.of(risk * sale - 0.05, sale, 0.05).interval
    profits = (rng.random((4000, 400)) < risk) @ sale - 400 * 0.05
    assert ((profits >= low) & (profits <= high)).mean() == pytest.approx(0.95, abs=0.012)


def test_parts_add_up_to_the_whole() -> None:
    parts = [ListTotal.of(GAIN[rows], SALE[rows], COST) for rows in (slice(0, 1), slice(1, 4))]
    added, whole = ListTotal.sum(parts), ListTotal.of(GAIN, SALE, COST)
    assert (added.carts, added.nudges) == (whole.carts, whole.nudges)
    assert added.profit == pytest.approx(whole.profit)
    assert added.variance == pytest.approx(whole.variance)
    assert ListTotal.sum([]).interval == (0.0, 0.0)
