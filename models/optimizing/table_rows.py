"""Rows of an embedding table, read without a copy of the table."""

from typing import Any

import keras
import tensorflow as tf

Tensor = Any


class TableRows:
    """An embedding layer's look-up that costs what its rows cost, whatever the size of the table.

    TensorFlow copies a variable at every whole read once a sparse update has touched it, so that nobody sees a half
    updated one. `keras.ops.take` reads the whole variable and then gathers; gathering from the variable itself makes
    no copy, gives the same rows, and the same `tf.IndexedSlices` as gradient.
    """

    def __init__(self, layer: keras.layers.Embedding, fixed_zero: bool = False) -> None:
        """Read the rows of a built layer.

        Args:
            layer: the table.
            fixed_zero: whether id 0 has a row of zeros that nothing moves, for where it stands before other ids. In the
                padding after them no gradient reaches its row.
        """
        self.embeddings, self.fixed_zero = layer.embeddings, fixed_zero

    def __call__(self, ids: Tensor) -> Tensor:
        """(…) ids → (…, D) rows."""
        rows = tf.gather(resource(self.embeddings), ids)
        return tf.where(ids[..., None] > 0, rows, 0.0) if self.fixed_zero else rows


def resource(variable: Any) -> Any:
    """TensorFlow's own variable, Keras's wrapper of it or not."""
    return getattr(variable, "_value", variable)


def summed_by_row(slices: tf.IndexedSlices) -> tf.IndexedSlices:
    """The same gradient with each row once: the slices of a row that comes several times are added up."""
    rows, place = tf.unique(slices.indices)
    return tf.IndexedSlices(tf.math.unsorted_segment_sum(slices.values, place, tf.size(rows)), rows, slices.dense_shape)
