"""The yardstick of the training benchmark has the same loss however it is computed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.plain_recommender import PlainTrainer, plain_loss
from models.config import RecommenderConfig
from models.next_item_loss import make_candidates


def test_the_plain_loss_and_ours_are_the_same_with_the_same_gradients() -> None:
    rng = np.random.default_rng(0)
    items, dimension, targets = 50, 8, tf.constant([3, 7, 7, 49, 1])
    table = tf.constant(rng.normal(size=(items + 1, dimension)), tf.float32)
    vector = tf.constant(rng.normal(size=(5, dimension)), tf.float32)
    frequency = np.append(0.0, rng.dirichlet(np.ones(items)))
    draws = tf.constant(rng.integers(1, items + 1, 20), tf.int32)
    candidates = make_candidates(targets, draws, lambda ids: tf.gather(tf.constant(frequency, tf.float32), ids))
    config = RecommenderConfig(dimension=dimension, negatives=20)

    def computed(loss: Callable[..., Any]) -> list[Any]:
        with tf.GradientTape() as tape:
            tape.watch([table, vector])
            values = loss(vector, tf.gather(table, candidates.ids), candidates, targets)
            total = tf.reduce_sum(values)
        return [values, *map(tf.convert_to_tensor, tape.gradient(total, [table, vector]))]

    compiled = tf.function(computed, autograph=False)
    found = [compiled(loss) for loss in (plain_loss, PlainTrainer(frequency, config, our_loss=True).loss_of)]
    for plain, ours in zip(*found, strict=True):
        np.testing.assert_allclose(plain, ours, rtol=1e-4, atol=1e-5)
