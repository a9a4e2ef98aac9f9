"""The next-item network: a session's items in, a score for every item out.

Items are points on the unit sphere, shared by input and output (tied embeddings; Press & Wolf 2017,
arXiv:1608.05859), and the score of an item is its cosine with the session's vector over a temperature, which keeps
rare items and popular ones on one scale (Hou et al. 2022, arXiv:2204.11067). The session's vector is a weighted mean of
its items, with weights read from the encoder's state (Li et al. 2017, arXiv:1711.04725), plus a projection of the
state.

More than a third of the next items of real sessions are items already seen, which no distance can tell from others of
their kind. So an item of the session gets a bonus for each of its occurrences, by distance from the session's end, and
its cosine has a weight of its own; both are read from the state.

Only layers and operations that come with Keras are used: a saved model needs no code of ours to be loaded.
"""

from collections.abc import Sized
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from models.config import RecommenderConfig
from models.recommending.encoders import encode
from models.recommending.precision import layers_in
from models.sessions.event_inputs import event_inputs

Tensor = Any
Rows = npt.NDArray[np.float32]

START_NORM = 0.5
"""Norm of a new item's row. Only its direction counts, so that the longer a row the slower its item moves."""


@dataclass(frozen=True)
class Network:
    """The layers of a recommender, with D the dimension and L the longest input."""

    items: keras.layers.ReversibleEmbedding
    """(V + 1, D) table: row 0 is no item."""

    encoder: keras.Model
    """(n, T, D) item vectors, (n, T) how many steps back each item came before (`steps_back`) and, where the network
    takes them, `kinds` and `gaps` (`event_inputs`), T ≤ L → (n, T, 2D) states: what the encoder says after each event,
    and the weighted mean of the vectors so far. A state depends on nothing after its position."""

    head: keras.Model
    """(n, 2D) states → the session's vector (n, D), whose dot products with items are scores, bonuses (n, L) of the
    items 0, 1, … events before the latest, and the weight (n, 1) of the dot product of the session's own items."""

    def read(
        self, ids: Tensor, training: bool = False, kinds: Tensor = None, gaps: Tensor = None
    ) -> tuple[Tensor, Tensor]:
        """(n, T) ids padded on the right → the items' unit vectors (n, T, D) and the states (n, T, 2D).

        `kinds` and `gaps` are (n, T) as in `encoded.Seen`, unknown where not given.
        """
        vectors = self.vectors(ids)
        given = {
            "vectors": vectors,
            "back": steps_back(ids),
            "kinds": ops.zeros_like(ids) if kinds is None else ops.cast(kinds, "int32"),
            "gaps": -ops.ones_like(ids, dtype="float32") if gaps is None else ops.cast(gaps, "float32"),
        }
        return vectors, self.encoder([given[asked.name] for asked in self.encoder.inputs], training=training)

    def vectors(self, ids: Tensor) -> Tensor:
        """(…) ids → (…, D) unit vectors; zeros for id 0."""
        return unit(self.items(ids))

    def table(self) -> Rows:
        """(V, D) unit vectors of the items."""
        rows = np.asarray(self.items.embeddings)[1:]
        units: Rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
        return units


def build_network(vocabulary: Sized, config: RecommenderConfig, seed: int, start: Rows | None = None) -> Network:
    """A network with fresh weights.

    Args:
        vocabulary: the V items.
        config: dimension D and the shape of the network.
        seed: seed of the weights and of dropout.
        start: (V, D) first item vectors, of any length (`item_start.co_occurrence_vectors`); random where not given.
    """
    items = keras.layers.ReversibleEmbedding(len(vocabulary) + 1, config.dimension, name="items")
    items.build()
    rows = start if start is not None else np.random.default_rng(seed).normal(size=(len(vocabulary), config.dimension))
    rows = START_NORM * rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    items.embeddings.assign(np.concatenate([np.zeros((1, config.dimension)), rows]).astype(np.float32))
    with layers_in(config.precision):  # the head stays in float32, for scores are differences of large numbers
        encoder = _encoder(config, seed + 1)
    return Network(items=items, encoder=encoder, head=_head(config, seed + 2))


def unit(rows: Tensor) -> Tensor:
    """(…, D) rows → rows of length 1; a row of zeros stays one."""
    return rows * ops.rsqrt(ops.maximum(ops.sum(rows * rows, axis=-1, keepdims=True), 1e-12))


