"""Carts and a linear model in plain arrays, whose explanations are known in closed form."""

import numpy as np
import numpy.typing as npt

from explain.attributing.explanations import Floats
from explain.quality.replacing import Carts

COLUMNS = np.array([0, 1, 1, 2, 3, 3, 4, 5])
FEATURES = 6


def carts(count: int = 30, typical: int = 8, seed: int = 0) -> tuple[Carts, Floats]:
    """Random carts with a random linear model, and its exact attributions (count, 6)."""
    generator = np.random.default_rng(seed)
    weights = generator.normal(size=len(COLUMNS))
    encoded, background = (generator.normal(size=(n, len(COLUMNS))).astype(np.float32) for n in (count, typical))

    def predict(rows: npt.NDArray[np.float32]) -> Floats:
        return rows.astype(np.float64) @ weights + 0.3

    values = np.zeros((count, FEATURES))
    np.add.at(values.T, COLUMNS, (weights * (encoded - background.mean(axis=0, dtype=np.float64))).T)
    return Carts(encoded, background, COLUMNS, predict), values


def shuffled(values: Floats, seed: int = 0) -> Floats:
    """The same attributions at wrong places."""
    return np.random.default_rng(seed).permutation(values.ravel()).reshape(values.shape)
