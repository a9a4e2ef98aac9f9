"""Training of the next-item recommender."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import keras
import numpy as np
import numpy.typing as npt

from models.config import RecommenderConfig
from models.divergence import diverged
from models.fitting import NotFinite
from models.gradient_health.remedies import optimizer_remedies
from models.optimizing.optimizers import make_optimizer
from models.recommending.calibration import fit_own_shift, shift_own_items
from models.recommending.cases import Windows, make_windows
from models.recommending.fitting import Batches, fit
from models.recommending.growth import Growth
from models.recommending.item_start import co_occurrence_vectors
from models.recommending.network import Network, build_network
from models.recommending.recommender import Recommender
from models.recommending.retrieval import SessionTrainer
from models.recommending.serving import serving_model
from models.recommending.warm_start import Origin
from models.sessions.encoded import Encoded
from models.sessions.sequences import Sequences, join
from models.sessions.vocabulary import Vocabulary, build_vocabulary


class NotEnough(Exception):
    """Too few sessions to learn from; the message is the reason to report."""


@dataclass(frozen=True)
class TrainedRecommender:
    """A recommender and how its training went."""

    recommender: Recommender
    """The trained recommender, with the weights of the best epoch."""

    history: dict[str, list[float]]
    """Mean loss of the training (`loss`) and validation (`val_loss`) targets by epoch, as in-batch softmax."""

    best_epoch: int
    """0-based epoch whose weights are kept."""

    own_shift: float
    """What the session's own items got on top for each of their occurrences (`next_item_calibration`)."""

    growth: Growth | None = None
    """What became of the items of the recommender that training started from, if it did."""


def train_recommender(
    train: Sequences,
    validation: Sequences,
    config: RecommenderConfig,
    seed: int,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    champion: Recommender | None = None,
    categories: Mapping[str, str] | None = None,
) -> TrainedRecommender:
    """Train a recommender on whole sessions: at every event, the next event's item is the target.

    Training stops when the loss on the validation sessions has not fallen for `patience` epochs; the best epoch's
    weights are kept, and the scores of the session's own items calibrated on the same sessions. Where no validation
    session has two known items, the training loss takes that part. With `refit` a second training, on the validation
    sessions too, takes as many epochs as were best.

    From a champion come the vectors of the items that both know and all weights of the network; new items start where
    `growth.grown_rows` puts them, or at random where `item_start` says so. The optimizer starts afresh, since the
    averages it keeps are no part of a saved recommender.

    Args:
        train: sessions to learn from, and the vocabulary with them.
        validation: later sessions, that stop training.
        config: the network and its training.
        seed: seed of the weights, of dropout and of the order; the same seed gives the same recommender.
        callbacks: further Keras callbacks (progress, tracking).
        champion: a recommender of the same form to start from; from zero where not given.
        categories: category of the items where known, for the start of a champion's new ones.

    Raises:
        NotEnough: fewer than `min_sessions` training sessions have two known items.
        DivergedError: the loss became NaN or infinite.
        InputError: the champion is of another form than the config, or knows none of the items.
    """
    origin = None if champion is None else Origin(champion, categories or {})
    found = _fit(train, validation, config, seed, callbacks, origin)
    if not config.refit or not len(validation):
        return found
    again = refit(join(train, validation), config, seed, found.best_epoch + 1, found.own_shift, callbacks, origin)
    return replace(again, history=found.history)


def refit(
    sessions: Sequences,
    config: RecommenderConfig,
    seed: int,
    epochs: int,
    own_shift: float,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    origin: Origin | None = None,
) -> TrainedRecommender:
    """Train for a known number of epochs, with nothing held out.

    Args:
        sessions: all sessions to learn from.
        config: the network and its training.
        seed: seed of the weights, of dropout and of the order.
        epochs: passes over the sessions, as `train_recommender` found best.
        own_shift: as `train_recommender` found.
        callbacks: further Keras callbacks.
        origin: what to start from, instead of from zero.

    Raises:
        NotEnough: fewer than `min_sessions` sessions have two known items.
        DivergedError: the loss became NaN or infinite.
    """
    trainer, vocabulary, batches, growth = _prepare(sessions, config, seed, origin)
    losses = _losses(trainer, batches, None, epochs, config, callbacks)
    recommender = Recommender(serving_model(trainer.network, vocabulary, config), vocabulary, config)
    shift_own_items(recommender, own_shift)
    return TrainedRecommender(recommender, losses, epochs - 1, own_shift, growth)