def _encoder(config: RecommenderConfig, seed: int) -> keras.Model:
    vectors = items = keras.Input((None, config.dimension), name="vectors")
    back = keras.Input((None,), dtype="int32", name="back")
    if config.input_dropout:
        vectors = keras.layers.Dropout(config.input_dropout, seed=seed, name="input_dropout")(vectors)
    # No distance tells that two rows are the same item, and whoever compares two items goes on doing so.
    returns = keras.layers.Embedding(config.max_length, config.dimension, "zeros", name="returns")(back)
    inputs, told = event_inputs(config, seed + 100)
    states = encode(sum(told, vectors + returns), config, seed)
    mean = _weighted_mean(vectors, states, config, seed)
    return named(keras.Model([items, back, *inputs], ops.concatenate([states, mean], axis=-1), name="encoder"))


def steps_back(ids: Tensor) -> Tensor:
    """(n, T) ids → (n, T) int32 steps from each event back to the latest one with the same item; 0 for none.

    Id 0 is no item and comes never again.
    """
    position = ops.cumsum(ops.ones_like(ids), axis=1)
    distance = position[:, :, None] - position[:, None, :]
    same = ops.equal(ids[:, :, None], ids[:, None, :]) & (distance > 0) & (ids[:, :, None] > 0)
    far = ops.shape(ids)[1] + 1
    nearest = ops.min(ops.where(same, distance, far), axis=2)
    return ops.where(nearest < far, nearest, 0)


def _weighted_mean(vectors: Tensor, states: Tensor, config: RecommenderConfig, seed: int) -> Tensor:
    """(n, T, D) at each position the mean of the vectors up to there, weighted by the state and by distance."""
    initializer = keras.initializers.GlorotUniform(seed=seed)
    asked = keras.layers.Dense(config.dimension, use_bias=False, kernel_initializer=initializer, name="asked")(states)
    position = ops.cumsum(ops.ones_like(vectors[..., 0], dtype="int32"), axis=1)
    distance = position[:, :, None] - position[:, None, :]
    # An embedding of one entry: how much an item counts by how long ago it was.
    recency = keras.layers.Embedding(config.max_length, 1, embeddings_initializer="zeros", name="recency")
    near = recency(ops.clip(distance, 0, config.max_length - 1))[..., 0]
    scores = ops.matmul(asked, ops.transpose(vectors, (0, 2, 1))) + near
    weights = ops.softmax(ops.where(distance >= 0, scores, -6e4), axis=-1)  # float16 has nothing below -65,504
    return ops.matmul(weights, vectors)


def _head(config: RecommenderConfig, seed: int) -> keras.Model:
    state = keras.Input((2 * config.dimension,), name="state")
    hidden, mean = state[:, : config.dimension], state[:, config.dimension :]
    if config.batch_normalization:
        hidden = keras.layers.BatchNormalization(momentum=0.9, name="norm")(hidden)
    hidden = keras.layers.Dropout(config.dropout, seed=seed, name="dropout")(hidden)
    initializer = keras.initializers.GlorotUniform(seed=seed)
    vector = keras.layers.Dense(config.dimension, kernel_initializer=initializer, name="vector")(hidden)
    vector = unit(vector + mean) / config.temperature
    bonus = keras.layers.Dense(config.max_length, kernel_initializer="zeros", name="bonus")(hidden)
    weight = keras.layers.Dense(1, kernel_initializer="zeros", bias_initializer="ones", name="weight")(hidden)
    return named(keras.Model(state, [vector, bonus, weight], name="head"))


def session_scores(ids: Tensor, vectors: Tensor, vector: Tensor, bonus: Tensor, weight: Tensor) -> Tensor:
    """Scores of the items a session already has.

    Args:
        ids: (n, T) ids padded on the right; a 0 before other ids is skipped.
        vectors: (n, T, D) the items' unit vectors.
        vector: (n, D) the session's vector.
        bonus: (n, L) bonus by distance from the latest event, L ≥ T.
        weight: (n, 1) of the dot product.

    Returns:
        (n, T) scores, minus infinity in the padding and wherever the item comes again later in the session, so that
        each item has one score.
    """
    real = ids > 0
    number = ops.cumsum(ops.cast(real, "int32"), axis=1)
    position = ops.cumsum(ops.ones_like(ids), axis=1)
    distance = number[:, -1:] - number
    by_position = ops.where(real, ops.take_along_axis(bonus, distance, axis=1), 0.0)
    same = ops.equal(ids[:, :, None], ids[:, None, :])
    total = ops.sum(ops.where(same, by_position[:, None, :], 0.0), axis=2)
    again = ops.any(ops.logical_and(same, position[:, :, None] < position[:, None, :]), axis=2)
    scores = weight * ops.sum(vectors * vector[:, None, :], axis=2) + total
    return ops.where(ops.logical_and(real, ops.logical_not(again)), scores, -np.inf)


def named(model: keras.Model) -> keras.Model:
    """Name the operations by their place: Keras counts them over the process, which a file should not tell."""
    for place, operation in enumerate(model.operations):
        if not isinstance(operation, keras.layers.Layer):
            operation.name = f"operation_{place}"
    return model
