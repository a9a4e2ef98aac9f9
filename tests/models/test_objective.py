"""The loss is what its formula says, and so is its gradient."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from models.config import AbandonmentConfig
from models.objective import make_loss

Z = np.array([[-4.0], [-0.5], [0.0], [1.5], [3.0]])
Y = np.array([[0.0], [1.0], [1.0], [0.0], [1.0]])


def loss(smoothing: float = 0.0, penalty: float = 0.0) -> keras.losses.Loss:
    return make_loss(AbandonmentConfig(label_smoothing=smoothing, confidence_penalty=penalty))


def by_hand(z: np.ndarray, y: np.ndarray, smoothing: float, penalty: float) -> np.ndarray:
    """(n,) losses, in double precision."""
    p = 1 / (1 + np.exp(-z))
    soft = y * (1 - smoothing) + smoothing / 2
    cross = -soft * np.log(p) - (1 - soft) * np.log(1 - p)
    entropy = -p * np.log(p) - (1 - p) * np.log(1 - p)
    result: np.ndarray = (cross - penalty * entropy)[:, 0]
    return result


@given(
    z=st.lists(st.floats(-15, 15), min_size=1, max_size=6),
    label=st.integers(0, 1),
    smoothing=st.floats(0.0, 0.9),
    penalty=st.floats(0.0, 2.0),
)
def test_the_loss_is_smoothed_cross_entropy_less_weighted_entropy(
    z: list[float], label: int, smoothing: float, penalty: float
) -> None:
    rows = np.array(z)[:, None]
    labels = np.full_like(rows, label)
    told = loss(smoothing, penalty)(labels.astype(np.float32), rows.astype(np.float32))
    assert float(told) == pytest.approx(by_hand(rows, labels, smoothing, penalty).mean(), abs=2e-5)


@pytest.mark.parametrize(("smoothing", "penalty"), [(0.0, 0.0), (0.2, 0.0), (0.0, 0.5), (0.2, 0.5)])
def test_the_gradient_is_that_of_finite_differences_and_of_the_closed_form(smoothing: float, penalty: float) -> None:
    z = tf.constant(Z, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(z)
        total = loss(smoothing, penalty)(Y.astype(np.float32), z) * len(Z)
    found = tape.gradient(total, z).numpy()
    step = 1e-5
    differences = by_hand(Z + step, Y, smoothing, penalty) - by_hand(Z - step, Y, smoothing, penalty)
    assert_allclose(found[:, 0], differences / (2 * step), atol=1e-5)
    p = 1 / (1 + np.exp(-Z))
    assert_allclose(found, p - (Y * (1 - smoothing) + smoothing / 2) + penalty * Z * p * (1 - p), atol=1e-6)


def test_without_either_it_is_keras_own_loss_to_the_bit() -> None:
    plain = keras.losses.BinaryCrossentropy(from_logits=True)
    labels, scores = Y.astype(np.float32), Z.astype(np.float32)
    assert float(loss()(labels, scores)) == float(plain(labels, scores))
    assert type(loss()) is keras.losses.BinaryCrossentropy


def test_even_the_surest_prediction_has_a_finite_loss() -> None:
    scores = np.array([[-1e4], [1e4]], np.float32)
    told = loss(0.1, 0.5)(np.array([[0.0], [1.0]], np.float32), scores)
    assert float(told) == pytest.approx(0.05 * 1e4, rel=1e-5)


def test_weights_of_examples_count_for_the_whole_loss() -> None:
    weights = np.array([2.0, 0.0, 1.0, 0.0, 0.0])
    told = loss(0.1, 0.3)(Y.astype(np.float32), Z.astype(np.float32), sample_weight=weights.astype(np.float32))
    expected = (by_hand(Z, Y, 0.1, 0.3) * weights).sum() / len(Z)
    assert float(told) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("setting", [{"smoothing": 0.3}, {"penalty": 0.4}])
def test_both_pull_a_sure_prediction_back(setting: dict[str, float]) -> None:
    z = tf.constant([[6.0]])
    with tf.GradientTape() as tape:
        tape.watch(z)
        total = loss(**setting)(np.ones((1, 1), np.float32), z)
    assert float(tape.gradient(total, z)[0, 0]) > 0.0
