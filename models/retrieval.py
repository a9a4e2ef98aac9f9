"""The one module that knows TensorFlow Recommenders: its retrieval task as training loss, its indexes for the top k."""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_recommenders as tfrs

from models.config import RecommenderConfig
from models.recommender_network import Network, session_scores
from models.sequences import Ids

Tensor = Any

BLOCK = 16_384
"""Rows that a streaming index scores at once."""


class SessionTrainer(keras.Model):
    """Trains a network on windows of sessions, every prefix of a window predicting its next item.

    The loss is over the session's own items, the distinct targets of the batch and some more items of the catalogue, by
    TFRS's `Retrieval` task. Targets of the batch and drawn items stand for the part of the catalogue they come from, so
    their logits are corrected by the logarithm of the probability that they are there (Bengio & Senécal 2008); the
    session's items are always there and are not corrected. Without that, the session's items would compete with a few
    hundred others in training, and with the whole catalogue afterwards. BPR-max, which compares pairs, needs no
    correction.

    A batch is (B, T + 1) int32 ids, padded with 0 on the right.
    """

    def __init__(
        self,
        network: Network,
        frequency: npt.NDArray[np.float64],
        popularity: npt.NDArray[np.int64],
        config: RecommenderConfig,
        seed: int = 0,
    ) -> None:
        """Wrap a network.

        Args:
            network: what is trained.
            frequency: (V + 1,) share of the training targets that each id is.
            popularity: (V,) training events of each item.
            config: the loss and its negatives.
            seed: seed of these draws.
        """
        super().__init__(name="trainer")
        self.network, self.luck = network, keras.random.SeedGenerator(seed)
        self.items, self.encoder, self.head = network.items, network.encoder, network.head  # for Keras to see
        self.draws = 0 if config.negatives == "all" else config.negatives
        self.whole = config.negatives == "all"
        self.loss_of = _bpr_max(config.score_penalty) if config.loss == "bpr_max" else _softmax
        self.corrected = config.loss == "softmax" and not self.whole
        chance = popularity**config.negative_power
        chance = np.concatenate([[0.0], chance / chance.sum()])
        self.cumulative = tf.constant(np.cumsum(chance)[1:])
        # The logarithm of the chance that one target of the batch, and all of the draws, are other items.
        self.log_other = tf.constant(np.log1p(-np.minimum(frequency, 1.0 - 1e-7)), tf.float32)
        self.log_not_drawn = tf.constant(self.draws * np.log1p(-np.minimum(chance, 1.0 - 1e-7)), tf.float32)

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
        vectors = self.network.vectors(inputs)
        states = self.encoder(vectors, training=training)
        places = tf.where(following > 0)  # (n, 2): window and position of each target
        window, position = places[:, 0], places[:, 1]
        targets = tf.gather_nd(following, places)
        vector, bonus, weight = self.head(tf.gather_nd(states, places), training=training)
        columns = tf.range(tf.shape(inputs)[1], dtype=position.dtype)
        prefix = tf.where(columns <= position[:, None], tf.gather(inputs, window), 0)
        own = session_scores(prefix, tf.gather(vectors, window), vector, bonus, weight)
        candidates = tf.concat([targets, self._negatives(training)], axis=0)
        count = tf.cast(tf.shape(targets)[0], tf.float32)
        counted = _counted(candidates, window, ids)
        probability = self._probability(candidates, count)
        rows = self.network.vectors(candidates)
        total = in_batch_loss(vector, rows, candidates, probability, counted, prefix, own, self.loss_of)
        return total, count

    def _negatives(self, training: bool) -> Tensor:
        """Ids beside the batch's targets."""
        if self.whole:
            return tf.range(1, tf.shape(self.log_other)[0])
        # Validation draws the same negatives in every epoch, or its losses could not be compared.
        places = keras.random.uniform((self.draws,), seed=self.luck if training else 0)
        top = tf.size(self.cumulative) - 1
        return tf.minimum(tf.searchsorted(self.cumulative, tf.cast(places, tf.float64), side="right"), top) + 1

    def _probability(self, candidates: Tensor, count: Tensor) -> Tensor:
        """(m,) chance of each candidate to be one, given what is known of the catalogue alone; 1 uncorrected."""
        if not self.corrected:
            return tf.ones_like(candidates, tf.float32)
        absent = count * tf.gather(self.log_other, candidates) + tf.gather(self.log_not_drawn, candidates)
        return -tf.math.expm1(absent)


def _softmax(right: Tensor, wrong: Tensor) -> Tensor:
    """Summed cross-entropy of n right scores (n,) against wrong ones (n, m), of which very low ones do not count."""
    return tf.reduce_sum(tf.reduce_logsumexp(tf.concat([right[:, None], wrong], axis=1), axis=1) - right)


def _bpr_max(penalty: float) -> Callable[[Tensor, Tensor], Tensor]:
    """BPR-max (Hidasi & Karatzoglou 2018, arXiv:1706.03847, eq. 10), with the same arguments as `_softmax`."""

    def loss(right: Tensor, wrong: Tensor) -> Tensor:
        weight = tf.nn.softmax(wrong, axis=1)
        chance = tf.reduce_sum(weight * tf.sigmoid(right[:, None] - wrong), axis=1)
        large = tf.reduce_sum(weight * tf.square(tf.where(weight > 0.0, wrong, 0.0)), axis=1)
        return tf.reduce_sum(penalty * large - tf.math.log(chance + 1e-24))

    return loss


