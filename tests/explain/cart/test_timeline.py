from functools import cache

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

from explain.attributing.explanations import sigmoid
from explain.attributing.integrated_gradients import integrated_gradients
from explain.cart.timeline import SessionReader
from models.multi_task.training import COMBINED
from tests.models.ordered_carts import material, side, trained


def test_of_a_linear_function_the_gradients_are_coefficient_times_distance() -> None:
    weights = np.array([[1.0, -2.0], [0.5, 4.0]], dtype=np.float32)
    point, baseline = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32), np.full((2, 2), 0.5, np.float32)
    found, at_point, at_baseline = integrated_gradients(
        lambda x: keras.ops.sum(x * weights, axis=(1, 2)), point, baseline, steps=1
    )
    assert_allclose(found, weights * (point - baseline))
    assert found.sum() == pytest.approx(at_point - at_baseline)


def test_of_a_cubic_function_they_add_up_the_better_the_more_steps_there_are() -> None:
    def cubic(x: keras.KerasTensor) -> keras.KerasTensor:
        return keras.ops.sum(x**3, axis=1)

    point, baseline = np.array([2.0, -1.0], np.float32), np.array([0.0, 0.5], np.float32)
    errors = []
    for steps in (2, 8, 128):
        found, high, low = integrated_gradients(cubic, point, baseline, steps)
        errors.append(abs(found.sum() - (high - low)))
    assert errors[0] > 4 * errors[1] > 4 * errors[2]
    assert_allclose(found, [8.0, -1.125], atol=1e-3)


@cache
def reader() -> SessionReader:
    return SessionReader(trained().model(), material().train)


def test_the_events_add_up_to_what_the_network_says_and_the_telling_ones_weigh_most() -> None:
    test = side(30, 7)
    expected = trained().scores(test)[COMBINED]
    telling, others = [], []
    for row in range(30):
        found = reader().timeline(test, row)
        assert sigmoid(np.array(found.log_odds)) == pytest.approx(expected[row], abs=1e-5)
        total = found.base + sum(event.log_odds for event in found.events)
        assert total == pytest.approx(found.log_odds, abs=found.error + 1e-6)
        assert found.error < 0.02
        assert [event.item for event in found.events] == test.sequences.session(row)
        assert [event.kind for event in found.events] == ["view", "view", "view", "cart"]
        telling += [abs(event.log_odds) for event in found.events if event.item in ("a", "b")]
        others += [abs(event.log_odds) for event in found.events if event.item not in ("a", "b")]
    assert np.mean(telling) > 2 * np.mean(others)
