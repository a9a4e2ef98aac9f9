"""The one module that knows TensorFlow Recommenders: its retrieval task as training loss, its index for the top k."""

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_recommenders as tfrs

from models.recommender_network import Network, session_scores
from models.sequences import Ids

Tensor = Any


class SessionTrainer(keras.Model):
    """Trains a network on windows of sessions, every prefix of a window predicting its next item.

    The loss is the softmax over the session's own items and the distinct targets of the batch, by TFRS's `Retrieval`
    task. A target of the batch stands for the part of the catalogue it was drawn from, so its logit is corrected by the
    logarithm of the probability that it is in the batch (Bengio & Senécal 2008); the session's items are always there
    and are not corrected. Without that, items of the session would in training compete with a few hundred others, and
    with the whole catalogue afterwards.

    A batch is (B, T + 1) int32 ids, padded with 0 on the right.
    """

    def __init__(self, network: Network, frequency: npt.NDArray[np.float64]) -> None:
        """Wrap a network.

        Args:
            network: what is trained.
            frequency: (V + 1,) share of the training targets that each id is.
        """
        super().__init__(name="trainer")
        self.network = network
        self.items, self.encoder, self.head = network.items, network.encoder, network.head
        # log(1 - f), the logarithm of the chance that one target of the batch is another item
        self.log_other = tf.constant(np.log1p(-np.minimum(frequency, 1.0 - 1e-7)), tf.float32)

    def call(self, ids: Tensor, training: bool = False) -> Tensor:
        """Mean loss of a batch's targets."""
        total, count = self._loss(ids, training)
        return total / count

    def train_step(self, data: Any) -> dict[str, Any]:
        """One update; the gradient is that of the summed loss, which Adadelta's epsilon is made for."""
        with tf.GradientTape() as tape:
            total, count = self._loss(data, training=True)
        variables = self.trainable_weights
        self.optimizer.apply(tape.gradient(total, variables), variables)
        return self._record(total, count)

    def test_step(self, data: Any) -> dict[str, Any]:
        """The loss of a batch, without an update."""
        return self._record(*self._loss(data, training=False))

    def _record(self, total: Tensor, count: Tensor) -> dict[str, Any]:
        self._loss_tracker.update_state(total / count, sample_weight=count)
        return {"loss": self._loss_tracker.result()}

    def _loss(self, ids: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        """Summed loss over the batch's n targets, and n as a float."""
        inputs, following = ids[:, :-1], ids[:, 1:]
        rows = self.items(inputs)
        states = self.encoder(rows[..., :-1], training=training)
        places = tf.where(following > 0)  # (n, 2): window and position of each target
        window, position = places[:, 0], places[:, 1]
        targets = tf.gather_nd(following, places)
        vector, bonus = self.head(tf.gather_nd(states, places), training=training)
        columns = tf.range(tf.shape(inputs)[1], dtype=position.dtype)
        prefix = tf.where(columns <= position[:, None], tf.gather(inputs, window), 0)
        own, bonuses = session_scores(prefix, tf.gather(rows, window), vector, bonus)
        total = in_batch_loss(vector, self.items(targets), targets, window, prefix, own, bonuses, self.log_other)
        return total, tf.cast(tf.shape(targets)[0], tf.float32)


def _in_batch_loss(
    vector: Tensor,
    rows: Tensor,
    targets: Tensor,
    window: Tensor,
    prefix: Tensor,
    own: Tensor,
    bonuses: Tensor,
    log_other: Tensor,
) -> Tensor:
    """Summed cross-entropy of n targets against the batch's other targets and the session's own items.

    Args:
        vector: (n, D) session vectors.
        rows: (n, D + 1) rows of the targets, bias last.
        targets: (n,) ids.
        window: (n,) which window of the batch each target is from.
        prefix: (n, T) ids before each target, padded with 0.
        own: (n, T) scores of the items in `prefix`, minus infinity where one is not to count.
        bonuses: (n, T) sum of the bonuses of the items in `prefix`.
        log_other: (V + 1,) log(1 - f), f the share of each id among the training targets.

    Returns:
        A scalar.
    """
    count = tf.shape(targets)[0]
    probability = -tf.math.expm1(tf.cast(count, tf.float32) * tf.gather(log_other, targets))
    hit = (targets[:, None] == prefix) & (own > -np.inf)  # at most one in a row
    bonus = tf.reduce_sum(tf.where(hit, bonuses, 0.0), axis=1)
    # What the session has is a candidate for certain: undo the task's correction where the target is one of it.
    extra = tf.where(tf.reduce_any(hit, axis=1), bonus + tf.math.log(tf.clip_by_value(probability, 1e-6, 1.0)), 0.0)
    others = tf.maximum(tf.where(hit, -np.inf, own), tf.float32.min / 100.0)

    def loss(y_true: Tensor, y_pred: Tensor, sample_weight: Tensor) -> Tensor:  # noqa: ARG001 - the task passes it
        logits = tf.linalg.set_diag(y_pred, tf.linalg.diag_part(y_pred) + extra)
        labels = tf.concat([y_true, tf.zeros_like(others)], axis=1)
        return tf.reduce_sum(tf.nn.softmax_cross_entropy_with_logits(labels, tf.concat([logits, others], axis=1)))

    return tfrs.tasks.Retrieval(loss=loss, remove_accidental_hits=True).call(
        tf.concat([vector, tf.ones_like(vector[:, :1])], axis=1),
        rows,
        candidate_sampling_probability=probability,
        candidate_ids=targets,
        compute_metrics=False,
        compute_batch_metrics=False,
        score_mask=_counted(targets, window, prefix) | tf.eye(count, dtype=tf.bool),
    )


def _counted(targets: Tensor, window: Tensor, prefix: Tensor) -> Tensor:
    """(n, n) whether a target of the batch (column) is a negative for another (row).

    Each item counts once, and not where the session has it, which is a candidate already. Later items of the same
    window do not count either: they are there for certain and soon right, no fair sample of the catalogue.
    """
    places = tf.range(tf.shape(targets)[0])
    _, item = tf.unique(targets)
    first = tf.gather(tf.math.unsorted_segment_min(places, item, tf.size(places)), item) == places
    in_prefix = tf.reduce_any(targets[None, :, None] == prefix[:, None, :], axis=2)
    return first[None, :] & ~in_prefix & (window[:, None] != window[None, :])


# Keras 3 trains without autograph, which TFRS's len(tf.shape(x)) needs.
in_batch_loss = tf.function(_in_batch_loss, reduce_retracing=True)


def dataset(batches: Callable[[], Iterator[Ids]], count: int) -> tf.data.Dataset:
    """A dataset of `count` (B, T) int32 batches; every pass over it calls `batches` once."""
    endless = tf.data.Dataset.from_generator(batches, output_signature=tf.TensorSpec((None, None), tf.int32))
    return endless.apply(tf.data.experimental.assert_cardinality(count)).prefetch(2)


class TopItems:
    """TFRS's exact index (`BruteForce`) over the rows of an item table."""

    def __init__(self, table: npt.NDArray[np.float32]) -> None:
        """Index a table.

        Args:
            table: (V, D) one row per item.
        """
        self.count = len(table)
        index = tfrs.layers.factorized_top_k.BruteForce(k=1)
        self._index = index.index(tf.constant(table), tf.range(self.count))

    def __call__(
        self, queries: npt.NDArray[np.float32], k: int
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
        """Scores and positions (n, min(k, V)) of the items with the largest dot products, best first."""
        scores, positions = self._index(tf.constant(queries), k=min(k, self.count))
        return scores.numpy(), positions.numpy()
