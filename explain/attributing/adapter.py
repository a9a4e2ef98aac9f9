"""SHAP's DeepExplainer on a Keras 3 model, in batches."""

import copy
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

import numpy as np
import numpy.typing as npt

import models  # noqa: F401  (sets TF_USE_LEGACY_KERAS before TensorFlow is imported)

import keras  # isort: skip
import shap  # isort: skip
import tensorflow as tf  # isort: skip
from tensorflow.python.eager import execute as tf_execute  # isort: skip

from data.errors import InputError

Matrix = npt.NDArray[np.float32]

LAYERS = (
    *("InputLayer", "Normalization", "GaussianNoise", "Dense", "BatchNormalization", "Dropout"),
    *("Activation", "ReLU", "SplitLeakyReLU", "ELU", "Add"),
)
ACTIVATIONS = ("linear", "relu", "elu", "selu", "tanh", "sigmoid")
ONE_AT_A_TIME = threading.Lock()
"""SHAP changes the gradients of TensorFlow's operations for all threads while it is at work."""

BATCH = 32  # carts a call: 4 times the rows/s of one by one at 100 background rows; more brings nothing on 2 cores


class _Call(tf.keras.layers.Layer):
    """One tf.keras layer that calls a Keras 3 model, because SHAP accepts only tf.keras models."""

    def __init__(self, model: keras.Model):
        super().__init__()
        self.model = model

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return self.model(x, training=False)


def compiled(model: keras.Model) -> Callable[[Matrix], npt.NDArray[np.float64]]:
    """A one-output model as a function of float32 (n, D) to float64 (n,), traced once for any n.

    `model.predict` builds a data set at every call: 5,000 rows took it 9 times as long.
    """
    signature = [tf.TensorSpec((None, model.input_shape[1]), tf.float32)]

    def call(rows: tf.Tensor) -> tf.Tensor:
        return model(rows, training=False)[:, 0]

    traced = tf.function(call, input_signature=signature, autograph=False)
    return lambda rows: traced(tf.constant(rows)).numpy().astype(np.float64)


class DeepShap:
    """SHAP values of a feed-forward model with one output, by DeepLIFT's rescale rule against many references.

    Deep SHAP (Lundberg and Lee, NIPS 2017): the values of a row add up to the model's output less its mean over the
    background. For a linear model they are coefficient × (value − mean background value).

    Args:
        model: Keras 3 functional model, (n, D) → (n, 1), of the layers in `LAYERS` and activations in `ACTIVATIONS`.
        background: float32 (m, D), the references; at least one row.

    Raises:
        InputError: the model has a layer that has no DeepLIFT rule, or the background is empty.
    """

    def __init__(self, model: keras.Model, background: Matrix):
        check_layers(model)
        if len(background) == 0:
            raise InputError("SHAP values need at least one background example. Received: none")
        self._background = np.asarray(background, dtype=np.float32)
        inputs = tf.keras.Input((background.shape[1],))
        with _guarded():
            self._deep = shap.DeepExplainer(tf.keras.Model(inputs, _Call(model)(inputs)), self._background).explainer
        self.outputs = compiled(model)
        """The model itself: float32 (n, D) → float64 (n,)."""
        self.base = float(self.outputs(self._background).mean())
        """Mean output over the background."""

    def against(self, background: Matrix) -> Self:
        """The same with other references; where they are as many, nothing is traced again."""
        other = copy.copy(self)
        other._background = np.asarray(background, dtype=np.float32)
        other.base = float(self.outputs(other._background).mean())
        return other

    def values(self, rows: Matrix) -> npt.NDArray[np.float64]:
        """SHAP values of float32 (n, D), as float64 (n, D)."""
        result = np.empty(rows.shape, dtype=np.float64)
        for start in range(0, len(rows), BATCH):
            chunk = rows[start : start + BATCH]
            # The last batch is filled up: another shape would trace the graph again, which takes longer.
            filled = np.concatenate([chunk, np.repeat(chunk[-1:], BATCH - len(chunk), axis=0)])
            result[start : start + len(chunk)] = self._batch(filled)[: len(chunk)]
        return result

    def _batch(self, rows: Matrix) -> npt.NDArray[np.float64]:
        """`DeepExplainer.shap_values` for many rows in one call; it loops over rows, 4 times slower."""
        size, width = rows.shape
        repeated = np.repeat(rows, len(self._background), axis=0)
        references = np.tile(self._background, (size, 1))
        with _guarded():
            (multipliers,) = self._deep.run(
                self._deep.phi_symbolic(0), self._deep.model_inputs, [np.concatenate([repeated, references])]
            )
        products = multipliers[len(references) :] * (repeated - references)
        means: npt.NDArray[np.float64] = products.reshape(size, -1, width).mean(axis=1, dtype=np.float64)
        return means


def check_layers(model: keras.Model) -> None:
    """Refuse a model with a layer or an activation that has no DeepLIFT rule, before SHAP fails half-way."""
    for layer in model.layers:
        kind = type(layer).__name__
        activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
        if kind not in LAYERS or activation not in ACTIVATIONS:
            raise InputError(
                f"SHAP values by DeepLIFT exist for the layers {', '.join(LAYERS[1:])} with the activations "
                f"{', '.join(ACTIVATIONS)}. Received: {kind} {layer.name!r} with {activation!r}"
            )


@contextmanager
def _guarded() -> Iterator[None]:
    """Keep SHAP's notices about its age quiet, and undo its patch of TensorFlow where it fails.

    A DeepExplainer that fails leaves its own gradient recorder in TensorFlow and breaks what comes after it. Two that
    are at work at once do so too: a server answers by one model while it loads the next.
    """
    with ONE_AT_A_TIME, warnings.catch_warnings():
        recorder = tf_execute.record_gradient
        warnings.filterwarnings("ignore", message="Your TensorFlow version is newer")
        try:
            yield
        finally:
            tf_execute.record_gradient = recorder
