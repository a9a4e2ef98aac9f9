"""Training of the abandonment model."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from data.errors import InputError
from data.examples import Examples
from models.abandonment import Inputs, build_abandonment, core, encode, logit_model, logits, run
from models.calibration import Platt, fit_platt, set_calibration
from models.config import AbandonmentConfig, EarlyStopping
from models.optimizers import make_optimizer

STEPS_PER_EXECUTION = 32


class DivergedError(InputError):
    """The loss is no finite number any more."""


@dataclass(frozen=True)
class Trained:
    """A trained model and how it came about."""

    model: keras.Model
    """The whole model, calibrated, not compiled."""

    history: dict[str, list[float]]
    """Per epoch: `loss` (in training, with dropout and penalties), `val_loss`, `val_auc`."""

    best_epoch: int
    """0-based epoch whose weights the model has."""

    seconds: float
    """Wall time of encoding, training and calibrating."""

    calibration: Platt
    """What was fitted on the validation examples."""

    notes: tuple[str, ...] = ()
    """What a reader of the results should know."""


def train_abandonment(
    train: Examples,
    validation: Examples,
    config: AbandonmentConfig,
    seed: int,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Trained:
    """Train, stop early, calibrate.

    The validation examples stop training, choose the epoch and fit the calibration (two numbers), so figures on them
    flatter the model a little; judge it on the test examples.

    Args:
        train: examples the weights, the encoder and the normalization are fitted to; both classes.
        validation: examples of other sessions.
        config: the network and its training.
        seed: makes the weights reproducible to the byte on the same machine.
        callbacks: told of each epoch's `loss`, `val_loss` and `val_auc`.

    Raises:
        InputError: an empty side, or training examples of one class.
        DivergedError: the loss became NaN or infinite.
    """
    _check(train, validation)
    start = time.perf_counter()
    seed_everything(seed)
    model = build_abandonment(train, config)
    encoded, held_out = encode(model, train), encode(model, validation)
    average = config.weight_average * len(train) / config.batch_size
    trainer = _trainer(model, config, average, steps=-(-len(train) // config.batch_size))
    class_weight = _class_weight(train.abandoned) if config.imbalance == "class_weight" else None
    stopping, rate = stopping_early(config.early_stopping), config.optimizer.learning_rate
    history = trainer.fit(
        encoded,
        train.abandoned.astype(np.float32)[:, None],
        batch_size=config.batch_size,
        epochs=config.epochs,
        class_weight=class_weight,
        callbacks=[
            # The averaged weights are swapped in first, so that all that follows sees them.
            *([keras.callbacks.SwapEMAWeights(swap_on_epoch=True)] if average > 1.0 else []),
            ValidationMetrics(held_out, validation.abandoned, class_weight, rate),
            *callbacks,
            stopping,
        ],
        verbose=0,
    ).history
    platt = fit_platt(logits(model, held_out), validation.abandoned) if config.calibration == "platt" else Platt()
    set_calibration(core(model), platt)
    return Trained(
        model=model,
        history={name: [float(value) for value in values] for name, values in history.items()},
        best_epoch=int(stopping.best_epoch),
        seconds=time.perf_counter() - start,
        calibration=platt,
        notes=_notes(platt),
    )


def _trainer(model: keras.Model, config: AbandonmentConfig, average: float, steps: int) -> keras.Model:
    trainer = logit_model(model)
    optimizer = make_optimizer(config.optimizer, average)
    optimizer.build(trainer.trainable_variables)  # made within the first step, its variables take three times as long
    trainer.compile(
        optimizer,
        keras.losses.BinaryCrossentropy(from_logits=True),
        steps_per_execution=min(STEPS_PER_EXECUTION, steps),
    )
    return trainer


def _notes(platt: Platt) -> tuple[str, ...]:
    if not platt.note:
        return ()
    return (f"The model is {platt.note}." if platt.note.startswith("not") else f"In the model, {platt.note}.",)


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and the backend, and have TensorFlow choose deterministic kernels."""
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


class ValidationMetrics(keras.callbacks.Callback):
    """Adds `val_loss` and `val_auc` to an epoch's logs, exact and in one pass; stops where the loss is not finite.

    Args:
        inputs: n validation rows.
        abandoned: (n,) their labels.
        class_weight: weights of the classes in the loss, as in training.
        learning_rate: named in the message when training diverges.
        section: of the configuration, named there too.
        scorer: model from the rows to log-odds (n, 1); the trained model itself where not given.
    """

    def __init__(
        self,
        inputs: Inputs,
        abandoned: npt.NDArray[np.int8],
        class_weight: Mapping[int, float] | None,
        learning_rate: float,
        section: str = "abandonment",
        scorer: keras.Model | None = None,
    ) -> None:
        super().__init__()
        self._inputs, self._abandoned, self._rate = inputs, abandoned, learning_rate
        self._section, self._scorer = section, scorer
        balance = class_weight or {0: 1.0, 1: 1.0}
        self._weights = np.where(abandoned == 1, balance[1], balance[0])

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Evaluate the weights as they are now."""
        logs = {} if logs is None else logs
        scores = run(self._scorer or self.model, self._inputs)[:, 0].astype(np.float64)
        if not (np.isfinite(logs["loss"]) and np.isfinite(scores).all()):
            raise DivergedError(
                f"Training diverged in epoch {epoch + 1}: the loss is {logs['loss']}. Lower "
                f"`{self._section}.optimizer.learning_rate` ({self._rate:g}) or bound the gradient by "
                f"`{self._section}.optimizer.clip_norm`, for example 1.0"
            )
        losses = np.logaddexp(0.0, scores) - self._abandoned * scores
        logs["val_loss"] = float(np.mean(losses * self._weights))
        both = 0 < self._abandoned.sum() < len(self._abandoned)
        logs["val_auc"] = float(roc_auc_score(self._abandoned, scores)) if both else 0.5


def stopping_early(config: EarlyStopping) -> keras.callbacks.EarlyStopping:
    """The callback that stops training, and puts the best epoch's weights back."""
    return keras.callbacks.EarlyStopping(
        monitor=config.monitor,
        mode="max" if config.monitor == "val_auc" else "min",
        patience=config.patience,
        min_delta=config.min_delta,
        restore_best_weights=True,
    )


def _class_weight(abandoned: npt.NDArray[np.int8]) -> dict[int, float]:
    """Weights that make both classes count the same, with mean 1 over the examples."""
    share = float(abandoned.mean())
    return {0: 0.5 / (1 - share), 1: 0.5 / share}


def _check(train: Examples, validation: Examples) -> None:
    for name, side in (("training", train), ("validation", validation)):
        if len(side) == 0:
            raise InputError(f"There are no {name} examples; the log is too short for the shares in `split`")
    if train.abandoned.min() == train.abandoned.max():
        outcome = "abandoned" if train.abandoned.min() == 1 else "bought"
        raise InputError(
            f"All {len(train):,} training examples are {outcome}, so there is nothing to tell apart. "
            "Use a log that has both carts that were bought and carts that were left"
        )
