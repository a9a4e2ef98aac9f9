"""Training of the next-item recommender."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt

from models.config import OptimizerConfig, RecommenderConfig
from models.growth import Growth
from models.item_start import co_occurrence_vectors
from models.optimizers import make_optimizer
from models.recommender import Recommender
from models.recommender_cases import Windows, known_lengths, make_windows
from models.recommender_network import Network, build_network
from models.recommender_serving import serving_model
from models.retrieval import SessionTrainer, dataset
from models.row_adadelta import RowAdadelta
from models.sequences import Ids, Sequences, Vocabulary, build_vocabulary, join, with_reversed
from models.warm_start import Origin


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

    growth: Growth | None = None
    """What became of the items of the recommender that training started from, if it did."""


class Batches:
    """Batches of windows with about `batch_size` targets each, windows of like length together."""

    def __init__(self, windows: Windows, batch_size: int, seed: int, shuffle: bool) -> None:
        """Plan the batches.

        Args:
            windows: what to learn from.
            batch_size: targets in a batch (more only where one window has more).
            seed: seed of the order.
            shuffle: draw other batches, and in another order, in every epoch.
        """
        self.windows, self.shuffle = windows, shuffle
        self._rng = np.random.default_rng(seed)
        targets = np.sort(windows.lengths) - 1
        # Sorted by length, every epoch has the same lengths in the same places: the cuts never change.
        group = (np.cumsum(targets) - targets) // batch_size
        self._cuts = np.flatnonzero(np.diff(group)) + 1

    def __len__(self) -> int:
        return len(self._cuts) + 1 if len(self.windows) else 0

    def __call__(self) -> Iterator[Ids]:
        """One epoch: (B, T + 1) int32 ids, padded with 0 on the right."""
        if not len(self.windows):
            return
        luck = self._rng.permutation(len(self.windows)) if self.shuffle else np.arange(len(self.windows))
        batches = np.split(np.lexsort((luck, self.windows.lengths)), self._cuts)
        for place in self._rng.permutation(len(batches)) if self.shuffle else range(len(batches)):
            yield self.windows.padded(batches[place])


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
    weights are kept. Where no validation session has two known items, the training loss takes that part. With `refit`
    a second training, on the validation sessions too, takes as many epochs as were best.

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
        InputError: the champion is of another form than the config, or knows none of the items.
    """
    origin = None if champion is None else Origin(champion, categories or {})
    found = _fit(train, validation, config, seed, callbacks, origin)
    if not config.refit or not len(validation):
        return found
    longer = config.model_copy(update={"epochs": found.best_epoch + 1})
    again = _fit(join(train, validation), validation.take(np.arange(0)), longer, seed, callbacks, origin)
    return TrainedRecommender(again.recommender, found.history, found.best_epoch, again.growth)


def _fit(
    train: Sequences,
    validation: Sequences,
    config: RecommenderConfig,
    seed: int,
    callbacks: Sequence[keras.callbacks.Callback],
    origin: Origin | None,
) -> TrainedRecommender:
    vocabulary = origin.vocabulary(train, config) if origin else build_vocabulary(train, config.min_item_count)
    _check(train, vocabulary, config)
    learned = with_reversed(train) if config.backwards else train
    windows = make_windows(learned, vocabulary, config.max_length)
    network, growth = (
        origin.network(train, vocabulary, config, seed) if origin else (_network(train, vocabulary, config, seed), None)
    )
    trainer = SessionTrainer(network, _frequency(windows, len(vocabulary)), vocabulary.counts, config, seed)
    trainer.compile(optimizer=_optimizer(config.optimizer), jit_compile=False)
    held_out = make_windows(validation, vocabulary, config.max_length)
    monitor = "val_loss" if len(held_out) else "loss"
    stopping = keras.callbacks.EarlyStopping(monitor, mode="min", patience=config.patience, restore_best_weights=True)
    batches = Batches(windows, config.batch_size, seed, shuffle=True)
    check = Batches(held_out, config.batch_size, seed, shuffle=False)
    history = trainer.fit(
        dataset(batches, len(batches)),
        validation_data=dataset(check, len(check)) if len(held_out) else None,
        epochs=config.epochs,
        callbacks=[stopping, *callbacks],
        shuffle=False,  # the batches shuffle themselves
        verbose=0,
    ).history
    losses = {name: [float(value) for value in values] for name, values in history.items()}
    recommender = Recommender(serving_model(network, vocabulary, config), vocabulary, config)
    best = int(np.argmin(losses[monitor]))
    return TrainedRecommender(recommender=recommender, history=losses, best_epoch=best, growth=growth)


def _network(train: Sequences, vocabulary: Vocabulary, config: RecommenderConfig, seed: int) -> Network:
    random = config.item_start == "random"
    start = None if random else co_occurrence_vectors(train, vocabulary, config.dimension, seed)
    return build_network(vocabulary, config, seed, start)


def _optimizer(config: OptimizerConfig) -> keras.optimizers.Optimizer:
    """The configured update rule; Adadelta row-wise on the item table."""
    if config.name != "adadelta":
        return make_optimizer(config)
    rest = {"rho": config.rho, "epsilon": config.epsilon, "global_clipnorm": config.clip_norm}
    return RowAdadelta(config.learning_rate, **rest)


def _check(train: Sequences, vocabulary: Vocabulary, config: RecommenderConfig) -> None:
    usable = int((known_lengths(train, vocabulary) >= 2).sum())
    if usable < config.min_sessions:
        raise NotEnough(
            f"{usable} of {len(train)} training sessions have two events of items seen at least "
            f"{config.min_item_count} times; `recommender.min_sessions` asks for {config.min_sessions}"
        )


def _frequency(windows: Windows, items: int) -> npt.NDArray[np.float64]:
    """(V + 1,) share of the targets that each id is."""
    counts = np.bincount(windows.targets(), minlength=items + 1)
    frequency: npt.NDArray[np.float64] = counts / max(counts.sum(), 1)
    return frequency
