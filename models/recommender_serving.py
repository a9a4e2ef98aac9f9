"""The trained network as one Keras model: item ids as text in, the best items as text out."""

from typing import Any

import keras
import numpy as np
from keras import ops

from models.config import RecommenderConfig
from models.recommender_network import Network, named, session_scores
from models.sequences import Vocabulary

Tensor = Any


def serving_model(network: Network, vocabulary: Vocabulary, config: RecommenderConfig) -> keras.Model:
    """The whole recommender as one model. The network's item rows are set to unit length, which changes no score.

    Input `session`: (n, max_length) strings, oldest first; unknown and empty ones are skipped wherever they stand.
    Outputs `items` (n, min(top_k, V)) strings, best first, and `scores` of the same shape.
    """
    table = network.table()
    network.items.embeddings.assign(np.concatenate([np.zeros_like(table[:1]), table]))
    session = keras.Input((config.max_length,), dtype="string", name="session")
    ids = _compact(_lookup(vocabulary, invert=False)(session), config.max_length)
    vector, own = _query(network, ids)
    logits = network.items(vector, reverse=True)[:, 1:]
    # The best k items that the session has not are among the best k + max_length of all.
    others, found = ops.top_k(logits, min(config.top_k + config.max_length, len(vocabulary)))
    others_ids = ops.cast(found, "int64") + 1
    seen = ops.any(ops.equal(others_ids[:, :, None], ids[:, None, :]), axis=2)
    scores = ops.concatenate([ops.where(seen, -np.inf, others), own], axis=1)
    best, place = ops.top_k(scores, min(config.top_k, len(vocabulary)))
    chosen = ops.take_along_axis(ops.concatenate([others_ids, ids], axis=1), place, axis=1)
    answer = {"items": _lookup(vocabulary, invert=True)(chosen), "scores": best}
    return named(keras.Model(session, answer, name="next_item"))


def query_model(serving: keras.Model) -> tuple[Network, keras.Model]:
    """The parts of a (loaded) serving model that an index needs.

    Returns:
        The network, and a model from (n, L) int32 ids padded on the right to the session's vector (n, D) and the scores
        of its items (n, L), as `session_scores` gives them.
    """
    network = Network(*(serving.get_layer(name) for name in ("items", "encoder", "head")))
    ids = keras.Input(serving.input_shape[1:], dtype="int32", name="ids")
    return network, keras.Model(ids, list(_query(network, ids)), name="query")


def _query(network: Network, ids: Tensor) -> tuple[Tensor, Tensor]:
    vectors, states = network.read(ids)
    last = ops.maximum(ops.sum(ops.cast(ids > 0, "int32"), axis=1) - 1, 0)
    state = ops.take_along_axis(states, last[:, None, None], axis=1)[:, 0]
    vector, bonus, weight = network.head(state)
    return vector, session_scores(ids, vectors, vector, bonus, weight)


def _compact(ids: Tensor, length: int) -> Tensor:
    """Move the known items to the left, in their order."""
    place = ops.cumsum(ops.ones_like(ids), axis=1)
    order = ops.argsort(ops.where(ids > 0, place, place + length), axis=1)
    return ops.take_along_axis(ids, order, axis=1)


def _lookup(vocabulary: Vocabulary, invert: bool) -> keras.layers.StringLookup:
    # The empty text stands for "no item" both ways, so that no item id of a shop can collide with it.
    return keras.layers.StringLookup(
        vocabulary=list(vocabulary.items), oov_token="", invert=invert, name="text" if invert else "lookup"
    )
