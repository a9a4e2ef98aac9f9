"""The network, its loss and the step around them give the same on JAX as on TensorFlow, and learn there."""

import json
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from benchmarks.jax_step import summed_loss
from models.config import RecommenderConfig
from models.recommending.loss import make_candidates
from models.recommending.network import build_network
from models.recommending.retrieval import SessionTrainer
from models.sessions.vocabulary import Vocabulary
from tests.conftest import on_jax

ITEMS = 30
SETTINGS = {
    **{"dimension": 16, "max_length": 4, "negatives": 0, "dropout": 0.0, "input_dropout": 0.0},
    **{"use_events": False, "use_gaps": False},
}
FREQUENCY = np.append(0.0, np.full(ITEMS, 1 / ITEMS))

SCRIPT = """
import json, sys
import jax, keras, numpy as np
from keras import ops
from benchmarks.jax_step import make_step, summed_loss, update_rows
from models.config import RecommenderConfig
from models.recommending.loss import make_candidates
from models.recommending.network import build_network

given, settings = np.load(sys.argv[1]), json.loads(sys.argv[2])
network = build_network(range(len(given["chance"]) - 1), RecommenderConfig(**settings), seed=1)
for place, variable in enumerate([*network.encoder.weights, *network.head.weights]):
    variable.assign(given[f"weight_{place}"])
ids = ops.convert_to_tensor(given["ids"])
targets = ops.reshape(ids[:, 1:], (-1,))
candidates = make_candidates(targets, targets[:0], lambda ids: ops.take(given["chance"], ids))
table = ops.convert_to_tensor(given["table"])
loss = summed_loss(network, table[ids[:, :-1]], table[candidates.ids], candidates, ids)

state, step = make_step(network, RecommenderConfig(**settings | {"negatives": 8}))
rng, losses = np.random.default_rng(0), []
for number in range(80):
    ring = (rng.integers(0, 30, (8, 1)) + np.arange(5)) % 30 + 1
    state, mean = step(state, ring.astype("int32"), jax.random.key(number))
    losses.append(float(mean))

rows, slices = np.array([2, 0, 3, 1, 0, 2], "int32"), rng.normal(size=(5, 6, 3)).astype("float32")
start = rng.normal(size=(6, 3)).astype("float32")
variable, optimizer = keras.Variable(start[:4]), keras.optimizers.Adadelta(1.0)
tables = [ops.convert_to_tensor(part) for part in (start, 0 * start, 0 * start)]
for part in slices:
    dense = np.zeros((4, 3), "float32")
    np.add.at(dense, rows, part)
    optimizer.apply([ops.convert_to_tensor(dense)], [variable])
    tables = update_rows(tables, rows, part, (1.0, 0.95, 1e-7))
found = np.asarray(tables[0])
print(json.dumps({
    "loss": float(loss), "losses": losses, "tensorflow": "tensorflow" in sys.modules,
    "off": float(abs(found[:4] - np.asarray(variable)).max()), "left": bool((found[4:] == start[4:]).all()),
}))
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[float, float, dict[str, Any]]:
    """The summed loss by TensorFlow's trainer, by the shared function on TensorFlow, and what JAX's process says."""
    config, rng = RecommenderConfig.model_validate(SETTINGS), np.random.default_rng(0)
    vocabulary = Vocabulary(tuple(map(str, range(ITEMS))), np.full(ITEMS, 3))
    network = build_network(vocabulary, config, seed=0)
    for weight in [*network.encoder.trainable_weights, *network.head.trainable_weights]:
        weight.assign(rng.normal(0.0, 0.3, weight.shape).astype("float32"))
    ids = rng.integers(1, ITEMS + 1, (6, 5)).astype(np.int32)
    ids[0, 2] = ids[0, 0]  # an item that comes back
    whole = SessionTrainer(network, FREQUENCY, vocabulary.counts, config)(tf.constant(ids)) * 24
    chance = -np.expm1(24 * np.log1p(-np.minimum(FREQUENCY, 1 - 1e-7))).astype(np.float32)
    targets = tf.reshape(ids[:, 1:], (-1,))
    candidates = make_candidates(targets, targets[:0], lambda some: ops.take(chance, some))
    table = np.asarray(network.items.embeddings)
    ours = summed_loss(network, table[ids[:, :-1]], table[candidates.ids], candidates, ids)
    weights = [*network.encoder.weights, *network.head.weights]
    given: dict[str, Any] = {f"weight_{place}": np.asarray(weight) for place, weight in enumerate(weights)}
    file = tmp_path_factory.mktemp("jax") / "given.npz"
    np.savez(file, ids=ids, chance=chance, table=table, **given)
    return float(whole), float(ours), on_jax(SCRIPT, str(file), json.dumps(SETTINGS))


def test_the_loss_of_a_batch_is_the_same_on_both_backends(both: tuple[float, float, dict[str, Any]]) -> None:
    whole, tensorflow, jax = both
    assert tensorflow == pytest.approx(whole, rel=1e-5)
    assert jax["loss"] == pytest.approx(tensorflow, rel=1e-5)


def test_training_on_jax_finds_the_ring(both: tuple[float, float, dict[str, Any]]) -> None:
    losses = both[2]["losses"]
    assert np.isfinite(losses).all()
    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:10])


def test_rows_are_updated_as_by_dense_adadelta_and_others_left(both: tuple[float, float, dict[str, Any]]) -> None:
    assert both[2]["off"] < 1e-5
    assert both[2]["left"]


def test_tensorflow_is_not_imported(both: tuple[float, float, dict[str, Any]]) -> None:
    assert not both[2]["tensorflow"]
