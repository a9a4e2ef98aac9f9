"""The gradients of a training, measured inside its steps."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from models.checkpoint import Arrays
from models.fitting import Epochs
from models.gradient_health.dead import DeadUnits

Tensor = Any

NORM, PEAK, START, RATIO, FINITE, STEPS = range(6)
"""Rows of the measuring state, a column a layer: sum and largest of the finite norms, norm of the epoch's first step,
sum of the update ratios, count of the steps with a finite norm, count of all steps."""


@dataclass(frozen=True)
class LayerHealth:
    """What a layer's gradient did in the steps of one epoch."""

    gradient_norm: float
    """Mean over the steps of the Euclidean norm, before any clipping; NaN where a step had none that is finite."""

    gradient_peak: float
    """Largest of the finite norms."""

    gradient_start: float
    """Norm in the epoch's first step."""

    update_ratio: float
    """Mean over the steps of ‖Δw‖ / ‖w‖, w being the weights before the step."""

    dead: float | None = None
    """Share of the units that no sample row moves, with the weights at the end of the epoch; None where the layer has
    no activation that can die."""


class GradientWatch:
    """Measures the gradient and the update of every layer in every step of a compiled model's training.

    It stands in the way of `optimizer.apply`, so it sees what the update rule is given, whatever the rule is, on
    Keras's TensorFlow and JAX backends alike. What it counts lives in a variable of the optimizer. The tables of
    embeddings are left out: their gradients are sparse, and a norm over all rows would cost more than the step.

    Norms above 1.8e19, whose squares float32 does not hold, count as not finite.
    """

    def __init__(self, trainer: keras.Model, sample: npt.NDArray[Any] | None = None) -> None:
        """Watch a compiled model that has not been trained yet.

        Args:
            trainer: its optimizer is built.
            sample: training rows for the share of dead units; none is told without them.
        """
        self._variables = list(trainer.trainable_variables)
        self._layers = _by_layer(self._variables)
        self._dead = DeadUnits(trainer, sample) if sample is not None else None
        optimizer = trainer.optimizer
        self._state = optimizer.add_variable((STEPS + 1, len(self._layers)), name="gradient_watch")
        self._update = optimizer.apply
        optimizer.apply = self._apply

    @property
    def sizes(self) -> dict[str, int]:
        """Count of the trained weights of each watched layer, from the first layer to the last."""
        return {
            layer: sum(int(np.prod(self._variables[place].shape)) for place in places)
            for layer, places in self._layers.items()
        }

    def start_epoch(self) -> None:
        """Forget the steps so far."""
        self._state.assign(np.zeros(self._state.shape, np.float32))

    def read(self) -> dict[str, LayerHealth]:
        """What each layer did since the epoch's start, from the first layer to the last."""
        state = np.array(self._state, np.float64)
        whole = np.where(state[FINITE] == state[STEPS], 1.0, np.nan)
        finite = np.maximum(state[FINITE], 1.0)
        dead = self._dead() if self._dead else {}
        return {
            layer: LayerHealth(
                gradient_norm=float(state[NORM, i] / finite[i] * whole[i]),
                gradient_peak=float(state[PEAK, i]),
                gradient_start=float(state[START, i]),
                update_ratio=float(state[RATIO, i] / finite[i]),
                dead=dead.get(layer),
            )
            for i, layer in enumerate(self._layers)
        }

    def metrics(self) -> dict[str, float]:
        """The same as metrics: `gradient_norm/<layer>`, `gradient_peak/…`, `update_ratio/…`, `dead/…`, and the whole
        network's norm in the epoch's first step, `gradient_start`.
        """
        found = self.read()
        told = {
            f"{name}/{layer}": value
            for name in ("gradient_norm", "gradient_peak", "update_ratio", "dead")
            for layer, health in found.items()
            if (value := getattr(health, name)) is not None
        }
        return {**told, "gradient_start": math.hypot(*(health.gradient_start for health in found.values()))}

    def _apply(self, grads: Sequence[Tensor], trainable_variables: Sequence[Any] | None = None) -> None:
        before = self._flat(self._variables)
        self._update(grads, trainable_variables)
        self._state.assign(self._measured(self._flat(grads), self._flat(self._variables) - before, before))

    def _measured(self, gradient: Tensor, move: Tensor, weight: Tensor) -> Tensor:
        """The state after a step, from vectors of all watched weights."""
        state = ops.convert_to_tensor(self._state)
        squares = ops.square(ops.stack([gradient, move, weight]))
        ends = list(accumulate(self.sizes.values()))
        sums = [ops.sum(squares[:, a:b], axis=1) for a, b in pairwise([0, *ends])]
        norm, move, weight = ops.unstack(ops.sqrt(ops.stack(sums, axis=1)), 3)
        finite = ops.isfinite(norm)
        norm = ops.where(finite, norm, 0.0)
        ratio = ops.where(finite, ops.divide_no_nan(move, weight), 0.0)
        return ops.stack(
            [
                state[NORM] + norm,
                ops.maximum(state[PEAK], norm),
                ops.where(state[STEPS] == 0.0, norm, state[START]),
                state[RATIO] + ratio,
                state[FINITE] + ops.cast(finite, "float32"),
                state[STEPS] + 1.0,
            ]
        )

    def _flat(self, tensors: Sequence[Tensor]) -> Tensor:
        """One vector of what belongs to the watched weights; zeros for a weight that got no gradient."""
        places = [place for places in self._layers.values() for place in places]
        sizes = [int(np.prod(self._variables[place].shape)) for place in places]
        return ops.concatenate(
            [
                ops.zeros((size,)) if tensors[place] is None else ops.reshape(tensors[place], (size,))
                for place, size in zip(places, sizes, strict=True)
            ]
        )


class WatchedEpochs:
    """Epochs whose metrics tell what the gradients did, too."""

    def __init__(self, epochs: Epochs, watch: GradientWatch) -> None:
        """Measure by `watch` what the training of `epochs` does."""
        self._epochs, self._watch = epochs, watch

    def __call__(self, epoch: int) -> Mapping[str, float]:
        """Train one epoch."""
        self._watch.start_epoch()
        told = self._epochs(epoch)
        return {**told, **self._watch.metrics()}

    def state(self) -> Arrays:
        """That of the epochs; what was measured starts anew with each."""
        return self._epochs.state()

    def restore(self, state: Arrays) -> None:
        """Take up such a state."""
        self._epochs.restore(state)


def _by_layer(variables: Sequence[Any]) -> dict[str, list[int]]:
    """Places of the variables of each layer; a variable's path is that of its layer and its own name."""
    layers: dict[str, list[int]] = {}
    for place, variable in enumerate(variables):
        layer, _, name = variable.path.rpartition("/")
        if name != "embeddings":
            layers.setdefault(layer, []).append(place)
    return layers
