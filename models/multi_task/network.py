"""The multi-task network: a session's events in; out, which item comes next and how likely the cart is left.

Both heads read the states of one encoder (hard parameter sharing; Caruana 1997, "Multitask Learning"). Every session
has next items to learn from and few have a cart, so what the first task teaches the encoder may serve the second.
Whether it does is measured, not assumed: `models.multi_task.evaluation`.

Only operations of Keras are used, and none whose shape hangs on the data, so any of its backends can train it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from models.config import MultiTaskConfig, RecommenderConfig
from models.recommending.encoders import encode
from models.recommending.network import named
from models.sessions.sequences import EVENTS

Tensor = Any
Rows = npt.NDArray[np.float32]

IMPOSSIBLE = -1e9
"""Score of what is no candidate."""


@dataclass(frozen=True)
class SessionNetwork:
    """The parts, with D the encoder's dimension, L the longest input and H + 1 the width of the tabular part."""

    items: keras.layers.Embedding
    """(V + 1, D) table; row 0 is an item that the vocabulary does not have."""

    reader: keras.Model
    """`ids` and `kinds`, (n, L) int32 as in `Histories` → (n, L, D) states, each of what came up to its event."""

    next_item: keras.Model
    """(n, D) states → (n, D) unit vectors, whose products with the items' unit rows rank what comes next."""

    leaving: keras.Model
    """`state` (n, D) and, where there is one, `tabular` (n, H + 1) → the log-odds (n, 1) that the cart is left."""

    scorer: keras.Model
    """`ids`, `kinds` and, where there is one, `tabular` → the log-odds (n, 1) after the last event of each row."""


def build_session_network(
    start: Rows, config: MultiTaskConfig, recommender: RecommenderConfig, seed: int, tabular_width: int = 0
) -> SessionNetwork:
    """A network with fresh weights.

    Args:
        start: (V, D) first item vectors, of any length.
        config: dropout and the abandonment head.
        recommender: kind and size of the encoder; it is the recommender's.
        seed: of the weights and of dropout.
        tabular_width: H + 1, the columns of `tower`; 0 for a head that has the session alone.
    """
    units = start / np.maximum(np.linalg.norm(start, axis=1, keepdims=True), 1e-6)
    items = keras.layers.Embedding(len(start) + 1, recommender.dimension, name="item_table")
    items.build((None, recommender.max_length))
    items.embeddings.assign(np.concatenate([np.zeros_like(units[:1]), units]).astype(np.float32))
    reader = _reader(items, config, recommender, seed)
    leaving = _leaving(recommender.dimension, config, seed + 10, tabular_width)
    return SessionNetwork(
        items=items,
        reader=reader,
        next_item=_next_item(recommender.dimension, seed + 20),
        leaving=leaving,
        scorer=_scorer(reader, leaving, tabular_width),
    )


def last_state(states: Tensor, kinds: Tensor) -> Tensor:
    """(n, D) the states (n, L, D) at the last event of each row of kinds (n, L)."""
    last = ops.maximum(ops.sum(ops.cast(kinds > 0, "int32"), axis=1) - 1, 0)
    return ops.take_along_axis(states, last[:, None, None], axis=1)[:, 0]


def next_item_loss(vectors: Tensor, rows: Tensor, targets: Tensor, temperature: float) -> Tensor:
    """Mean cross-entropy of each target against the other targets of the batch.

    Args:
        vectors: (m, D) unit vectors that the sessions ask with.
        rows: (m, D) unit rows of the targets.
        targets: (m,) ids; 0 is no target and takes no part.
        temperature: what cosines are divided by.

    Returns:
        A scalar; 0 where there is no target.
    """
    real = targets > 0
    own = ops.eye(ops.shape(targets)[0], dtype="bool")
    same = ops.equal(targets[:, None], targets[None, :])
    # A target that another row has as well is no wrong answer to it.
    wrong = ops.logical_and(ops.logical_not(same), real[None, :])
    scores = ops.matmul(vectors, ops.transpose(rows)) / temperature
    scores = ops.where(ops.logical_or(wrong, own), scores, IMPOSSIBLE)
    right = ops.sum(vectors * rows, axis=1) / temperature
    counted = ops.cast(real, scores.dtype)
    losses = (ops.logsumexp(scores, axis=1) - right) * counted
    return ops.sum(losses) / ops.maximum(ops.sum(counted), 1.0)


