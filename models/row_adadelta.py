"""Adadelta that updates only the rows of an embedding table that a batch touched."""

from typing import Any

import keras
import tensorflow as tf

from models.table_rows import resource


@keras.saving.register_keras_serializable(package="models")
class RowAdadelta(keras.optimizers.Adadelta):
    """Adadelta (Zeiler 2012, arXiv:1212.5701) with row-wise updates for gradients of embedding tables.

    Where a batch touches every row it is Keras's Adadelta. A row that a batch leaves out keeps its running averages,
    where the dense rule lets them decay: then the first step after a long absence is as large as the last one before
    it, not many times larger, and a step costs time for the rows of the batch instead of the whole table.
    """

    def update_step(self, gradient: Any, variable: keras.Variable, learning_rate: Any) -> None:
        """Update one variable; a `tf.IndexedSlices` gradient by TensorFlow's fused row-wise kernel."""
        if not isinstance(gradient, tf.IndexedSlices):
            super().update_step(gradient, variable, learning_rate)
            return
        position = self._get_variable_index(variable)
        # The kernel squares each slice it is given, so slices of one row have to be summed first.
        rows, segment = tf.unique(gradient.indices)
        summed = tf.math.unsorted_segment_sum(gradient.values, segment, tf.size(rows))
        tf.raw_ops.ResourceSparseApplyAdadelta(
            var=resource(variable).handle,
            accum=resource(self._accumulated_grads[position]).handle,
            accum_update=resource(self._accumulated_delta_vars[position]).handle,
            lr=tf.cast(learning_rate, variable.dtype),
            rho=tf.cast(self.rho, variable.dtype),
            epsilon=tf.cast(self.epsilon, variable.dtype),
            grad=tf.cast(summed, variable.dtype),
            indices=rows,
        )
