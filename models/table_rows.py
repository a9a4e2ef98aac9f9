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

    def __init__(self, layer: keras.layers.Embedding) -> None:
        """Read the rows of a built layer."""
        self.embeddings = layer.embeddings

    def __call__(self, ids: Tensor) -> Tensor:
        """(…) ids → (…, D) rows."""
        return tf.gather(resource(self.embeddings), ids)


def resource(variable: Any) -> Any:
    """TensorFlow's own variable, Keras's wrapper of it or not."""
    return getattr(variable, "_value", variable)


def summed_by_row(slices: tf.IndexedSlices) -> tf.IndexedSlices:
    """The same gradient with each row once: the slices of a row that comes several times are added up."""
    rows, place = tf.unique(slices.indices)
    return tf.IndexedSlices(tf.math.unsorted_segment_sum(slices.values, place, tf.size(rows)), rows, slices.dense_shape)