class JointTrainer(keras.Model):
    """Trains a network on both tasks: mean log loss of abandonment + `weight` · mean loss of the next item.

    A batch is what the network's `scorer` takes of some examples and, unless the weight is 0, `window_ids` and
    `window_kinds` (b, L + 1) of some sessions, every event of which is to be told from those before it.

    Args:
        network: what is trained.
        weight: of the next-item loss; with 0 that part is not even computed.
        temperature: of the next-item scores.
    """

    def __init__(self, network: SessionNetwork, weight: float, temperature: float) -> None:
        super().__init__(name="joint")
        self.scorer, self.weight, self.temperature = network.scorer, weight, temperature
        if weight:
            self.items, self.reader, self.next_item = network.items, network.reader, network.next_item

    def call(self, inputs: Mapping[str, Tensor], training: bool = False) -> dict[str, Tensor]:
        """`logit` (n, 1) of the examples and, unless the weight is 0, the scalar `next_item` loss of the windows."""
        parts = dict(inputs)
        answers = {}
        if self.weight:
            answers["next_item"] = self._next_item(parts.pop("window_ids"), parts.pop("window_kinds"), training)
        answers["logit"] = self.scorer(parts, training=training)
        return answers

    def compute_loss(
        self,
        x: Any = None,  # noqa: ARG002 - Keras hands them over
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,  # noqa: ARG002
        training: bool = True,  # noqa: ARG002
    ) -> Tensor:
        """The joint loss of labels `y` (n, 1) and what `call` gave."""
        loss = ops.mean(ops.binary_crossentropy(y, y_pred["logit"], from_logits=True))
        return loss + self.weight * y_pred["next_item"] if self.weight else loss

    def _next_item(self, ids: Tensor, kinds: Tensor, training: bool) -> Tensor:
        states = self.reader({"ids": ids[:, :-1], "kinds": kinds[:, :-1]}, training=training)
        vectors = self.next_item(ops.reshape(states, (-1, states.shape[-1])), training=training)
        targets = ops.reshape(ids[:, 1:], (-1,))
        return next_item_loss(vectors, ops.normalize(self.items(targets)), targets, self.temperature)


def _reader(
    items: keras.layers.Embedding, config: MultiTaskConfig, recommender: RecommenderConfig, seed: int
) -> keras.Model:
    inputs = {name: keras.Input((recommender.max_length,), dtype="int32", name=name) for name in ("ids", "kinds")}
    kinds = keras.layers.Embedding(
        len(EVENTS) + 1,
        recommender.dimension,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=0.1, seed=seed),
        name="kind_table",
    )
    vectors = items(inputs["ids"]) + kinds(inputs["kinds"])
    vectors = keras.layers.Dropout(config.input_dropout, seed=seed + 1, name="input_dropout")(vectors)
    return named(keras.Model(inputs, encode(vectors, recommender, seed + 2), name="reader"))


def _next_item(width: int, seed: int) -> keras.Model:
    state = keras.Input((width,), name="state")
    initializer = keras.initializers.GlorotUniform(seed=seed)
    vector = keras.layers.Dense(width, kernel_initializer=initializer, name="vector")(state)
    return named(keras.Model(state, ops.normalize(vector), name="next_item"))


def _leaving(width: int, config: MultiTaskConfig, seed: int, tabular_width: int) -> keras.Model:
    inputs = {"state": keras.Input((width,), name="state")}
    hidden = inputs["state"]
    if tabular_width:
        inputs["tabular"] = keras.Input((tabular_width,), name="tabular")
        hidden = ops.concatenate([hidden, inputs["tabular"][:, :-1]], axis=-1)
    hidden = keras.layers.BatchNormalization(name="norm")(hidden)
    hidden = keras.layers.Dropout(config.dropout, seed=seed, name="dropout_in")(hidden)
    initializer = keras.initializers.HeNormal(seed=seed)
    hidden = keras.layers.Dense(config.units, activation="relu", kernel_initializer=initializer, name="hidden")(hidden)
    hidden = keras.layers.Dropout(config.dropout, seed=seed + 1, name="dropout_out")(hidden)
    # Beside a tabular model it starts as that model, and learns what the session adds to it.
    logit = keras.layers.Dense(1, kernel_initializer="zeros", name="logit")(hidden)
    if tabular_width:
        logit = logit + inputs["tabular"][:, -1:]
    return named(keras.Model(inputs, logit, name="leaving"))


def _scorer(reader: keras.Model, leaving: keras.Model, tabular_width: int) -> keras.Model:
    inputs = {layer.name: keras.Input(layer.shape[1:], dtype=layer.dtype, name=layer.name) for layer in reader.inputs}
    states = reader(dict(inputs))
    parts = {"state": last_state(states, inputs["kinds"])}
    if tabular_width:
        parts["tabular"] = inputs["tabular"] = keras.Input((tabular_width,), name="tabular")
    return named(keras.Model(inputs, leaving(parts), name="scorer"))
