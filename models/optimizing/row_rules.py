"""Update rules that touch only the rows of an embedding table that a batch touched, by TensorFlow's fused kernels."""

from typing import Any

import keras
import tensorflow as tf

from models.optimizing.table_rows import resource
from models.optimizing.update_rules import Adadelta, Adagrad


@keras.saving.register_keras_serializable(package="models")
class RowAdadelta(Adadelta):
    """Adadelta (Zeiler 2012, arXiv:1212.5701) with row-wise updates for gradients of embedding tables.

    Where a batch touches every row it is Keras's Adadelta. A row that a batch leaves out keeps its running averages,
    where the dense rule lets them decay: then the first step after a long absence is as large as the last one before
    it, not many times larger, and a step costs time for the rows of the batch instead of the whole table.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable; a `tf.IndexedSlices` gradient, each row once, by the row-wise kernel."""
        if not isinstance(gradient, tf.IndexedSlices):
            super().update_step(gradient, variable, learning_rate)
            return
        position = self._get_variable_index(variable)
        tf.raw_ops.ResourceSparseApplyAdadelta(
            var=resource(variable).handle,
            accum=resource(self._accumulated_grads[position]).handle,
            accum_update=resource(self._accumulated_delta_vars[position]).handle,
            lr=tf.cast(learning_rate, variable.dtype),
            rho=tf.cast(self.rho, variable.dtype),
            epsilon=tf.cast(self.epsilon, variable.dtype),
            grad=tf.cast(gradient.values, variable.dtype),
            indices=gradient.indices,
        )


@keras.saving.register_keras_serializable(package="models")
class RowAdagrad(Adagrad):
    """AdaGrad (Duchi et al. 2011) that reads and writes no other rows of an embedding table than the batch's.

    Dense or row-wise, the values are the same: a row without a gradient keeps its sum and its place.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable; a `tf.IndexedSlices` gradient, each row once, by the row-wise kernel."""
        if not isinstance(gradient, tf.IndexedSlices):
            super().update_step(gradient, variable, learning_rate)
            return
        tf.raw_ops.ResourceSparseApplyAdagradV2(
            var=resource(variable).handle,
            accum=resource(self._accumulators[self._get_variable_index(variable)]).handle,
            lr=tf.cast(learning_rate, variable.dtype),
            epsilon=tf.cast(self.epsilon, variable.dtype),
            grad=tf.cast(gradient.values, variable.dtype),
            indices=gradient.indices,
        )
