"""The next-item network: a session's items in, a score for every item out.

The score of an item is the dot product of the session's vector with the item's, which input and output share (tied
embeddings; Press & Wolf 2017), plus the item's own bias. More than a third of the next items of real sessions are items
already seen, which a dot product cannot tell from others of their kind. So an item of the session gets a bonus for each
of its occurrences, by distance from the session's end, and its dot product and bias (how popular it is, which matters
less for what the visitor chose before) have weights of their own. All of these are read from the session's state.

Only layers and operations that come with Keras are used: a saved model needs no code of ours to be loaded.
"""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from models.config import RecommenderConfig
from models.sequences import Vocabulary

Tensor = Any


@dataclass(frozen=True)
class Network:
    """The layers of a recommender, with D the dimension and L the longest input."""

    items: keras.layers.ReversibleEmbedding
    """(V + 1, D + 1) table: row 0 is no item; the last column is the item's bias."""

    encoder: keras.Model
    """(n, T, D) item vectors, T ≤ L → (n, T, D) states; the state at a position depends on nothing after it."""

    head: keras.Model
    """(n, D) states → the session's vector (n, D), bonuses (n, L) of the items 0, 1, … events before the latest, and
    the weights (n, 2) of dot product and bias in the scores of the session's items."""

    def read(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """(n, T) ids padded on the right → the items' rows (n, T, D + 1) and the states (n, T, D)."""
        rows = self.items(ids)
        return rows, self.encoder(rows[..., :-1])

    def table(self) -> npt.NDArray[np.float32]:
        """(V, D + 1) rows of the items, bias last."""
        return np.asarray(self.items.embeddings)[1:]


def build_network(vocabulary: Vocabulary, config: RecommenderConfig, seed: int) -> Network:
    """A network with fresh weights; each item's bias starts at the logarithm of its share of the training events."""
    width = config.dimension
    items = keras.layers.ReversibleEmbedding(
        len(vocabulary) + 1,
        width + 1,
        embeddings_initializer=keras.initializers.RandomUniform(-0.05, 0.05, seed=seed),
        name="items",
    )
    items.build()
    table = items.embeddings.numpy().copy()
    table[0], table[:, -1] = 0.0, 0.0
    # Popularity is where learning should start, not what it should have to find out.
    table[1:, -1] = np.log(vocabulary.counts / vocabulary.counts.mean())
    items.embeddings.assign(table)
    return Network(items=items, encoder=_encoder(config, seed + 1), head=_head(config, seed + 2))


def _encoder(config: RecommenderConfig, seed: int) -> keras.Model:
    vectors = inputs = keras.Input((None, config.dimension), name="vectors")
    if config.input_dropout:
        vectors = keras.layers.Dropout(config.input_dropout, seed=seed, name="input_dropout")(vectors)
    if config.encoder == "gru":
        states = keras.layers.GRU(
            config.dimension,
            return_sequences=True,
            kernel_initializer=keras.initializers.GlorotUniform(seed=seed),
            recurrent_initializer=keras.initializers.Orthogonal(seed=seed),
            name="gru",
        )(vectors)
    else:
        positions = ops.cumsum(ops.ones_like(vectors[..., :1]), axis=1)
        means = ops.cumsum(vectors, axis=1) / positions
        states = keras.layers.Dense(
            config.dimension,
            activation="tanh",
            kernel_initializer=keras.initializers.GlorotUniform(seed=seed),
            name="pooling",
        )(ops.concatenate([vectors, means], axis=-1))
    return _named(keras.Model(inputs, states, name="encoder"))


def _head(config: RecommenderConfig, seed: int) -> keras.Model:
    state = keras.Input((config.dimension,), name="state")
    hidden = state
    if config.batch_normalization:
        hidden = keras.layers.BatchNormalization(momentum=0.9, name="norm")(hidden)
    hidden = keras.layers.Dropout(config.dropout, seed=seed, name="dropout")(hidden)
    vector = keras.layers.Dense(
        config.dimension, kernel_initializer=keras.initializers.GlorotUniform(seed=seed), name="vector"
    )(hidden)
    bonus = keras.layers.Dense(config.max_length, kernel_initializer="zeros", name="bonus")(hidden)
    weights = keras.layers.Dense(2, kernel_initializer="zeros", bias_initializer="ones", name="weights")(hidden)
    return keras.Model(state, [vector, bonus, weights], name="head")


def session_scores(ids: Tensor, rows: Tensor, vector: Tensor, bonus: Tensor, weights: Tensor) -> Tensor:
    """Scores of the items a session already has.

    Args:
        ids: (n, T) ids padded on the right.
        rows: (n, T, D + 1) the items' rows, bias last.
        vector: (n, D) the session's vector.
        bonus: (n, L) bonus by distance from the latest event, L ≥ T.
        weights: (n, 2) of dot product and bias.

    Returns:
        (n, T) scores, minus infinity in the padding and wherever the item comes again later in the session, so that
        each item has one score.
    """
    real = ids > 0
    length = ops.sum(ops.cast(real, "int32"), axis=1, keepdims=True)
    position = ops.cumsum(ops.ones_like(ids), axis=1) - 1
    distance = ops.maximum(length - 1 - position, 0)
    by_position = ops.where(real, ops.take_along_axis(bonus, distance, axis=1), 0.0)
    same = ops.equal(ids[:, :, None], ids[:, None, :])
    total = ops.sum(ops.where(same, by_position[:, None, :], 0.0), axis=2)
    again = ops.any(ops.logical_and(same, position[:, :, None] < position[:, None, :]), axis=2)
    product = ops.sum(rows[..., :-1] * vector[:, None, :], axis=2)
    scores = weights[:, :1] * product + weights[:, 1:] * rows[..., -1] + total
    return ops.where(ops.logical_and(real, ops.logical_not(again)), scores, -np.inf)


def serving_model(network: Network, vocabulary: Vocabulary, config: RecommenderConfig) -> keras.Model:
    """The whole recommender as one model: item ids as text in, the best items as text out.

    Input `session`: (n, max_length) strings, oldest first; unknown and empty ones are skipped wherever they stand.
    Outputs `items` (n, min(top_k, V)) strings, best first, and `scores` of the same shape.
    """
    session = keras.Input((config.max_length,), dtype="string", name="session")
    ids = _compact(_lookup(vocabulary, invert=False)(session), config.max_length)
    vector, own = _query(network, ids)
    logits = network.items(_with_one(vector), reverse=True)[:, 1:]
    # The best k items that the session has not are among the best k + max_length of all.
    others, found = ops.top_k(logits, min(config.top_k + config.max_length, len(vocabulary)))
    others_ids = ops.cast(found, "int64") + 1
    seen = ops.any(ops.equal(others_ids[:, :, None], ids[:, None, :]), axis=2)
    scores = ops.concatenate([ops.where(seen, -np.inf, others), own], axis=1)
    best, place = ops.top_k(scores, min(config.top_k, len(vocabulary)))
    chosen = ops.take_along_axis(ops.concatenate([others_ids, ids], axis=1), place, axis=1)
    answer = {"items": _lookup(vocabulary, invert=True)(chosen), "scores": best}
    return _named(keras.Model(session, answer, name="next_item"))


def query_model(serving: keras.Model) -> tuple[Network, keras.Model]:
    """The parts of a (loaded) serving model that an index needs.

    Returns:
        The network, and a model from (n, L) int32 ids padded on the right to the session's vector with a one appended
        (n, D + 1) and the scores of its items (n, L), as `session_scores` gives them.
    """
    network = Network(*(serving.get_layer(name) for name in ("items", "encoder", "head")))
    ids = keras.Input(serving.input_shape[1:], dtype="int32", name="ids")
    vector, own = _query(network, ids)
    return network, keras.Model(ids, [_with_one(vector), own], name="query")


def _query(network: Network, ids: Tensor) -> tuple[Tensor, Tensor]:
    rows, states = network.read(ids)
    last = ops.maximum(ops.sum(ops.cast(ids > 0, "int32"), axis=1) - 1, 0)
    state = ops.take_along_axis(states, last[:, None, None], axis=1)[:, 0]
    vector, bonus, weights = network.head(state)
    return vector, session_scores(ids, rows, vector, bonus, weights)


def _named(model: keras.Model) -> keras.Model:
    """Name the operations by their place: Keras counts them over the process, which a file should not tell."""
    for place, operation in enumerate(model.operations):
        if not isinstance(operation, keras.layers.Layer):
            operation.name = f"operation_{place}"
    return model


def _compact(ids: Tensor, length: int) -> Tensor:
    """Move the known items to the left, in their order."""
    place = ops.cumsum(ops.ones_like(ids), axis=1)
    order = ops.argsort(ops.where(ids > 0, place, place + length), axis=1)
    return ops.take_along_axis(ids, order, axis=1)


def _with_one(vector: Tensor) -> Tensor:
    """Append a one, which the bias column multiplies."""
    return ops.concatenate([vector, ops.ones_like(vector[:, :1])], axis=1)


def _lookup(vocabulary: Vocabulary, invert: bool) -> keras.layers.StringLookup:
    # The empty text stands for "no item" both ways, so that no item id of a shop can collide with it.
    return keras.layers.StringLookup(
        vocabulary=list(vocabulary.items), oov_token="", invert=invert, name="text" if invert else "lookup"
    )
