"""The trained network as one Keras model: item ids as text in, the best items as text out."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from models.config import RecommenderConfig
from models.recommending.network import Network, named, session_scores
from models.sessions.encoded import Seen
from models.sessions.sequences import EVENTS, UNKNOWN
from models.sessions.vocabulary import Vocabulary

Tensor = Any


def serving_model(network: Network, vocabulary: Vocabulary, config: RecommenderConfig) -> keras.Model:
    """The whole recommender as one model. The network's item rows are set to unit length, which changes no score.

    Inputs, each (n, max_length) and oldest first:
        session: item ids as strings; unknown and empty ones are skipped wherever they stand.
        events: kinds of the events as strings, "" where unknown; with `use_events` only.
        gaps: float32 seconds since the session's previous event, negative where unknown, 0 beside an empty id; with
            `use_gaps` only. The gap of a skipped item counts for the next one kept.

    Outputs `items` (n, min(top_k, V)) strings, best first, and `scores` of the same shape.
    """
    table = network.table()
    network.items.embeddings.assign(np.concatenate([np.zeros_like(table[:1]), table]))
    session = keras.Input((config.max_length,), dtype="string", name="session")
    ids = _lookup(vocabulary.items, "lookup")(session)
    inputs, told = [session], {}
    order = _known_first(ids, config.max_length)
    if config.use_events:
        inputs.append(keras.Input((config.max_length,), dtype="string", name="events"))
        told["kinds"] = ops.take_along_axis(_lookup(EVENTS, "kinds")(inputs[-1]), order, axis=1)
    if config.use_gaps:
        inputs.append(keras.Input((config.max_length,), dtype="float32", name="gaps"))
        told["gaps"] = _gaps_between(inputs[-1], order)
    ids = ops.take_along_axis(ids, order, axis=1)
    vector, own = _query(network, ids, told)
    logits = network.items(vector, reverse=True)[:, 1:]
    # The best k items that the session has not are among the best k + max_length of all.
    others, found = ops.top_k(logits, min(config.top_k + config.max_length, len(vocabulary)))
    others_ids = ops.cast(found, "int64") + 1
    seen = ops.any(ops.equal(others_ids[:, :, None], ids[:, None, :]), axis=2)
    scores = ops.concatenate([ops.where(seen, -np.inf, others), own], axis=1)
    best, place = ops.top_k(scores, min(config.top_k, len(vocabulary)))
    chosen = ops.take_along_axis(ops.concatenate([others_ids, ids], axis=1), place, axis=1)
    answer = {"items": _lookup(vocabulary.items, "text", invert=True)(chosen), "scores": best}
    return named(keras.Model(inputs if len(inputs) > 1 else session, answer, name="next_item"))


def query_model(serving: keras.Model) -> tuple[Network, keras.Model]:
    """The parts of a (loaded) serving model that an index needs.

    Returns:
        The network, and a model from the parts of `encoded.Seen` that it takes, (n, L), to the session's vector (n, D)
        and the scores of its items (n, L), as `session_scores` gives them.
    """
    network = Network(*(serving.get_layer(name) for name in ("items", "encoder", "head")))
    shape = serving.inputs[0].shape[1:]
    ids = keras.Input(shape, dtype="int32", name="ids")
    told = {
        asked.name: keras.Input(shape, dtype=asked.dtype, name=asked.name)
        for asked in network.encoder.inputs
        if asked.name in Seen._fields
    }
    return network, keras.Model([ids, *told.values()], list(_query(network, ids, told)), name="query")


def _query(network: Network, ids: Tensor, told: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    vectors, states = network.read(ids, **told)
    last = ops.maximum(ops.sum(ops.cast(ids > 0, "int32"), axis=1) - 1, 0)
    state = ops.take_along_axis(states, last[:, None, None], axis=1)[:, 0]
    vector, bonus, weight = network.head(state)
    return vector, session_scores(ids, vectors, vector, bonus, weight)


def _known_first(ids: Tensor, length: int) -> Tensor:
    """(n, L) places of the known items in their order, then of the others in theirs."""
    place = ops.cumsum(ops.ones_like(ids), axis=1)
    return ops.argsort(ops.where(ids > 0, place, place + length), axis=1)


def _gaps_between(gaps: Tensor, order: Tensor) -> Tensor:
    """(n, L) seconds since the event that is one earlier in the order; negative where one between is unknown."""
    unknown = gaps < 0
    seconds = _since_previous(ops.cumsum(ops.where(unknown, 0.0, gaps), axis=1), order)
    missing = _since_previous(ops.cumsum(ops.cast(unknown, "int32"), axis=1), order)
    return ops.where(missing > 0, float(UNKNOWN), seconds)


def _since_previous(total: Tensor, order: Tensor) -> Tensor:
    reached = ops.take_along_axis(total, order, axis=1)
    return reached - ops.pad(reached[:, :-1], ((0, 0), (1, 0)))


def _lookup(words: Sequence[str], name: str, invert: bool = False) -> keras.layers.StringLookup:
    # The empty text stands for "none" both ways, so that no item id of a shop can collide with it.
    return keras.layers.StringLookup(vocabulary=list(words), oov_token="", invert=invert, name=name)
