"""The digit classifier: which of ten digits an image shows."""

from typing import Any

import keras

from models.config import DigitsConfig

INITIALIZERS = {"tanh": "glorot_uniform", "sigmoid": "glorot_uniform", "selu": "lecun_normal"}
"""Where the kernels before an activation start; those not named here start by He et al. 2015."""


def build_digits(config: DigitsConfig, features: int = 784, classes: int = 10) -> keras.Model:
    """A network with initial weights, not compiled.

    Args:
        config: the network's form.
        features: pixels of an image.
        classes: digits to tell apart.

    Returns:
        Functional model from images (n, features) in [0, 1] to logits (n, classes), both float32; softmax makes
        probabilities of them, and a loss takes them with `from_logits=True`.
    """
    inputs = keras.Input((features,), dtype="float32", name="image")
    hidden = inputs
    for number, units in enumerate(config.units):
        hidden = _block(hidden, units, number, config)
    penalty = keras.regularizers.L2(config.l2) if config.l2 else None
    return keras.Model(
        inputs, keras.layers.Dense(classes, name="logits", kernel_regularizer=penalty)(hidden), name="digits"
    )


def _block(inputs: Any, units: int, number: int, config: DigitsConfig) -> Any:
    hidden = keras.layers.Dense(
        units,
        name=f"dense_{number}",
        use_bias=not config.batch_normalization,  # which has its own
        kernel_initializer=INITIALIZERS.get(config.activation, "he_normal"),
        kernel_regularizer=keras.regularizers.L2(config.l2) if config.l2 else None,
    )(inputs)
    if config.batch_normalization:
        hidden = keras.layers.BatchNormalization(name=f"batch_normalization_{number}")(hidden)
    hidden = keras.layers.Activation(config.activation, name=f"activation_{number}")(hidden)
    return keras.layers.Dropout(config.dropout, name=f"dropout_{number}")(hidden) if config.dropout else hidden
