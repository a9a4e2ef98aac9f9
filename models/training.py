"""Training of the abandonment model."""

import time
from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt

from data.errors import InputError
from data.examples import Examples, digest
from models.abandonment import build_abandonment, core, encode, logit_model, logits
from models.abandonment_start import start_from
from models.calibration import Platt, fit_platt, set_calibration
from models.checkpoint import Checkpoint, Place
from models.config import AbandonmentConfig
from models.divergence import diverged
from models.fitting import (
    STEPS_PER_EXECUTION,
    ArrayEpochs,
    Epochs,
    Fitted,
    NotFinite,
    Tell,
    fit,
    seed_everything,
    silent,
)
from models.gradient_health import Finding, GradientWatch, WatchedEpochs, diagnose, remedies
from models.judge import Judge
from models.objective import make_loss
from models.optimizing.optimizers import make_optimizer

SAMPLE = 1024
Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Trained:
    """A trained model and how it came about."""

    model: keras.Model
    """The whole model, calibrated, not compiled."""

    history: dict[str, list[float]]
    """Per epoch: `loss` (in training, with dropout and penalties), `val_loss`, `val_auc`, and what the gradients did
    (`GradientWatch.metrics`)."""

    best_epoch: int
    """0-based epoch whose weights the model has."""

    seconds: float
    """Wall time of encoding, training and calibrating."""

    calibration: Platt
    """What was fitted on the validation examples."""

    notes: tuple[str, ...] = ()
    """What a reader of the results should know."""

    findings: tuple[Finding, ...] = ()
    """What was ill about the gradients."""

    start: str = ""
    """What became of the earlier model's weights, in a sentence; empty where there was none."""


def train_abandonment(
    train: Examples,
    validation: Examples,
    config: AbandonmentConfig,
    seed: int,
    tell: Tell = silent,
    place: Place | None = None,
    adapt: bool = False,
    earlier: keras.Model | None = None,
) -> Trained:
    """Train, stop early, calibrate.

    The validation examples stop training, choose the epoch and fit the calibration (two numbers), so figures on them
    flatter the model a little; judge it on the test examples.

    Args:
        train: examples the weights, the encoder and the normalization are fitted to; both classes.
        validation: examples of other sessions.
        config: the network and its training.
        seed: makes the weights reproducible to the byte on the same machine.
        tell: is told of each epoch's metrics, those in `Trained.history`.
        place: where the state is kept after every epoch, for a killed training to go on from.
        adapt: move learning rate and L2 penalty along the gradient of the validation loss
            (`models.optimizing.hypergradient`); the history then has `learning_rate` and `l2`.
        earlier: a model whose weights training starts from, where it is of the same form (`models.abandonment_start`).

    Raises:
        InputError: an empty side, or training examples of one class.
        DivergedError: the loss became NaN or infinite.
    """
    _check(train, validation)
    start = time.perf_counter()
    seed_everything(seed)
    model = build_abandonment(train, config.model_copy(update={"l2": 0.0}) if adapt else config)
    told = start_from(earlier, model) if earlier is not None else ""
    encoded, held_out = encode(model, train), encode(model, validation)
    batch = config.optimizer.batch(config.batch_size, len(train))
    steps = -(-len(train) // batch)
    trainer = _trainer(model, config, config.weight_average * len(train) / batch, steps)
    class_weight = _class_weight(train.abandoned) if config.imbalance == "class_weight" else None
    labels, held_out_labels = (side.abandoned.astype(np.float32)[:, None] for side in (train, validation))
    sides = (encoded, labels, held_out, held_out_labels)
    epochs = _epochs(trainer, config, sides, batch, seed, class_weight, adapt)
    watch = GradientWatch(trainer, _sample(encoded, seed)) if config.gradient_health.enabled else None
    judge = Judge(trainer, held_out, validation.abandoned, class_weight)
    checkpoint = _checkpoint(place, train, validation, config, seed, adapt)
    fitted, findings = _fit(trainer, epochs, watch, judge, config, tell, place, checkpoint)
    platt = fit_platt(logits(model, held_out), validation.abandoned) if config.calibration == "platt" else Platt()
    set_calibration(core(model), platt)
    return Trained(
        model=model,
        history=fitted.history,
        best_epoch=fitted.best_epoch,
        seconds=time.perf_counter() - start,
        calibration=platt,
        notes=_notes(platt),
        findings=findings,
        start=told,
    )


def _fit(
    trainer: keras.Model,
    epochs: Epochs,
    watch: GradientWatch | None,
    judge: Judge,
    config: AbandonmentConfig,
    tell: Tell,
    place: Place | None,
    checkpoint: Checkpoint | None,
) -> tuple[Fitted, tuple[Finding, ...]]:
    """Train, and say what was ill about the gradients if they are watched; also where the loss is no number."""
    watched = WatchedEpochs(epochs, watch) if watch else epochs
    sizes = watch.sizes if watch else {}
    most = min(config.epochs, place.epochs) if place and place.epochs else config.epochs
    try:
        fitted = fit(trainer, watched, judge, most, config.early_stopping, tell, checkpoint)
    except NotFinite as end:
        found = diagnose(end.history, sizes, config)
        raise diverged(end, found, remedies("nan", config), place.folder if place else None) from None
    return fitted, tuple(diagnose(fitted.history, sizes, config))


def _trainer(model: keras.Model, config: AbandonmentConfig, average: float, steps: int) -> keras.Model:
    trainer = logit_model(model)
    optimizer = make_optimizer(config.optimizer, average, steps, config.epochs)
    optimizer.build(trainer.trainable_variables)  # made within the first step, its variables take three times as long
    trainer.compile(optimizer, make_loss(config), steps_per_execution=min(STEPS_PER_EXECUTION, steps))
    return trainer


def _epochs(
    trainer: keras.Model,
    config: AbandonmentConfig,
    sides: tuple[Matrix, Matrix, Matrix, Matrix],
    batch: int,
    seed: int,
    class_weight: dict[int, float] | None,
    adapt: bool,
) -> Epochs:
    """What trains an epoch on the sides: encoded training examples and their labels, and those held out."""
    if not adapt:
        return ArrayEpochs(trainer, *sides[:2], batch, seed, class_weight)
    from models.optimizing.hypergradient import HypergradientEpochs  # on TensorFlow alone

    kernels = [layer.kernel for layer in trainer.layers if layer.name.startswith(("dense_", "logit"))]
    judge = keras.losses.BinaryCrossentropy(from_logits=True)
    return HypergradientEpochs(trainer, kernels, *sides, batch, seed, config.l2, judge, class_weight)


def _checkpoint(
    place: Place | None, train: Examples, validation: Examples, config: AbandonmentConfig, seed: int, adapt: bool
) -> Checkpoint | None:
    # When to stop is judged anew from the history: a training may go on for longer than it was meant to.
    settings = config.model_dump_json(exclude={"early_stopping"})
    return place.checkpoint(settings, seed, adapt, digest(train), digest(validation)) if place else None


def _sample(encoded: npt.NDArray[np.float32], seed: int) -> npt.NDArray[np.float32]:
    """Rows by which a unit is called dead or alive."""
    return encoded[np.random.default_rng(seed).permutation(len(encoded))[:SAMPLE]]


def _notes(platt: Platt) -> tuple[str, ...]:
    if not platt.note:
        return ()
    return (f"The model is {platt.note}." if platt.note.startswith("not") else f"In the model, {platt.note}.",)


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
