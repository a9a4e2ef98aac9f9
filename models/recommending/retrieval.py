"""The one module that knows TensorFlow Recommenders: its retrieval task as training loss, its indexes for the top k."""

from dataclasses import replace
from typing import Any, Literal

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_recommenders as tfrs

from models.config import RecommenderConfig
from models.optimizing.table_rows import TableRows
from models.recommending.loss import LOWEST, Candidates, bpr_max_loss, make_candidates, softmax_loss, whole_catalogue
from models.recommending.network import Network, session_scores
from models.sessions.augmentation import Varied
from models.sessions.encoded import Seen

Tensor = Any

BLOCK = 16_384
"""Rows that a streaming index scores at once."""


class SessionTrainer(keras.Model):
    """Trains a network on windows of sessions, every prefix of a window predicting its next item.

    A target competes with the session's own items and with candidates that stand for the catalogue: the batch's
    targets by TFRS's `Retrieval` task (`in_batch`), or those and further draws (`softmax`, `bpr_max`).

    A batch is `encoded.Seen` of (B, T + 1) events, or their ids alone, or `augmentation.Varied`, whose hidden items are
    targets and nothing else: as an input each is an event of no known item.
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
        rows = TableRows(network.items, fixed_zero=config.augmentation.mask > 0)
        self.network, self._read = network, replace(network, items=rows)
        self.luck = keras.random.SeedGenerator(seed)
        self.items, self.encoder, self.head = network.items, network.encoder, network.head  # for Keras to see
        self.config = config
        self.whole = config.negatives == "all" and config.loss != "in_batch"
        self.draws = 0 if config.negatives == "all" or config.loss == "in_batch" else config.negatives
        self.corrected = config.loss != "bpr_max" and not self.whole
        chance = popularity**config.negative_power
        chance = np.concatenate([[0.0], chance / chance.sum()])
        self.cumulative = tf.constant(np.cumsum(chance)[1:])
        # The logarithm of the chance that one target of the batch, and all of the draws, are other items.
        self.log_other = tf.constant(np.log1p(-np.minimum(frequency, 1.0 - 1e-7)), tf.float32)
        self.log_not_drawn = tf.constant(self.draws * np.log1p(-np.minimum(chance, 1.0 - 1e-7)), tf.float32)

    def call(self, batch: Any, training: bool = False) -> Tensor:
        """Mean loss of a batch's targets."""
        total, count = self._loss(batch, training)
        return total / count

    def train_step(self, data: Any) -> dict[str, Any]:
        """One update; the gradient is that of the summed loss, which Adadelta's epsilon is made for."""
        with tf.GradientTape() as tape:
            total, count = self._loss(data[0], training=True)
        variables = self.trainable_weights
        self.optimizer.apply(tape.gradient(total, variables), variables)
        return self._record(total, count)

    def test_step(self, data: Any) -> dict[str, Any]:
        """The loss of a batch, without an update."""
        return self._record(*self._loss(data[0], training=False))

    def _record(self, total: Tensor, count: Tensor) -> dict[str, Any]:
        self._loss_tracker.update_state(total / count, sample_weight=count)
        return {"loss": self._loss_tracker.result()}

    def _loss(self, batch: Any, training: bool) -> tuple[Tensor, Tensor]:
        """Summed loss over the batch's n targets, and n as a float."""
        ids = batch.ids if isinstance(batch, Seen | Varied) else batch
        shown = tf.where(batch.hidden, 0, ids) if isinstance(batch, Varied) else ids
        inputs, following = shown[:, :-1], ids[:, 1:]
        told = (batch.kinds[:, :-1], batch.gaps[:, :-1]) if isinstance(batch, Seen | Varied) else (None, None)
        vectors, states = self._read.read(inputs, training, *told)
        places = tf.where(following > 0)  # (n, 2): window and position of each target
        window, position = places[:, 0], places[:, 1]
        targets = tf.gather_nd(following, places)
        count = tf.cast(tf.shape(targets)[0], tf.float32)
        vector, bonus, weight = self.head(tf.gather_nd(states, places), training=training)
        columns = tf.range(tf.shape(inputs)[1], dtype=position.dtype)
        prefix = tf.where(columns <= position[:, None], tf.gather(inputs, window), 0)
        own = session_scores(prefix, tf.gather(vectors, window), vector, bonus, weight)
        # An earlier item of the window is a candidate already; a later one is soon right, and there for certain, which
        # makes it no fair sample of the catalogue.
        excluded = tf.gather(ids, window)
        if self.config.loss == "in_batch":
            rows, chance = self._read.vectors(targets), self._chance(targets, count)
            return in_batch_loss(vector, rows, targets, chance, excluded, prefix, own), count
        candidates = self._candidates(targets, count, training)
        rows = self._read.vectors(candidates.ids)
        case = (vector, rows, candidates, excluded, targets, prefix, own)
        if self.config.loss == "bpr_max":
            return tf.reduce_sum(bpr_max_loss(*case, self.config.score_penalty)), count
        return tf.reduce_sum(softmax_loss(*case)), count

    def _candidates(self, targets: Tensor, count: Tensor, training: bool) -> Candidates:
        if self.whole:
            return whole_catalogue(len(self.log_other))
        # Validation draws the same negatives in every epoch, or its losses could not be compared.
        places = keras.random.uniform((self.draws,), seed=self.luck if training else 0)
        top = tf.size(self.cumulative) - 1
        drawn = tf.minimum(tf.searchsorted(self.cumulative, tf.cast(places, tf.float64), side="right"), top) + 1
        return make_candidates(targets, drawn, lambda ids: self._chance(ids, count))

    def _chance(self, ids: Tensor, count: Tensor) -> Tensor:
        """(m,) chance of each of the given ids to be a candidate; 1 uncorrected."""
        if not self.corrected:
            return tf.ones_like(ids, tf.float32)
        return -tf.math.expm1(count * tf.gather(self.log_other, ids) + tf.gather(self.log_not_drawn, ids))


