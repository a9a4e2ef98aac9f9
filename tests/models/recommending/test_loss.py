"""The sum over candidates has the value and the gradient of its definition."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from models.recommending.loss import LOWEST, log_sum_exp, make_candidates, whole_catalogue


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 4), m=st.integers(1, 6))
def test_value_and_gradient_are_those_of_the_definition(seed: int, n: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    vector, rows = (tf.constant(rng.normal(size=(size, 3)), tf.float32) for size in (n, m))
    bias = rng.normal(size=m).astype(np.float32)
    bias[0] = -np.inf
    excluded = rng.integers(0, m, (n, 2)).astype(np.int32)
    left_out = np.zeros((n, m), bool)
    np.put_along_axis(left_out, excluded, True, axis=1)
    left_out[:, 0] = True
    weight = tf.constant(rng.normal(size=n), tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([vector, rows])
        ours = tf.reduce_sum(weight * log_sum_exp(vector, rows, tf.constant(bias), tf.constant(excluded)))
        scores = vector @ tf.transpose(rows) + np.where(np.isfinite(bias), bias, 0.0)
        plain = tf.reduce_sum(weight * tf.reduce_logsumexp(tf.where(left_out, LOWEST, scores), axis=1))
    if not left_out.all(axis=1).any():  # where nothing counts, the value is very low and the gradient nothing
        assert float(ours) == pytest.approx(float(plain), rel=1e-4, abs=1e-4)
        for found, expected in zip(
            tape.gradient(ours, [vector, rows]), tape.gradient(plain, [vector, rows]), strict=True
        ):
            np.testing.assert_allclose(found, expected, atol=1e-5)
    else:
        assert all(np.isfinite(found).all() for found in tape.gradient(ours, [vector, rows]))


def test_candidates_count_once_and_know_their_columns() -> None:
    chance = tf.constant([0.0, 0.5, 0.25, 1.0, 0.125])
    found = make_candidates(tf.constant([3, 1]), tf.constant([1, 4, 3, 1]), lambda ids: tf.gather(chance, ids))
    assert found.ids.numpy().tolist() == [0, 1, 1, 1, 3, 3, 4]
    expected = [-np.inf, np.log(2), -np.inf, -np.inf, 0.0, -np.inf, np.log(8)]
    np.testing.assert_allclose(found.bias.numpy(), expected, rtol=1e-6)
    # item 2 is no candidate, and neither is none
    assert found.columns(tf.constant([[1, 3], [4, 2], [0, 1]])).numpy().tolist() == [[1, 4], [6, 0], [0, 1]]
    whole = whole_catalogue(4)
    assert whole.columns(tf.constant([3, 0, 2])).numpy().tolist() == [3, 0, 2]
    assert whole.bias.numpy().tolist() == [-np.inf, 0.0, 0.0, 0.0]
