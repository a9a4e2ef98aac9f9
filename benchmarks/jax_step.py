"""A training step of the next-item network on Keras's JAX backend, row-wise on the item table.

The network and its loss are the project's own; only what TensorFlow's trainer does around them is written again:
reading rows, taking gradients and updating. Windows are full, so that every shape is known. `summed_loss` runs on any
backend; the rest imports JAX.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from models.config import RecommenderConfig
from models.recommending.loss import Candidates, make_candidates, softmax_loss
from models.recommending.network import Network, session_scores, steps_back, unit

Tensor = Any
Step = Callable[[Any, Tensor, Tensor], tuple[Any, Tensor]]


def summed_loss(
    network: Network, rows: Tensor, candidate_rows: Tensor, candidates: Candidates, ids: Tensor, training: bool = False
) -> Tensor:
    """Summed softmax loss of every prefix of full windows.

    Args:
        network: its encoder, which is told of items alone, and its head are used; its item table is not read.
        rows: (B, T, D) rows of the table for the inputs, the first T ids of the windows.
        candidate_rows: (m, D) rows of the candidates.
        candidates: the m candidates, the targets among them.
        ids: (B, T + 1) int32 ids, none of them 0.
        training: whether dropout and batch normalization are those of training.

    Returns:
        A float32 scalar.
    """
    windows, length = ids.shape[0], ids.shape[1] - 1
    inputs, vectors = ids[:, :-1], unit(rows)
    states = network.encoder([vectors, steps_back(inputs)], training=training)
    # (B T, …), a target after the other: of each what the whole window has, cut off before the target.
    said = network.head(ops.reshape(states, (windows * length, states.shape[-1])), training=training)
    vector, bonus, weight = (ops.cast(part, "float32") for part in said)
    position = ops.tile(ops.arange(length, dtype="int32"), (windows,))
    before = ops.arange(length, dtype="int32")[None, :] <= position[:, None]
    prefix = ops.where(before, ops.repeat(inputs, length, axis=0), 0)
    own = session_scores(prefix, ops.repeat(vectors, length, axis=0), vector, bonus, weight)
    targets, excluded = ops.reshape(ids[:, 1:], (-1,)), ops.repeat(ids, length, axis=0)
    return ops.sum(softmax_loss(vector, unit(candidate_rows), candidates, excluded, targets, prefix, own))


def summed_by_row(ids: Tensor, slices: Tensor, past: int) -> tuple[Tensor, Tensor]:
    """Add up the slices of equal rows.

    Args:
        ids: (k,) row of each slice, a row perhaps more than once.
        slices: (k, D).
        past: a number that no row has, and above it none.

    Returns:
        (k,) distinct row numbers in order, those from `past` on standing for none, and their (k, D) sums.
    """
    import jax
    import jax.numpy as jnp

    order = jnp.argsort(ids)
    ordered = ids[order]
    segment = jnp.cumsum(jnp.append(False, ordered[1:] != ordered[:-1]))
    summed = jax.ops.segment_sum(slices[order], segment, len(ids), indices_are_sorted=True)
    none = past + jnp.arange(len(ids), dtype=ids.dtype)
    return none.at[segment].set(ordered), summed


def update_rows(
    tables: Sequence[Tensor], ids: Tensor, slices: Tensor, rule: tuple[float, float, float]
) -> list[Tensor]:
    """Row-wise Adadelta (Zeiler 2012, arXiv:1212.5701) on the rows that have a gradient.

    Args:
        tables: three of (V + 1, D): the rows, and their running means of squared gradients and of squared updates.
        ids: (k,) row of each slice of the gradient.
        slices: (k, D).
        rule: learning rate, rho, epsilon.

    Returns:
        The three tables after the update.
    """
    rate, rho, epsilon = rule
    rows, gradient = summed_by_row(ids, slices, len(tables[0]))
    values, squares, moves = (table.at[rows].get(mode="fill", fill_value=0.0) for table in tables)
    squares = rho * squares + (1.0 - rho) * gradient**2
    move = gradient * ((moves + epsilon) ** 0.5) / ((squares + epsilon) ** 0.5)
    moves = rho * moves + (1.0 - rho) * move**2
    fresh = (values - rate * move, squares, moves)
    hints = {"mode": "drop", "unique_indices": True, "indices_are_sorted": True}
    return [table.at[rows].set(new, **hints) for table, new in zip(tables, fresh, strict=True)]


def make_step(network: Network, config: RecommenderConfig) -> tuple[Any, Step]:
    """A compiled training step, with negatives drawn evenly from the catalogue.

    Args:
        network: fresh layers under Keras's JAX backend.
        config: loss temperature, negatives and the rates of Adadelta.

    Returns:
        The first state, and a function from a state (given up by the call), (B, T + 1) ids and a key of JAX's random
        numbers to the next state and the mean loss.
    """
    import jax
    import jax.numpy as jnp

    rule = config.optimizer
    rates = (rule.learning_rate, rule.rho, rule.epsilon)
    items, draws = network.items.input_dim - 1, int(config.negatives)
    weights = [*network.encoder.trainable_variables, *network.head.trainable_variables]
    others = [*network.encoder.non_trainable_variables, *network.head.non_trainable_variables]
    optimizer = keras.optimizers.Adadelta(rule.learning_rate, rho=rule.rho, epsilon=rule.epsilon)
    optimizer.build(weights)

    def loss(
        touched: tuple[Tensor, Tensor], trained: Any, fixed: Any, ids: Tensor, candidates: Candidates
    ) -> tuple[Tensor, list[Tensor]]:
        mapping = [*zip(weights, trained, strict=True), *zip(others, fixed, strict=True)]
        with keras.StatelessScope(state_mapping=mapping) as scope:
            total = summed_loss(network, *touched, candidates, ids, training=True)
        return total, [scope.get_current_value(variable) for variable in others]

    def step(state: Any, ids: Tensor, key: Tensor) -> tuple[Any, Tensor]:
        tables, trained, fixed, slots = state
        targets = ids[:, 1:].reshape(-1)
        drawn = jax.random.randint(key, (draws,), 1, items + 1, dtype=ids.dtype)
        share = len(targets) / items + draws / items
        candidates = make_candidates(targets, drawn, lambda ids: -jnp.expm1(-share * jnp.ones(len(ids))))
        inputs = ids[:, :-1]
        touched = (tables[0][inputs], tables[0][candidates.ids])
        both = jax.value_and_grad(loss, argnums=(0, 1), has_aux=True)
        (total, fixed), (slices, gradients) = both(touched, trained, fixed, ids, candidates)
        trained, slots = optimizer.stateless_apply(slots, gradients, trained)
        rows = jnp.concatenate([inputs.reshape(-1), candidates.ids])
        flat = jnp.concatenate([slices[0].reshape(-1, slices[0].shape[-1]), slices[1]])
        return (update_rows(tables, rows, flat, rates), trained, fixed, slots), total / len(targets)

    table = jnp.array(network.items.embeddings.value)
    tables = [table, jnp.zeros_like(table), jnp.zeros_like(table)]
    parts = ([jnp.array(one.value) for one in variables] for variables in (weights, others, optimizer.variables))
    return (tables, *parts), jax.jit(step, donate_argnums=0)
