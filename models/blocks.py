"""What the abandonment network is made of: the scale of its inputs, and hidden blocks."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from models.config import AbandonmentConfig

Tensor = Any

STARTS = {"tanh": "glorot_uniform", "sigmoid": "glorot_uniform", "selu": "lecun_normal"}
"""Where the kernel before an activation starts if not told (Glorot & Bengio 2010; Klambauer et al. 2017,
arXiv:1706.02515); that before any other as He et al. 2015 have it (arXiv:1502.01852)."""


@keras.saving.register_keras_serializable(package="retail")
class SplitLeakyReLU(keras.layers.Layer):
    """relu(x) − slope·relu(−x), which is Keras's LeakyReLU in pieces that DeepLIFT has rules for.

    Any shape in, the same shape out.

    Args:
        slope: of the part below zero; .3 as in Keras's layer.
    """

    def __init__(self, slope: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.slope = slope

    def call(self, inputs: Tensor) -> Tensor:
        """The activation of a batch."""
        # A product with -1, because SHAP knows products and no negation.
        return ops.relu(inputs) - self.slope * ops.relu(-1.0 * inputs)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """As the input's."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {**super().get_config(), "slope": self.slope}


def scaled(inputs: Tensor, encoded: npt.NDArray[np.float32], config: AbandonmentConfig) -> Tensor:
    """The (n, D) inputs on the scale of `input_normalization`, then with noise and dropout where asked.

    A column that never varied in training becomes 0 wherever it has that value. Both scales are a Normalization layer:
    (x − mean) / deviation, or (x − least) / (most − least).

    Args:
        inputs: (n, D) encoded matrix, symbolic.
        encoded: that of the training examples, to which the scale is fitted.
        config: the network's form.
    """
    hidden = inputs
    if config.input_normalization != "off":
        hidden = _normalization(encoded, config.input_normalization)(hidden)
    if config.input_noise:
        hidden = keras.layers.GaussianNoise(config.input_noise, name="input_noise")(hidden)
    if config.input_dropout:
        hidden = keras.layers.Dropout(config.input_dropout, name="input_dropout")(hidden)
    return hidden


def block(inputs: Tensor, units: int, number: int, config: AbandonmentConfig) -> Tensor:
    """One hidden block, (n, K) → (n, units): dense, activation, batch normalization, dropout, residual, noise."""
    hidden = keras.layers.Dense(
        units,
        name=f"dense_{number}",
        kernel_initializer=_start(config, STARTS.get(config.activation, "he_normal")),
        kernel_regularizer=penalty(config),
    )(inputs)
    if config.batch_normalization == "before":
        hidden = _batch_normalization(number, config)(hidden)
    hidden = _activation(number, config)(hidden)
    if config.batch_normalization == "after":
        hidden = _batch_normalization(number, config)(hidden)
    if config.dropout:
        hidden = keras.layers.Dropout(config.dropout, name=f"dropout_{number}")(hidden)
    if config.residual:
        hidden = keras.layers.Add(name=f"residual_{number}")([hidden, _as_wide(inputs, units, number, config)])
    if config.hidden_noise:
        hidden = keras.layers.GaussianNoise(config.hidden_noise, name=f"noise_{number}")(hidden)
    return hidden


def logit(inputs: Tensor, config: AbandonmentConfig) -> Tensor:
    """(n, K) → log-odds (n, 1)."""
    start = _start(config, "glorot_uniform")
    return keras.layers.Dense(1, name="logit", kernel_initializer=start, kernel_regularizer=penalty(config))(inputs)


def penalty(config: AbandonmentConfig) -> keras.regularizers.Regularizer | None:
    """The penalty on the dense kernels: l1·Σ|w| + l2·Σw² (Tibshirani 1996; both, Zou & Hastie 2005)."""
    if config.l1 and config.l2:
        return keras.regularizers.L1L2(config.l1, config.l2)
    if config.l1:
        return keras.regularizers.L1(config.l1)
    return keras.regularizers.L2(config.l2) if config.l2 else None


def _normalization(encoded: npt.NDArray[np.float32], kind: str) -> keras.layers.Normalization:
    if kind == "min_max":
        mean = encoded.min(axis=0).astype(np.float64)
        variance = (encoded.max(axis=0) - mean) ** 2
    else:
        mean, variance = encoded.mean(axis=0, dtype=np.float64), encoded.var(axis=0, dtype=np.float64)
    # A column that never varied in training would otherwise be divided by nothing where it varies later.
    variance[variance < 1e-12] = 1.0
    return keras.layers.Normalization(mean=mean.tolist(), variance=variance.tolist(), name="normalization")


def _start(config: AbandonmentConfig, auto: str) -> str:
    return auto if config.initializer == "auto" else config.initializer


def _activation(number: int, config: AbandonmentConfig) -> keras.layers.Layer:
    name = f"activation_{number}"
    if config.activation == "leaky_relu":
        return SplitLeakyReLU(name=name)
    return keras.layers.Activation(config.activation, name=name)


def _batch_normalization(number: int, config: AbandonmentConfig) -> keras.layers.BatchNormalization:
    return keras.layers.BatchNormalization(
        axis=config.batch_normalization_axis,
        momentum=config.batch_normalization_momentum,
        epsilon=config.batch_normalization_epsilon,
        gamma_initializer=config.gamma_initializer,
        beta_initializer=config.beta_initializer,
        name=f"batch_normalization_{number}",
    )


def _as_wide(inputs: Tensor, units: int, number: int, config: AbandonmentConfig) -> Tensor:
    if inputs.shape[-1] == units:
        return inputs
    start = _start(config, "glorot_uniform")
    return keras.layers.Dense(units, use_bias=False, name=f"projection_{number}", kernel_initializer=start)(inputs)
