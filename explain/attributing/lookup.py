"""The model for scikit-learn's inspection tools: a function of row numbers instead of values."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, RegressorMixin

Matrix = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Predict = Callable[[Matrix], Floats]

BATCH = 8192  # rows encoded at a time: a matrix that stays small


class Lookup(RegressorMixin, BaseEstimator):
    """Column f of its input says from which row of an encoded table feature f takes its encoded columns.

    scikit-learn changes one column at a time, and only numbers. With row numbers in place of values all the encoded
    columns of a feature move together, a category is as good as a number, and the examples are encoded once.

    Args:
        encoded: float32 (m, D), the encoded table.
        columns: (D,) position of the feature, or group of features, that each encoded column belongs to.
        score: float32 (n, D) → (n,) output, such as `adapter.compiled` gives.
    """

    def __init__(self, encoded: Matrix, columns: npt.NDArray[np.int64], score: Predict):
        self.encoded, self.columns, self.score_rows = encoded, columns, score
        self.fitted_ = True  # scikit-learn's sign that there is nothing to fit

    def fit(self, X: object, y: object) -> "Lookup":  # noqa: ARG002
        """Nothing to fit."""
        return self

    def predict(self, X: npt.NDArray[np.int64] | Floats) -> Floats:
        """(n,) outputs of row numbers (n, F); floats are taken too, because partial dependence wants them."""
        width = np.arange(len(self.columns))
        parts = [
            self.score_rows(self.encoded[X[start : start + BATCH].astype(np.int64)[:, self.columns], width])
            for start in range(0, max(len(X), 1), BATCH)
        ]
        return np.concatenate(parts)
