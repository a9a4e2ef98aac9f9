"""What becomes of a step's gradients before an update rule sees them: slices summed, entries and norm bounded."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

Tensor = Any


def clip(gradients: Sequence[Tensor], value: float | None, norm: float | None) -> list[Tensor]:
    """Bound the entries, then the norm of all gradients together (Pascanu et al. 2013, arXiv:1211.5063).

    The entries come first: a single wild one is cut before it can shrink all others by way of the norm, and shrinking
    cannot push an entry over its bound again, so both bounds hold in the end. A NaN stays one, so that a training that
    diverged is seen as such; so does an infinite entry unless `value` cuts it.

    Args:
        gradients: arrays of any shapes.
        value: largest size of an entry; none where not given.
        norm: largest Euclidean norm over all entries of all arrays; none where not given.

    Returns:
        Arrays of the same shapes and dtypes.
    """
    if value is not None:
        gradients = [ops.clip(gradient, -value, value) for gradient in gradients]
    if norm is not None and gradients:
        squares = ops.stack([ops.sum(ops.square(ops.cast(gradient, "float32"))) for gradient in gradients])
        scale = ops.minimum(1.0, norm / ops.sqrt(ops.sum(squares)))
        gradients = [gradient * ops.cast(scale, gradient.dtype) for gradient in gradients]
    return list(gradients)


class Clipping(keras.optimizers.Optimizer):
    """Part of an optimizer that prepares the gradients; stands before a Keras optimizer among the base classes.

    Keras takes a bound of the entries or of the norm, not both. On row slices of an embedding table's gradient
    (`tf.IndexedSlices`) its bound of the norm makes a gradient of the whole table, its bound of the entries lets a row
    that comes twice go twice as far, and its rules square the slices of a row one by one. Here the slices of a row are
    summed first, and slices they stay.
    """

    def __init__(
        self, *args: Any, clip_value: float | None = None, clip_norm: float | None = None, **kwargs: Any
    ) -> None:
        """Take the arguments of the Keras optimizer, and the two bounds of `clip`."""
        super().__init__(*args, **kwargs)
        self.clip_value, self.clip_norm = clip_value, clip_norm

    def apply(self, grads: Sequence[Tensor | None], trainable_variables: Sequence[Any] | None = None) -> None:
        """Update the variables by their prepared gradients; None where a variable has none."""
        summed = [_summed(gradient) for gradient in grads]
        known = [gradient for gradient in summed if gradient is not None]
        clipped = iter(clip([_entries(gradient) for gradient in known], self.clip_value, self.clip_norm))
        super().apply([None if g is None else _with_entries(g, next(clipped)) for g in summed], trainable_variables)

    def get_config(self) -> dict[str, Any]:
        """Settings to make the optimizer from again."""
        return {**super().get_config(), "clip_value": self.clip_value, "clip_norm": self.clip_norm}


def _is_slices(gradient: Tensor) -> bool:
    return hasattr(gradient, "indices") and hasattr(gradient, "values")


def _summed(gradient: Tensor | None) -> Tensor | None:
    if not _is_slices(gradient):
        return gradient
    from models.optimizing.table_rows import summed_by_row  # TensorFlow, whose slices these are

    return summed_by_row(gradient)


def _entries(gradient: Tensor) -> Tensor:
    return gradient.values if _is_slices(gradient) else gradient


def _with_entries(gradient: Tensor, entries: Tensor) -> Tensor:
    return type(gradient)(entries, gradient.indices, gradient.dense_shape) if _is_slices(gradient) else entries
