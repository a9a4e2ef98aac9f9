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
        layers = {_behind(layer): layer for layer in model.layers if _activation(layer) in SLOPES}
        self._slopes = {name: SLOPES[_activation(layer)] for name, layer in layers.items()}
        outputs = {name: layer.output for name, layer in layers.items()}
        self._outputs = keras.Model(model.input, outputs) if outputs else None
        self._sample = sample

    def __call__(self) -> dict[str, float]:
        """Share of dead units by the layer whose outputs the activation takes."""
        if self._outputs is None:
            return {}
        outputs = self._outputs(self._sample, training=False)
        return {name: _dead_share(self._slopes[name](np.array(output))) for name, output in outputs.items()}


def _dead_share(slopes: npt.NDArray[Any]) -> float:
    """Share of the units, along the last axis, whose slope is flat everywhere."""
    return float(np.mean(np.all(slopes < FLAT, axis=tuple(range(slopes.ndim - 1)))))


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
