"""Training epoch by epoch: judge each on the validation side, stop early, go on after a kill."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np
import numpy.typing as npt

from models.checkpoint import Arrays, Checkpoint, State
from models.config import EarlyStopping

STEPS_PER_EXECUTION = 32

Tell = Callable[[int, Mapping[str, float]], None]
"""Is told of every 0-based epoch and its metrics."""


def silent(_epoch: int, _metrics: Mapping[str, float]) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Fitted:
    """How a training went."""

    history: dict[str, list[float]]
    """Per epoch: what training and judging told."""

    best_epoch: int
    """0-based epoch that was best by the monitored metric."""


class NotFinite(Exception):
    """The loss of an epoch is no finite number any more."""

    def __init__(self, history: dict[str, list[float]]) -> None:
        """Tell the metrics per epoch, that one the last."""
        super().__init__(f"epoch {len(history['loss'])}")
        self.history = history


class Epochs(Protocol):
    """One pass over the training side after the other."""

    def __call__(self, epoch: int) -> Mapping[str, float]:
        """Train one 0-based epoch; its metrics."""

    def state(self) -> Arrays:
        """What the next epoch needs beyond the variables of the model and its optimizer."""

    def restore(self, state: Arrays) -> None:
        """Take up such a state."""


class ArrayEpochs:
    """Passes over arrays in memory, shuffled anew each time by seed and epoch alone.

    Where the optimizer averages the weights (`use_ema`), the model holds the average after every epoch, and training
    goes on from its own weights.
    """

    def __init__(
        self,
        trainer: keras.Model,
        inputs: npt.NDArray[np.float32],
        labels: npt.NDArray[Any],
        batch_size: int,
        seed: int,
        class_weight: Mapping[int, float] | None = None,
    ) -> None:
        """Train a compiled model from n rows of `inputs` to n rows of `labels`."""
        self._trainer, self._inputs, self._labels = trainer, inputs, labels
        self._batch_size, self._seed, self._class_weight = batch_size, seed, class_weight
        self._own: Arrays = []

    def __call__(self, epoch: int) -> Mapping[str, float]:
        """Train one epoch."""
        for variable, value in zip(self._trainer.trainable_variables, self._own, strict=False):
            variable.assign(value)
        order = np.random.default_rng((self._seed, epoch)).permutation(len(self._inputs))
        told = self._trainer.fit(
            self._inputs[order],
            self._labels[order],
            batch_size=self._batch_size,
            initial_epoch=epoch,
            epochs=epoch + 1,
            shuffle=False,
            class_weight=self._class_weight,
            callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=self._keep)],
            verbose=0,
        ).history
        return {name: float(values[0]) for name, values in told.items()}

    def state(self) -> Arrays:
        """The weights that training goes on from, where the model holds their average; else nothing."""
        return self._own

    def restore(self, state: Arrays) -> None:
        """Take up such a state."""
        self._own = state

    def _keep(self, _epoch: int, _logs: Mapping[str, float] | None) -> None:
        # At the end of `fit` Keras overwrites the weights with their average.
        if self._trainer.optimizer.use_ema:
            self._own = [np.array(variable) for variable in self._trainer.trainable_variables]


def fit(
    trainer: keras.Model,
    train_epoch: Epochs,
    judge: Callable[[int, Mapping[str, float]], Mapping[str, float]],
    epochs: int,
    stopping: EarlyStopping,
    tell: Tell,
    checkpoint: Checkpoint | None = None,
) -> Fitted:
    """Train until `epochs` or until the monitored metric no longer improves.

    With a checkpoint a training that was killed goes on after the last whole epoch and ends with the same weights as
    an unbroken one: the state holds every variable (those of the optimizer and of random layers too), and the order of
    the examples depends on seed and epoch alone.

    Args:
        trainer: compiled model with a built optimizer; ends with the best epoch's weights (`stopping.restore_best`).
        train_epoch: trains one epoch.
        judge: metrics of the weights as they are after a 0-based epoch, given that epoch's training metrics.
        epochs: most epochs.
        stopping: when to stop before that; `judge` gives the metric it monitors.
        tell: is told of each epoch's metrics, those of training and of `judge`; a training that goes on tells of the
            latest epoch again.
        checkpoint: where to keep the state after every epoch, and take it up from.

    Raises:
        NotFinite: the loss of an epoch is not finite, in training or as judged; of that epoch nothing is kept or told.
    """
    history: dict[str, list[float]] = {}
    best: Arrays = []
    if checkpoint and (state := checkpoint.load()):
        history, best = state.history, state.best
        _assign([*trainer.variables, *trainer.optimizer.variables], state.variables)
        train_epoch.restore(state.own)
    done = len(next(iter(history.values()), []))
    if done:  # a kill may have come between keeping the epoch and telling of it
        tell(done - 1, {name: values[-1] for name, values in history.items()})
    for epoch in range(done, epochs):
        if history and stop_after(history[stopping.monitor], stopping):
            break
        logs = dict(train_epoch(epoch))
        logs |= judge(epoch, logs)
        for name, value in logs.items():
            history.setdefault(name, []).append(float(value))
        if not all(math.isfinite(value) for name, value in logs.items() if name in ("loss", "val_loss")):
            raise NotFinite(history)
        if best_epoch(history[stopping.monitor], stopping) == epoch:
            best = _values(trainer.variables)
        if checkpoint:
            variables = _values([*trainer.variables, *trainer.optimizer.variables])
            checkpoint.save(State(history, variables, train_epoch.state(), best))
        tell(epoch, logs)
    if stopping.restore_best:
        _assign(trainer.variables, best)
    return Fitted(history, best_epoch(history[stopping.monitor], stopping))


def best_epoch(values: list[float], stopping: EarlyStopping) -> int:
    """The 0-based epoch with the best metric, where one better by `min_delta` or less is no better."""
    sign = 1.0 if maximized(stopping.monitor) else -1.0
    best = 0
    for epoch, value in enumerate(values):
        if sign * value > sign * values[best] + stopping.min_delta:
            best = epoch
    return best


def stop_after(values: list[float], stopping: EarlyStopping) -> bool:
    """Whether the metric has not improved for `patience` epochs."""
    return len(values) - 1 - best_epoch(values, stopping) >= stopping.patience


def maximized(monitor: str) -> bool:
    """Whether more of a metric is better: of a loss less is."""
    return not monitor.endswith("loss")


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and the backend, and have TensorFlow choose deterministic kernels."""
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def _values(variables: list[Any]) -> Arrays:
    return [np.array(variable) for variable in variables]


def _assign(variables: list[Any], values: Arrays) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
