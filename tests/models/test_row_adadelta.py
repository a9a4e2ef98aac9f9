"""Row-wise Adadelta is dense Adadelta on the rows a batch touches, and leaves the others alone."""

import keras
import numpy as np
import tensorflow as tf

from models.row_adadelta import RowAdadelta


def steps(optimizer: keras.optimizers.Optimizer, start: np.ndarray, gradients: list[object]) -> np.ndarray:
    variable = keras.Variable(start)
    for gradient in gradients:
        optimizer.apply([gradient], [variable])
    return np.asarray(variable)


def test_it_is_dense_adadelta_where_every_row_is_touched_even_twice() -> None:
    rng = np.random.default_rng(0)
    start = rng.normal(size=(4, 3)).astype("float32")
    rows = np.array([2, 0, 3, 1, 0, 2])
    values = rng.normal(size=(5, 6, 3)).astype("float32")
    dense = np.zeros((5, 4, 3), dtype="float32")
    for step in range(5):
        np.add.at(dense[step], rows, values[step])
    slices = [tf.IndexedSlices(tf.constant(value), tf.constant(rows), tf.constant([4, 3])) for value in values]
    expected = steps(keras.optimizers.Adadelta(1.0), start, [tf.constant(value) for value in dense])
    np.testing.assert_allclose(steps(RowAdadelta(1.0), start, slices), expected, rtol=1e-5)
    np.testing.assert_array_equal(steps(RowAdadelta(1.0), start, [tf.constant(dense[0])])[0] != start[0], True)


def test_untouched_rows_stay_and_keep_their_averages() -> None:
    start = np.ones((3, 2), dtype="float32")
    one = tf.IndexedSlices(tf.ones((1, 2)), tf.constant([1]), tf.constant([3, 2]))
    other = tf.IndexedSlices(tf.ones((1, 2)), tf.constant([2]), tf.constant([3, 2]))
    after = steps(RowAdadelta(1.0), start, [one])
    np.testing.assert_array_equal(after[[0, 2]], start[[0, 2]])
    # fifty steps of another row in between change nothing for row 1
    np.testing.assert_array_equal(
        steps(RowAdadelta(1.0), start, [one, one])[1], steps(RowAdadelta(1.0), start, [one, *[other] * 50, one])[1]
    )
