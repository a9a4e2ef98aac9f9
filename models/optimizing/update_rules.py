"""Keras's update rules with gradients prepared by `Clipping`, and with AdaGrad as it was published."""

from typing import Any

import keras
from keras import ops

from models.optimizing.clipping import Clipping

_serializable = keras.saving.register_keras_serializable(package="models")


@_serializable
class SGD(Clipping, keras.optimizers.SGD):
    """Δx = −η g; with `momentum` μ: v ← μ v − η g and Δx = v, or Δx = μ v − η g with `nesterov`.

    Nesterov's form is that of Sutskever et al. 2013 in the point x + μ v, where they take the gradient.
    """


@_serializable
class Adagrad(Clipping, keras.optimizers.Adagrad):
    """AdaGrad with a diagonal matrix (Duchi et al. 2011, JMLR 12:2121, figure 1): Δx = −η g / (ε + √Σ g²).

    Keras puts ε under the root and starts the sum at 0.1, by which early steps are shorter; here it starts at 0 unless
    `initial_accumulator_value` says otherwise.
    """

    def __init__(self, learning_rate: Any = 0.05, initial_accumulator_value: float = 0.0, **kwargs: Any) -> None:
        """Take the arguments of Keras's Adagrad and of `Clipping`."""
        super().__init__(learning_rate, initial_accumulator_value=initial_accumulator_value, **kwargs)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable."""
        rate, gradient = ops.cast(learning_rate, variable.dtype), ops.cast(gradient, variable.dtype)
        squares = self._accumulators[self._get_variable_index(variable)]
        self.assign_add(squares, ops.square(gradient))
        self.assign_sub(variable, rate * gradient / (ops.sqrt(squares) + self.epsilon))


@_serializable
class RMSprop(Clipping, keras.optimizers.RMSprop):
    """RMSProp (Tieleman & Hinton 2012): E[g²] ← ρ E[g²] + (1 − ρ) g², Δx = −η g / √(E[g²] + ε).

    The lecture has no ε; Keras's is under the root.
    """


@_serializable
class Adadelta(Clipping, keras.optimizers.Adadelta):
    """Adadelta (Zeiler 2012, arXiv:1212.5701, algorithm 1): Δx = −√(E[Δx²] + ε) / √(E[g²] + ε) · g.

    E[Δx²] is that before the step; the learning rate, 1 as published, scales what is added to x and not what E[Δx²]
    takes in.
    """


@_serializable
class Adam(Clipping, keras.optimizers.Adam):
    """Adam (Kingma & Ba 2015, arXiv:1412.6980), in the order at the end of section 2, with ε̂ for ε.

    Δx = −η √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε̂); algorithm 1 itself has ε = ε̂ / √(1 − β₂ᵗ).
    """
