"""Rows come without the table: same rows, a gradient of those rows alone, and no read of the whole variable."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.config import OptimizerConfig, RecommenderConfig
from models.optimizing.optimizers import make_optimizer
from models.optimizing.table_rows import TableRows, resource
from models.recommending.network import build_network
from models.recommending.retrieval import SessionTrainer
from models.sessions.vocabulary import Vocabulary

ITEMS = 50


def make_trainer(loss: str) -> SessionTrainer:
    config = RecommenderConfig.model_validate({"dimension": 4, "max_length": 5, "negatives": 8, "loss": loss})
    vocabulary = Vocabulary(tuple(map(str, range(ITEMS))), np.full(ITEMS, 3))
    frequency = np.append(0.0, np.full(ITEMS, 1 / ITEMS))
    return SessionTrainer(build_network(vocabulary, config, seed=0), frequency, vocabulary.counts, config)


def test_the_rows_and_their_gradient_are_those_of_the_layer() -> None:
    layer = keras.layers.Embedding(7, 3)
    layer.build()
    ids = tf.constant([[1, 4], [4, 0]])
    gradients = []
    for look_up in (layer, TableRows(layer)):
        with tf.GradientTape() as tape:
            rows = look_up(ids)
            total = tf.reduce_sum(rows * tf.reshape(tf.range(12.0), (2, 2, 3)))
        np.testing.assert_array_equal(rows, np.asarray(layer.embeddings)[ids.numpy()])
        gradients.append(tape.gradient(total, layer.embeddings))
    assert isinstance(gradients[1], tf.IndexedSlices)
    np.testing.assert_array_equal(*(tf.convert_to_tensor(gradient) for gradient in gradients))


@pytest.mark.parametrize(
    ("loss", "rule", "kernel"),
    [
        ("softmax", "adadelta", "ResourceSparseApplyAdadelta"),
        ("bpr_max", "adagrad", "ResourceSparseApplyAdagradV2"),
        ("in_batch", "sgd", "ResourceScatterSub"),
    ],
)
def test_a_training_step_reads_and_updates_rows_and_never_the_whole_table(loss: str, rule: str, kernel: str) -> None:
    trainer = make_trainer(loss)
    config = OptimizerConfig.model_validate({"name": rule, "clip_norm": 1.0, "clip_value": 0.5})
    trainer.compile(optimizer=make_optimizer(config), jit_compile=False)
    batch = tf.constant([[1, 2, 3], [4, 2, 0]], tf.int32)
    trainer.train_on_batch(batch)
    with tf.GradientTape() as tape:
        total = trainer(batch, training=True)
    assert isinstance(tape.gradient(total, trainer.items.embeddings), tf.IndexedSlices)
    graph = tf.function(lambda: trainer.train_step((batch,))).get_concrete_function().graph
    table = next(inside for outside, inside in graph.captures if outside is resource(trainer.items.embeddings).handle)
    assert {operation.type for operation in table.consumers()} <= {"ResourceGather", kernel}
    # and nothing else is as long as the catalogue
    lengths = {
        output.shape[0]
        for operation in graph.get_operations()
        if operation.type not in ("Const", "Placeholder")
        for output in operation.outputs
        if output.shape.rank
    }
    assert not lengths & {ITEMS, ITEMS + 1}
