"""Training of the digit classifier."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt

from data.digits import Digits
from models.abandonment import run
from models.checkpoint import Place
from models.config import DigitsConfig
from models.digits.network import build_digits
from models.divergence import diverged
from models.fitting import STEPS_PER_EXECUTION, ArrayEpochs, NotFinite, Tell, fit, seed_everything, silent
from models.gradient_health.remedies import optimizer_remedies
from models.optimizing.optimizers import make_optimizer


@dataclass(frozen=True)
class TrainedDigits:
    """A trained classifier and how it came about."""

    model: keras.Model
    """From images (n, pixels) to logits (n, 10)."""

    history: dict[str, list[float]]
    """Per epoch: `loss`, `val_loss`, `val_accuracy`."""

    best_epoch: int
    """0-based epoch whose weights the model has."""


def train_digits(
    train: Digits, validation: Digits, config: DigitsConfig, seed: int, tell: Tell = silent, place: Place | None = None
) -> TrainedDigits:
    """Train and stop early.

    Args:
        train: images to learn from.
        validation: others, that stop training and choose the epoch.
        config: the network and its training.
        seed: makes the weights reproducible to the byte on the same machine.
        tell: is told of each epoch's metrics.
        place: where the state is kept after every epoch, for a killed training to go on from.

    Raises:
        DivergedError: the loss became NaN or infinite.
    """
    seed_everything(seed)
    model = build_digits(config, train.images.shape[1])
    batch = config.optimizer.batch(config.batch_size, len(train))
    steps = -(-len(train) // batch)
    optimizer = make_optimizer(config.optimizer, 0.0, steps, config.epochs)
    optimizer.build(model.trainable_variables)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, steps_per_execution=min(STEPS_PER_EXECUTION, steps))

    def judge(_epoch: int, _logs: Mapping[str, float]) -> dict[str, float]:
        scores = logits(model, validation)
        if not np.isfinite(scores).all():
            return {"val_loss": math.nan, "val_accuracy": math.nan}
        right = scores[np.arange(len(scores)), validation.labels]
        return {
            "val_loss": float(np.mean(np.logaddexp.reduce(scores, axis=1) - right)),
            "val_accuracy": float(np.mean(scores.argmax(axis=1) == validation.labels)),
        }

    settings = config.model_dump_json(exclude={"early_stopping"})
    try:
        fitted = fit(
            model,
            ArrayEpochs(model, train.images, train.labels, batch, seed),
            judge,
            min(config.epochs, place.epochs) if place and place.epochs else config.epochs,
            config.early_stopping,
            tell,
            place.checkpoint(settings, seed, len(train), len(validation)) if place else None,
        )
    except NotFinite as end:
        raise diverged(
            end, (), optimizer_remedies("digits", config.optimizer), place.folder if place else None
        ) from None
    return TrainedDigits(model, fitted.history, fitted.best_epoch)


def logits(model: keras.Model, digits: Digits) -> npt.NDArray[np.float64]:
    """(n, 10) log-odds of each digit, up to a constant a row."""
    return run(model, digits.images).astype(np.float64)


def hits(model: keras.Model, digits: Digits) -> npt.NDArray[np.bool_]:
    """(n,) whether each image is told right."""
    right: npt.NDArray[np.bool_] = logits(model, digits).argmax(axis=1) == digits.labels
    return right
