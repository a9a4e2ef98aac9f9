"""Passes over the training sessions: in which batches, and how the weights of several passes become one model."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from models.config import AugmentationConfig
from models.fitting import NotFinite
from models.recommending.cases import Windows
from models.sessions.augmentation import Varied, vary
from models.sessions.encoded import Seen

BURN_IN = 2
"""Epochs that no average takes in: their weights are far from where training goes."""


class Batches:
    """Batches of windows with about `batch_size` targets each, windows of like length together.

    An epoch goes through the windows from the oldest to the newest, a stretch after the other, each shuffled: what was
    learned last weighs most, and the sessions to come are most like the latest.
    """

    def __init__(
        self,
        windows: Windows,
        batch_size: int,
        seed: int,
        shuffle: bool,
        stretches: int = 1,
        augmentation: AugmentationConfig = AugmentationConfig(),  # noqa: B008 - frozen
    ) -> None:
        """Plan the batches.

        Args:
            windows: what to learn from, of sessions in order of time.
            batch_size: targets in a batch (more only where one window has more).
            seed: seed of the order.
            shuffle: draw other batches, and in another order, in every epoch.
            stretches: parts of the time that an epoch goes through in order; fewer where one would be less than eight
                batches.
            augmentation: how the windows are varied, otherwise in every epoch; the order is the same with and without.
        """
        self.windows, self.shuffle = windows, shuffle
        self._seed, self._epoch, self._augmentation = seed, 0, augmentation
        self._rng = np.random.default_rng(seed)
        most = max(1, int((windows.lengths - 1).sum()) // (8 * batch_size))
        self._stretches = np.array_split(np.argsort(windows.starts, kind="stable"), min(stretches, most))
        # Sorted by length, every epoch has the same lengths in the same places: the cuts never change.
        self._cuts = [_cuts(windows.lengths[part], batch_size) for part in self._stretches]

    def __len__(self) -> int:
        return sum(len(cuts) + 1 for cuts in self._cuts) if len(self.windows) else 0

    def __call__(self) -> Iterator[Seen | Varied]:
        """One epoch: (B, T + 1) events each, `Varied` where there is any augmentation."""
        if not len(self.windows):
            return
        varied = any(self._augmentation.model_dump().values())
        chance = np.random.default_rng((self._seed, self._epoch))
        self._epoch += 1
        for part, cuts in zip(self._stretches, self._cuts, strict=True):
            luck = self._rng.permutation(len(part)) if self.shuffle else np.arange(len(part))
            batches = np.split(part[np.lexsort((luck, self.windows.lengths[part]))], cuts)
            for place in self._rng.permutation(len(batches)) if self.shuffle else range(len(batches)):
                seen = self.windows.seen(batches[place])
                yield vary(seen, self._augmentation, chance) if varied else seen
            self.windows.events.release()


def _cuts(lengths: npt.NDArray[np.signedinteger[Any]], batch_size: int) -> npt.NDArray[np.int64]:
    """Where batches end among windows of the given lengths, sorted."""
    targets = np.sort(lengths) - 1
    group = (np.cumsum(targets) - targets) // batch_size
    cuts: npt.NDArray[np.int64] = np.flatnonzero(np.diff(group)) + 1
    return cuts


def fit(
    trainer: keras.Model,
    batches: Batches,
    check: Batches | None,
    epochs: int,
    weight_average: float,
    callbacks: Sequence[keras.callbacks.Callback],
) -> dict[str, list[float]]:
    """Train over the batches until `epochs` or a callback ends it.

    A plain loop: with `Model.fit` over a `tf.data` generator, whose autotuning thread waits in each step, a step took
    58 ms on one core where it takes 34 here.

    Args:
        trainer: compiled model whose batches are (B, T + 1) events.
        batches: what to learn from.
        check: what to judge each epoch on, if anything.
        epochs: most passes.
        weight_average: epochs, after the first two, over which the weights are averaged exponentially; the average is
            what is judged and kept. 0 for none.
        callbacks: Keras callbacks; they see `loss` and, where there is something to check, `val_loss`.

    Returns:
        Mean loss over the targets by epoch: `loss`, and `val_loss` likewise.

    Raises:
        NotFinite: the loss of an epoch is not finite, in training or as judged.
    """
    told = keras.callbacks.CallbackList(list(callbacks), model=trainer)
    mean = WeightMean(trainer, weight_average)
    history: dict[str, list[float]] = {}
    trainer.stop_training = False
    told.on_train_begin()
    for epoch in range(epochs):
        mean.leave()
        told.on_epoch_begin(epoch)
        logs = {"loss": mean_loss(trainer.train_on_batch, batches)}
        if weight_average and epoch >= BURN_IN:
            mean.enter()
        if check:
            logs["val_loss"] = mean_loss(trainer.test_on_batch, check)
        for name, value in logs.items():
            history.setdefault(name, []).append(value)
        if not np.isfinite(list(logs.values())).all():
            raise NotFinite(history)
        told.on_epoch_end(epoch, logs)
        if trainer.stop_training:
            break
    told.on_train_end()
    return history


class WeightMean:
    """The mean of a model's weights over several moments (Izmailov et al. 2018, arXiv:1803.05407)."""

    def __init__(self, model: keras.Model, span: float) -> None:
        """Watch a model; `span` is the number of moments over which the mean forgets, exponentially."""
        self.model, self.span = model, span
        self.count = 0
        self.mean: list[npt.NDArray[np.float32]] = []
        self.own: list[npt.NDArray[np.float32]] = []

    def enter(self) -> None:
        """Take the weights as they are into the mean, and give the model the mean."""
        self.own = [np.array(weight) for weight in self._weights()]
        self.count += 1
        if self.count == 1:
            self.mean = [weight.copy() for weight in self.own]
            return
        for mean, weight, variable in zip(self.mean, self.own, self._weights(), strict=True):
            mean += (weight - mean) / min(self.count, self.span)
            variable.assign(mean)

    def leave(self) -> None:
        """Give the model back the weights that training goes on with."""
        for variable, weight in zip(self._weights(), self.own, strict=False):
            variable.assign(weight)

    def _weights(self) -> list[Any]:
        """All but the states of random numbers."""
        return [weight for weight in self.model.weights if weight.dtype == "float32"]


def mean_loss(step: Callable[..., dict[str, Any]], batches: Batches) -> float:
    """Mean loss over the targets of one pass, by `train_on_batch` or `test_on_batch`."""
    total = count = 0.0
    for batch in batches():
        targets = np.count_nonzero(batch.ids[:, 1:])
        total += targets * float(step(batch, return_dict=True)["loss"])
        count += targets
    return total / count
