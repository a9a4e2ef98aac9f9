"""On row slices of a table every rule is its dense self where a batch touches each row, and takes no more."""

import keras
import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from models.config import RULES, OptimizerConfig
from models.optimizing.optimizers import make_optimizer

ROWS = [2, 0, 3, 1, 0, 2]
VALUES = np.random.default_rng(0).normal(size=(5, len(ROWS), 3)).astype(np.float32)
START = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)


def walk(config: OptimizerConfig, gradients: list[object]) -> npt.NDArray[np.float32]:
    variable, optimizer = keras.Variable(START), make_optimizer(config)
    for gradient in gradients:
        optimizer.apply([gradient], [variable])
    return np.array(variable)


def slices(values: object, rows: list[int]) -> tf.IndexedSlices:
    return tf.IndexedSlices(tf.constant(values, tf.float32), tf.constant(rows), tf.constant(START.shape))


@pytest.mark.parametrize("clips", [{}, {"clip_norm": 1.0}, {"clip_value": 0.5}, {"clip_norm": 1.0, "clip_value": 0.5}])
@pytest.mark.parametrize("name", RULES)
def test_slices_are_the_dense_gradient_where_every_row_is_touched_even_twice(
    name: str, clips: dict[str, float]
) -> None:
    config = OptimizerConfig.model_validate({"name": name, **clips})
    dense = np.zeros((5, *START.shape), dtype=np.float32)
    for step in range(5):
        np.add.at(dense[step], ROWS, VALUES[step])
    rowwise = walk(config, [slices(values, ROWS) for values in VALUES])
    np.testing.assert_allclose(rowwise, walk(config, [tf.constant(step) for step in dense]), rtol=1e-5, atol=1e-6)
    assert (rowwise != START).all()


@pytest.mark.parametrize("name", ["adadelta", "adagrad", "sgd"])
def test_untouched_rows_stay_and_keep_what_is_known_of_them(name: str) -> None:
    config = OptimizerConfig.model_validate({"name": name})
    one, other = slices(np.ones((1, 3)), [1]), slices(np.ones((1, 3)), [2])
    np.testing.assert_array_equal(walk(config, [one])[[0, 2, 3]], START[[0, 2, 3]])
    # fifty steps of another row in between change nothing for row 1
    np.testing.assert_array_equal(walk(config, [one, one])[1], walk(config, [one, *[other] * 50, one])[1])


def test_adagrad_is_dense_adagrad_where_rows_are_left_out() -> None:
    config = OptimizerConfig(name="adagrad")
    sparse = [slices(values[:2], ROWS[:2]) for values in VALUES]
    np.testing.assert_allclose(
        walk(config, sparse), walk(config, [tf.convert_to_tensor(step) for step in sparse]), rtol=1e-5
    )
