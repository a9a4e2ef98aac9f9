"""How good the weights are after an epoch, on the validation examples."""

import math
from collections.abc import Mapping

import keras
import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from models.abandonment import Inputs, run


class Judge:
    """Exact `val_loss` and `val_auc` of the weights as they are, in one pass; NaN where a score is not finite.

    Args:
        scorer: model from the rows to log-odds (n, 1).
        inputs: n validation rows.
        abandoned: (n,) their labels.
        class_weight: weights of the classes in the loss, as in training.
    """

    def __init__(
        self,
        scorer: keras.Model,
        inputs: Inputs,
        abandoned: npt.NDArray[np.int8],
        class_weight: Mapping[int, float] | None,
    ) -> None:
        self._scorer, self._inputs, self._abandoned = scorer, inputs, abandoned
        balance = class_weight or {0: 1.0, 1: 1.0}
        self._weights = np.where(abandoned == 1, balance[1], balance[0])

    def __call__(self, _epoch: int, _logs: Mapping[str, float]) -> dict[str, float]:
        """Judge after an epoch."""
        scores = run(self._scorer, self._inputs)[:, 0].astype(np.float64)
        if not np.isfinite(scores).all():
            return {"val_loss": math.nan, "val_auc": math.nan}
        losses = np.logaddexp(0.0, scores) - self._abandoned * scores
        both = 0 < self._abandoned.sum() < len(self._abandoned)
        return {
            "val_loss": float(np.mean(losses * self._weights)),
            "val_auc": float(roc_auc_score(self._abandoned, scores)) if both else 0.5,
        }
