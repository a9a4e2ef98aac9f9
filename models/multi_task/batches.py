"""Batches of both tasks: examples, and sessions beside them."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from models.multi_task.inputs import Histories

Inputs = dict[str, npt.NDArray[Any]]


class JointBatches(keras.utils.PyDataset):
    """One epoch is one pass over the examples; sessions are drawn beside them, all of them before one comes again."""

    def __init__(
        self,
        inputs: Inputs,
        abandoned: npt.NDArray[np.int8],
        windows: Histories | None,
        sizes: tuple[int, int],
        seed: int,
    ) -> None:
        """Plan the batches.

        Args:
            inputs: what the network takes of n examples.
            abandoned: (n,) their labels.
            windows: sessions for the next-item task; None without that task.
            sizes: examples and sessions in a batch.
            seed: seed of the order.
        """
        super().__init__()
        self.inputs, self.windows, self.sizes = inputs, windows, sizes
        self.labels = abandoned.astype(np.float32)[:, None]
        self._rng = np.random.default_rng(seed)
        self._waiting = np.zeros(0, np.int64)
        self.on_epoch_end()

    def __len__(self) -> int:
        return -(-len(self.labels) // self.sizes[0])

    def __getitem__(self, place: int) -> tuple[Inputs, npt.NDArray[np.float32]]:
        """Batch number `place`: what `JointTrainer` takes, and labels (b, 1)."""
        count, drawn = self.sizes
        rows = self._rows[place * count : (place + 1) * count]
        found: Inputs = {name: values[rows] for name, values in self.inputs.items()}
        if self.windows is not None:
            found |= self.windows.inputs(self._drawn[place * drawn : (place + 1) * drawn], "window_")
        return found, self.labels[rows]

    def on_epoch_end(self) -> None:
        """Draw the next epoch's order."""
        self._rows = self._rng.permutation(len(self.labels))
        if self.windows is None:
            return
        needed = len(self) * self.sizes[1]
        while len(self._waiting) < needed:
            self._waiting = np.concatenate([self._waiting, self._rng.permutation(len(self.windows))])
        self._drawn, self._waiting = self._waiting[:needed], self._waiting[needed:]


def sessions_in_a_batch(windows: Histories, targets: int) -> int:
    """How many sessions (at least one) have about so many next items to guess."""
    known = max(int((windows.ids[:, 1:] > 0).sum()), 1)
    return int(np.clip(targets * len(windows) // known, 1, len(windows)))
