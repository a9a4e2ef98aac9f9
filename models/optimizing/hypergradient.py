"""Learning rate and L2 penalty that follow the gradient of the validation loss while the weights are trained.

After a step from w to w' = w + Δw the validation loss tells how the step should have been: ∂L/∂log η = ∇L(w')·Δw for
every rule whose step is proportional to its rate η (Baydin et al. 2018, arXiv:1703.04782), and through the penalty's
part of the step, ∂L/∂log λ = -∇L(w')·2ληw for gradient descent (Luketina et al. 2016, arXiv:1511.06727). It looks one
step ahead and no further, so it prefers lower rates than a whole training does (Wu et al. 2018, arXiv:1803.02021).
It needs Keras's TensorFlow backend.
"""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from models.checkpoint import Arrays

PACE = 0.05  # largest change of a logarithm in a step
RATES = (1e-7, 1e2)
PENALTIES = (1e-8, 1e-1)
SMALLEST = 1e-6  # where a penalty of zero starts, whose logarithm has no gradient

Loss = Callable[[Any, Any], Any]
"""Scalar loss of labels and outputs."""


class Lookahead:
    """Steps of training, each with what the validation loss tells of its rate and penalty.

    Args:
        trainer: compiled model whose optimizer is built and has a constant rate; its own losses stay as they are.
        penalized: trainable variables under the L2 penalty.
        judge: validation loss.
    """

    def __init__(self, trainer: keras.Model, penalized: list[keras.Variable], judge: Loss) -> None:
        self._trainer, self._judge = trainer, judge
        self._variables = trainer.trainable_variables
        self._under = {id(variable) for variable in penalized}
        self.step = tf.function(self._step)

    def _step(self, x: Any, y: Any, weights: Any, held_out: Any, held_labels: Any, rate: Any, l2: Any) -> Any:
        """Make one step.

        Args:
            x: rows of a training batch, (n, …).
            y: their labels.
            weights: (n,) what each counts.
            held_out: rows of a validation batch.
            held_labels: their labels.
            rate: learning rate of this step, scalar.
            l2: its penalty.

        Returns:
            (5,) float32: the training loss; ∂L/∂log η; ∂L/∂log λ; and both divided by the norms of their two factors,
            in [-1, 1]. That by λ takes a rule's step for its mean step per gradient, which is exact for gradient
            descent.
        """
        variables = self._variables
        with tf.GradientTape() as tape:
            loss = self._trainer.compute_loss(x, y, self._trainer(x, training=True), weights)
            kernels = [variable for variable in variables if id(variable) in self._under]
            total = loss + l2 * tf.add_n([tf.zeros(()), *(tf.reduce_sum(tf.square(k.value)) for k in kernels)])
        gradients = tape.gradient(total, [variable.value for variable in variables])
        before = [tf.identity(variable.value) for variable in variables]
        self._trainer.optimizer.learning_rate.assign(rate)
        self._trainer.optimizer.apply(gradients, variables)
        moved = [variable.value - old for variable, old in zip(variables, before, strict=True)]
        with tf.GradientTape() as tape:
            judged = self._judge(held_labels, self._trainer(held_out, training=False))
        slopes = tape.gradient(judged, [variable.value for variable in variables])
        by_l2 = [
            -2.0 * l2 * old * tf.math.divide_no_nan(tf.norm(move), tf.norm(gradient))
            if id(variable) in self._under
            else tf.zeros_like(old)
            for variable, old, move, gradient in zip(variables, before, moved, gradients, strict=True)
        ]
        along, along_l2 = _dot(slopes, moved), _dot(slopes, by_l2)
        size, size_l2 = _norm(slopes) * _norm(moved), _norm(slopes) * _norm(by_l2)
        cosines = tf.math.divide_no_nan(along, size), tf.math.divide_no_nan(along_l2, size_l2)
        return tf.stack([loss, along, along_l2, *cosines])


class HypergradientEpochs:
    """Passes over arrays that adapt rate and penalty, in the place of `models.fitting.ArrayEpochs`.

    After every step the logarithms of both move against the gradient by at most `PACE`, in proportion to the cosine
    between the step's effect and the validation gradient, which has no scale that would have to be set.
    An epoch's metrics are `loss`, and `learning_rate` and `l2`: the geometric means over the epoch's steps, those of
    the best epoch being what was learned. Give it a model without an L2 penalty of its own.
    """

    def __init__(
        self,
        trainer: keras.Model,
        penalized: list[keras.Variable],
        inputs: npt.NDArray[np.float32],
        labels: npt.NDArray[Any],
        held_out: npt.NDArray[np.float32],
        held_labels: npt.NDArray[Any],
        batch_size: int,
        seed: int,
        l2: float,
        judge: Loss,
        class_weight: Mapping[int, float] | None = None,
    ) -> None:
        """Train from n rows of `inputs` to n rows of `labels`; the optimizer's rate and `l2` are where it starts."""
        self._trainer = trainer
        self._inputs, self._labels, self._batch_size, self._seed = inputs, labels, batch_size, seed
        self._held_out, self._held_labels = held_out, held_labels
        self._weights = np.ones(len(labels), np.float32)
        if class_weight:
            self._weights = np.where(labels.reshape(-1) == 1, class_weight[1], class_weight[0]).astype(np.float32)
        self._look = Lookahead(trainer, penalized, judge)
        self._logs = np.log([float(trainer.optimizer.learning_rate), l2 or SMALLEST])
        self._own: Arrays = []

    def __call__(self, epoch: int) -> Mapping[str, float]:
        """Train one 0-based epoch."""
        for variable, value in zip(self._trainer.trainable_variables, self._own, strict=False):
            variable.assign(value)
        generator = np.random.default_rng((self._seed, epoch))
        order = generator.permutation(len(self._inputs))
        losses, logs = [], []
        low, high = np.log(np.transpose([RATES, PENALTIES]))
        for start in range(0, len(order), self._batch_size):
            rows = order[start : start + self._batch_size]
            held = generator.integers(len(self._held_out), size=self._batch_size)
            batch = self._inputs[rows], self._labels[rows], self._weights[rows]
            rate, l2 = np.exp(self._logs).astype(np.float32)
            told = self._look.step(*batch, self._held_out[held], self._held_labels[held], rate, l2).numpy()
            losses.append(float(told[0]))
            logs.append(self._logs)
            self._logs = np.clip(self._logs - PACE * told[3:], low, high)
        if self._trainer.optimizer.use_ema:
            self._own = [np.array(variable) for variable in self._trainer.trainable_variables]
            self._trainer.optimizer.finalize_variable_values(self._trainer.trainable_variables)
        rate, l2 = np.exp(np.mean(logs, axis=0))
        return {"loss": float(np.mean(losses)), "learning_rate": float(rate), "l2": float(l2)}

    def state(self) -> Arrays:
        """Rate and penalty, and the weights that training goes on from where the model holds their average."""
        return [self._logs, *self._own]

    def restore(self, state: Arrays) -> None:
        """Take up such a state."""
        self._logs, self._own = state[0], state[1:]


def _dot(left: list[Any], right: list[Any]) -> Any:
    return tf.add_n([tf.reduce_sum(a * b) for a, b in zip(left, right, strict=True)])


def _norm(values: list[Any]) -> Any:
    return tf.sqrt(_dot(values, values))
