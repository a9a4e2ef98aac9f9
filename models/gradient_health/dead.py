"""Units that no example moves."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

FLAT = 1e-3
"""Slope of an activation, as a share of its steepest, from which on down it passes next to nothing back."""

# Slope at an output y, as a share of the steepest. Output and slope of these belong together one to one.
SLOPES: Mapping[str, Callable[[Floats], Any]] = {
    "relu": lambda y: y > 0,
    "elu": lambda y: np.where(y > 0, 1.0, y + 1.0),
    "selu": lambda y: np.where(y > 0, 1.0507009873554805, y + 1.7580993408473766) / 1.7580993408473766,
    "tanh": lambda y: 1.0 - y**2,
    "sigmoid": lambda y: 4.0 * y * (1.0 - y),
}


class DeadUnits:
    """Measures the dead units of a functional model: those whose activation is flat for every row of a sample.

    Such a unit gets no gradient from any of them: a ReLU that is always zero (Lu et al. 2020, arXiv:1903.06733), a
    sigmoid that is always saturated.
    """

    def __init__(self, model: keras.Model, sample: npt.NDArray[Any]) -> None:
        """Watch the activations of `model` on the rows of `sample`."""
        layers = [layer for layer in model.layers if _activation(layer) in SLOPES]
        self._kinds = {_behind(layer): _activation(layer) for layer in layers}
        self._sample = sample
        self._outputs = keras.Model(model.input, [layer.output for layer in layers]) if layers else None

    def __call__(self) -> dict[str, float]:
        """Share of dead units by the layer whose outputs the activation takes."""
        if self._outputs is None:
            return {}
        outputs = [np.asarray(keras.ops.convert_to_numpy(one)) for one in self._outputs(self._sample, training=False)]
        return {
            name: float(np.mean(np.all(SLOPES[kind](output) < FLAT, axis=tuple(range(output.ndim - 1)))))
            for (name, kind), output in zip(self._kinds.items(), outputs, strict=True)
        }


def _activation(layer: keras.Layer) -> str:
    if not isinstance(layer, keras.layers.Activation | keras.layers.Dense):
        return ""
    return getattr(layer.activation, "__name__", "")


def _behind(layer: keras.Layer) -> str:
    """The layer with a kernel that an activation belongs to; its own name where there is none straight before it."""
    step = layer
    while not hasattr(step, "kernel"):
        if isinstance(step.input, list) or isinstance(step, keras.layers.InputLayer):
            return str(layer.name)
        step = step.input._keras_history.operation
    return str(step.name)