def _fit(
    train: Sequences,
    validation: Sequences,
    config: RecommenderConfig,
    seed: int,
    callbacks: Sequence[keras.callbacks.Callback],
    origin: Origin | None,
) -> TrainedRecommender:
    trainer, vocabulary, batches, growth = _prepare(train, config, seed, origin)
    held_out = make_windows(validation, vocabulary, config.max_length)
    check = Batches(held_out, config.batch_size, seed, shuffle=False)
    monitor = "val_loss" if len(check) else "loss"
    stopping = keras.callbacks.EarlyStopping(monitor, mode="min", patience=config.patience, restore_best_weights=True)
    losses = _losses(trainer, batches, check, config.epochs, config, [stopping, *callbacks])
    recommender = Recommender(serving_model(trainer.network, vocabulary, config), vocabulary, config)
    shift = fit_own_shift(recommender, validation)
    shift_own_items(recommender, shift)
    return TrainedRecommender(recommender, losses, int(np.argmin(losses[monitor])), shift, growth)


def _losses(
    trainer: SessionTrainer,
    batches: Batches,
    check: Batches | None,
    epochs: int,
    config: RecommenderConfig,
    callbacks: Sequence[keras.callbacks.Callback],
) -> dict[str, list[float]]:
    """Train, and say which settings help where the loss is no number any more."""
    try:
        return fit(trainer, batches, check, epochs, config.weight_average, callbacks)
    except NotFinite as end:
        raise diverged(end, (), optimizer_remedies("recommender", config.optimizer)) from None


def _prepare(
    train: Sequences, config: RecommenderConfig, seed: int, origin: Origin | None
) -> tuple[SessionTrainer, Vocabulary, Batches, Growth | None]:
    vocabulary = origin.vocabulary(train, config) if origin else build_vocabulary(train, config.min_item_count)
    windows = make_windows(train, vocabulary, config.max_length, config.backwards)
    _check(windows.events, config)
    network, growth = (
        origin.network(train, vocabulary, config, seed) if origin else (_network(train, vocabulary, config, seed), None)
    )
    trainer = SessionTrainer(network, _frequency(windows, len(vocabulary)), vocabulary.counts, config, seed)
    batches = Batches(
        windows, config.batch_size, seed, shuffle=True, stretches=config.stretches, augmentation=config.augmentation
    )
    optimizer = make_optimizer(config.optimizer, steps_per_epoch=len(batches), epochs=config.epochs)
    trainer.compile(optimizer=optimizer, jit_compile=False)
    return trainer, vocabulary, batches, growth


def _network(train: Sequences, vocabulary: Vocabulary, config: RecommenderConfig, seed: int) -> Network:
    random = config.item_start == "random"
    start = None if random else co_occurrence_vectors(train, vocabulary, config.dimension, seed)
    return build_network(vocabulary, config, seed, start)


def _check(train: Encoded, config: RecommenderConfig) -> None:
    usable = int((np.diff(train.offsets) >= 2).sum())
    if usable < config.min_sessions:
        raise NotEnough(
            f"{usable} of {len(train.offsets) - 1} training sessions have two events of items seen at least "
            f"{config.min_item_count} times; `recommender.min_sessions` asks for {config.min_sessions}"
        )


def _frequency(windows: Windows, items: int) -> npt.NDArray[np.float64]:
    """(V + 1,) share of the targets that each id is."""
    counts = windows.target_counts(items)
    frequency: npt.NDArray[np.float64] = counts / max(counts.sum(), 1)
    return frequency
