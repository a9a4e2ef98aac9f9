"""The yardstick of the training benchmark has the same loss however it is computed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.plain_recommender import padded_batches, plain_loss
from models.recommending.cases import make_windows
from models.recommending.loss import Candidates, make_candidates, softmax_loss
from models.sessions.sequences import from_lists
from models.sessions.vocabulary import build_vocabulary


def test_the_plain_loss_and_ours_are_the_same_with_the_same_gradients() -> None:
    rng = np.random.default_rng(0)
    items, dimension, targets = 50, 8, tf.constant([3, 7, 7, 49, 1])
    table = tf.constant(rng.normal(size=(items + 1, dimension)), tf.float32)
    vector = tf.constant(rng.normal(size=(5, dimension)), tf.float32)
    frequency = np.append(0.0, rng.dirichlet(np.ones(items)))
    draws = tf.constant(rng.integers(1, items + 1, 20), tf.int32)
    candidates = make_candidates(targets, draws, lambda ids: tf.gather(tf.constant(frequency, tf.float32), ids))

    def our_loss(vector: Any, rows: Any, candidates: Candidates, targets: Any) -> Any:
        none = tf.zeros_like(targets[:, None])
        own = tf.fill(tf.shape(none), -np.inf)
        return softmax_loss(vector, rows, candidates, targets[:, None], targets, none, own)

    def computed(loss: Callable[..., Any]) -> list[Any]:
        with tf.GradientTape() as tape:
            tape.watch([table, vector])
            values = loss(vector, tf.gather(table, candidates.ids), candidates, targets)
            total = tf.reduce_sum(values)
        return [values, *map(tf.convert_to_tensor, tape.gradient(total, [table, vector]))]

    compiled = tf.function(computed, autograph=False)
    found = [compiled(loss) for loss in (plain_loss, our_loss)]
    for plain, ours in zip(*found, strict=True):
        np.testing.assert_allclose(plain, ours, rtol=1e-4, atol=1e-5)


def test_padded_batches_hold_every_window_once() -> None:
    sessions = [["a", "b", "c"], ["b", "a"], ["c", "c", "a", "b"], ["a", "c"]]
    sequences = from_lists(sessions)
    windows = make_windows(sequences, build_vocabulary(sequences, 1), max_length=20)
    batches = [batch.numpy() for (batch,) in padded_batches(windows, 3, seed=0)]
    assert [len(batch) for batch in batches] == [3, 1]
    assert all((batch[:, -1] > 0).any() for batch in batches)  # padded to the longest, and no further
    found = sorted([tuple(row[row > 0]) for batch in batches for row in batch])
    wanted = sorted(tuple(row[row > 0]) for row in windows.seen(np.arange(4)).ids)
    assert found == wanted
