"""What the abandonment model is trained to make small."""

from typing import Any

import keras
from keras import ops

from models.config import AbandonmentConfig

Tensor = Any


def make_loss(config: AbandonmentConfig) -> keras.losses.Loss:
    """Binary cross-entropy of log-odds, with `label_smoothing` and `confidence_penalty`.

    For a label y, log-odds z, p = sigmoid(z), smoothing s and penalty β an example's loss is

        H(y′, p) − β·H(p)    with y′ = (1 − s)·y + s/2,

    H(y′, p) being the cross-entropy and H(p) the entropy of the prediction (Szegedy et al. 2016, arXiv:1512.00567;
    Pereyra et al. 2017, arXiv:1701.06548). Labels and log-odds are (n, 1). With neither it is Keras's own loss, so that
    `val_loss` and `loss` are one measure.
    """
    if not config.confidence_penalty:
        return keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=config.label_smoothing)
    return _ConfidencePenalty(config.confidence_penalty, config.label_smoothing)


class _ConfidencePenalty(keras.losses.BinaryCrossentropy):
    """Binary cross-entropy less `weight` times the entropy of the predictions."""

    def __init__(self, weight: float, label_smoothing: float) -> None:
        super().__init__(from_logits=True, label_smoothing=label_smoothing)
        self.weight = weight

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """(n,) losses of (n, 1) labels and log-odds."""
        # H(p) = −p·log p − (1 − p)·log(1 − p), where log(1 − p) = −softplus(z) and log p = z − softplus(z).
        entropy = ops.softplus(y_pred) - ops.sigmoid(y_pred) * y_pred
        return super().call(y_true, y_pred) - self.weight * ops.mean(entropy, axis=-1)