def _in_batch_loss(
    vector: Tensor,
    rows: Tensor,
    candidates: Tensor,
    probability: Tensor,
    counted: Tensor,
    prefix: Tensor,
    own: Tensor,
    loss_of: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:
    """Summed loss of n targets against the batch's other candidates and the session's own items.

    Args:
        vector: (n, D) session vectors.
        rows: (m, D) unit vectors of the candidates.
        candidates: (m,) ids, first the n targets, then further negatives.
        probability: (m,) chance of each candidate to be one, given what is known of the catalogue alone.
        counted: (n, m) whether a candidate counts for a target; its diagonal is true.
        prefix: (n, T) ids before each target, padded with 0.
        own: (n, T) scores of the items in `prefix`, minus infinity where one is not to count.
        loss_of: the loss of right scores (n,) and wrong ones (n, …).

    Returns:
        A scalar.
    """
    targets = candidates[: tf.shape(vector)[0]]
    hit = (targets[:, None] == prefix) & (own > -np.inf)  # at most one in a row
    repeat = tf.reduce_any(hit, axis=1)
    again = tf.reduce_sum(tf.where(hit, own, 0.0), axis=1)
    lowest = tf.float32.min / 100.0
    others = tf.maximum(tf.where(hit, -np.inf, own), lowest)

    def loss(y_true: Tensor, y_pred: Tensor, sample_weight: Tensor) -> Tensor:  # noqa: ARG001 - the task passes it
        # What the session has is a candidate for certain: its score as it is, without the task's correction.
        right = tf.where(repeat, again, tf.linalg.diag_part(y_pred))
        wrong = tf.linalg.set_diag(y_pred, tf.fill(tf.shape(right), lowest))
        return loss_of(right, tf.concat([wrong, others], axis=1))

    return tfrs.tasks.Retrieval(loss=loss, remove_accidental_hits=True).call(
        vector,
        rows,
        candidate_sampling_probability=probability,
        candidate_ids=candidates,
        compute_metrics=False,
        compute_batch_metrics=False,
        score_mask=counted,
    )


def _counted(candidates: Tensor, window: Tensor, items: Tensor) -> Tensor:
    """(n, m) whether a candidate (column) counts for a target (row): the target itself, and fair negatives.

    Each item counts once, and not where the target's own window has it: an earlier item is a candidate already, and a
    later one is soon right, and there for certain, no fair sample of the catalogue.
    """
    places = tf.range(tf.shape(candidates)[0])
    _, item = tf.unique(candidates)
    first = tf.gather(tf.math.unsorted_segment_min(places, item, tf.size(places)), item) == places
    own = tf.reduce_any(candidates[None, :, None] == items[:, None, :], axis=2)  # (B, m)
    fair = first[None, :] & ~tf.gather(own, window)
    return fair | tf.eye(tf.size(window), tf.size(places), dtype=tf.bool)


# Keras 3 trains without autograph, which TFRS's len(tf.shape(x)) needs.
in_batch_loss = tf.function(_in_batch_loss, reduce_retracing=True)


def dataset(batches: Callable[[], Iterator[Ids]], count: int) -> tf.data.Dataset:
    """A dataset of `count` (B, T) int32 batches; every pass over it calls `batches` once."""
    endless = tf.data.Dataset.from_generator(batches, output_signature=tf.TensorSpec((None, None), tf.int32))
    return endless.apply(tf.data.experimental.assert_cardinality(count)).prefetch(2)


class TopItems:
    """TFRS's exact index over the rows of an item table: `BruteForce`, or `Streaming` over blocks of it."""

    def __init__(
        self, table: npt.NDArray[np.float32], kind: Literal["brute_force", "streaming"] = "brute_force"
    ) -> None:
        """Index a table.

        Args:
            table: (V, D) one row per item.
            kind: `brute_force` scores all rows at once, (n, V) scores in memory; `streaming` a block after the other.
        """
        self.count = len(table)
        self.width = min(BLOCK, self.count) if kind == "streaming" else self.count
        index = _streaming(table) if kind == "streaming" else _brute_force(table)
        signature = [tf.TensorSpec((None, table.shape[1]), tf.float32), tf.TensorSpec((), tf.int32)]
        self._search = tf.function(lambda queries, k: index(queries, k=k), input_signature=signature)

    def __call__(
        self, queries: npt.NDArray[np.float32], k: int
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
        """Scores and positions (n, min(k, V)) of the items with the largest dot products, best first.

        Of equal products the one at the earlier position is first.
        """
        scores, positions = self._search(tf.constant(queries), tf.constant(min(k, self.count)))
        return scores.numpy(), positions.numpy()


def _brute_force(table: npt.NDArray[np.float32]) -> Tensor:
    return tfrs.layers.factorized_top_k.BruteForce(k=1).index(tf.constant(table), tf.range(len(table)))


def _streaming(table: npt.NDArray[np.float32]) -> Tensor:
    rows = tf.constant(table)
    places = tf.range(len(table))
    blocks = tf.data.Dataset.range(0, len(table), BLOCK).map(
        lambda start: (places[start : start + BLOCK], rows[start : start + BLOCK])
    )
    # Tuning a pipeline of few blocks anew for every query takes longer than scoring them.
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    streaming = tfrs.layers.factorized_top_k.Streaming(k=1, num_parallel_calls=1)
    return streaming.index_from_dataset(blocks.with_options(options))
