"""A plain Keras recommender, the yardstick of `benchmarks.recommender_training`."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from models.config import RecommenderConfig
from models.recommending.cases import Windows
from models.recommending.loss import Candidates, make_candidates
from models.sessions.encoded import Seen

Tensor = Any


class PlainTrainer(keras.Model):
    """Embedding, GRU, and the embedding again as output; every prefix of a window predicts its next item."""

    def __init__(self, frequency: npt.NDArray[np.float64], config: RecommenderConfig) -> None:
        """Make the layers.

        Args:
            frequency: (V + 1,) share of the training targets that each id is.
            config: dimension and number of negatives.
        """
        super().__init__(name="plain")
        self.items = keras.layers.Embedding(len(frequency), config.dimension, name="items")
        self.items.build()
        self.gru = keras.layers.GRU(config.dimension, return_sequences=True, name="gru")
        self.gru.build((None, None, config.dimension))
        self.draws = int(config.negatives)
        self.frequency = tf.constant(frequency, tf.float32)
        self.luck = keras.random.SeedGenerator(0)
        self.built = True

    def train_step(self, data: Any) -> dict[str, Any]:
        """One update by the sampled softmax that ours is trained with, without the session's own items.

        `data` holds (B, T + 1) ids padded on the right, or `Seen` with them.
        """
        ids = data[0].ids if isinstance(data[0], Seen) else data[0]
        with tf.GradientTape() as tape:
            states = self.gru(self.items(ids[:, :-1]), training=True)
            places = tf.where(ids[:, 1:] > 0)
            targets, vector = tf.gather_nd(ids[:, 1:], places), tf.gather_nd(states, places)
            count = tf.cast(tf.size(targets), tf.float32)
            top = tf.size(self.frequency)
            drawn = keras.random.randint((self.draws,), 1, top, seed=self.luck)
            candidates = make_candidates(targets, drawn, lambda ids: self._chance(ids, count))
            total = tf.reduce_sum(plain_loss(vector, self.items(candidates.ids), candidates, targets))
        variables = self.trainable_weights
        self.optimizer.apply(tape.gradient(total, variables), variables)
        self._loss_tracker.update_state(total / count, sample_weight=count)
        return {"loss": self._loss_tracker.result()}

    def _chance(self, ids: Tensor, count: Tensor) -> Tensor:
        drawn = self.draws / tf.cast(tf.size(self.frequency) - 1, tf.float32)
        return -tf.math.expm1(-count * tf.gather(self.frequency, ids) - drawn)


def plain_loss(vector: Tensor, rows: Tensor, candidates: Candidates, targets: Tensor) -> Tensor:
    """The sampled softmax in ordinary operations, as one would write it: (n,) losses.

    Each of m candidates has a score, corrected by its chance to be one; a target's own column is its label.
    """
    scores = tf.matmul(vector, rows, transpose_b=True) + tf.maximum(candidates.bias, -1e30)
    columns = tf.cast(candidates.columns(targets), tf.int32)
    return tf.nn.sparse_softmax_cross_entropy_with_logits(columns, scores)


def plain_trainer(frequency: npt.NDArray[np.float64], config: RecommenderConfig) -> keras.Model:
    """A compiled trainer with Keras's Adadelta at the configured rate."""
    trainer = PlainTrainer(frequency, config)
    rule = config.optimizer
    adadelta = keras.optimizers.Adadelta(rule.learning_rate, rho=rule.rho, epsilon=rule.epsilon)
    trainer.compile(optimizer=adadelta, jit_compile=False)
    return trainer


def padded_batches(windows: Windows, size: int, seed: int) -> tf.data.Dataset:
    """Shuffled batches of so many windows for `Model.fit`: one-tuples of (size, T + 1) ids, padded to the longest."""
    lengths = windows.lengths.astype(np.int64)
    ids = windows.seen(np.arange(len(windows))).ids
    rows = tf.RaggedTensor.from_row_lengths(ids[ids > 0], lengths)
    shuffled = tf.data.Dataset.from_tensor_slices(rows).shuffle(len(windows), seed=seed)
    return shuffled.ragged_batch(size).map(lambda batch: (batch.to_tensor(),)).prefetch(tf.data.AUTOTUNE)