def _in_batch_loss(
    vector: Tensor, rows: Tensor, targets: Tensor, chance: Tensor, excluded: Tensor, prefix: Tensor, own: Tensor
) -> Tensor:
    """Summed cross-entropy of n targets against each other and the session's own items.

    Args:
        vector: (n, D) session vectors.
        rows: (n, D) vectors of the targets.
        targets: (n,) ids.
        chance: (n,) chance of each target to be in a batch.
        excluded: (n, E) ids that are no fair negatives of a target, itself among them.
        prefix: (n, T) ids before each target, padded with 0.
        own: (n, T) scores of the items in `prefix`, minus infinity where one is not to count.

    Returns:
        A scalar.
    """
    hit = (targets[:, None] == prefix) & (own > -np.inf)  # at most one in a row
    repeat = tf.reduce_any(hit, axis=1)
    again = tf.reduce_sum(tf.where(hit, own, 0.0), axis=1)
    others = tf.maximum(tf.where(hit, -np.inf, own), LOWEST)

    def loss(y_true: Tensor, y_pred: Tensor, sample_weight: Tensor) -> Tensor:  # noqa: ARG001 - the task passes it
        # What the session has is a candidate for certain: its score as it is, without the task's correction.
        right = tf.where(repeat, again, tf.linalg.diag_part(y_pred))
        wrong = tf.linalg.set_diag(y_pred, tf.fill(tf.shape(right), LOWEST))
        return tf.reduce_sum(tf.reduce_logsumexp(tf.concat([right[:, None], wrong, others], axis=1), axis=1) - right)

    return tfrs.tasks.Retrieval(loss=loss, remove_accidental_hits=True).call(
        vector,
        rows,
        candidate_sampling_probability=chance,
        candidate_ids=targets,
        compute_metrics=False,
        compute_batch_metrics=False,
        score_mask=_counted(targets, excluded),
    )


def _counted(targets: Tensor, excluded: Tensor) -> Tensor:
    """(n, n) whether a target (column) counts for another (row): once an item, and not where it is excluded."""
    places = tf.range(tf.shape(targets)[0])
    _, item = tf.unique(targets)
    first = tf.gather(tf.math.unsorted_segment_min(places, item, tf.size(places)), item) == places
    fair = first[None, :] & ~tf.reduce_any(targets[None, :, None] == excluded[:, None, :], axis=2)
    return fair | tf.eye(tf.size(places), dtype=tf.bool)


# Keras 3 trains without autograph, which TFRS's len(tf.shape(x)) needs.
in_batch_loss = tf.function(_in_batch_loss, reduce_retracing=True)


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
