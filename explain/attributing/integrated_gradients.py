"""Integrated gradients of a Keras model's scalar output."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

import models  # noqa: F401  (sets TF_USE_LEGACY_KERAS before TensorFlow is imported)

import tensorflow as tf  # isort: skip

Floats = npt.NDArray[np.float64]
STEPS = 128


def integrated_gradients(
    output: Callable[[Any], Any], point: npt.NDArray[np.float32], baseline: npt.NDArray[np.float32], steps: int = STEPS
) -> tuple[Floats, float, float]:
    """What each entry of an array adds to an output, counted from a baseline (Sundararajan et al., ICML 2017).

    (x − x₀) times the mean gradient on the straight way from x₀ to x, at the middles of `steps` equal parts. They add
    up to f(x) − f(x₀) but for the error of that mean; for a linear f they are coefficient × (x − x₀).

    Args:
        output: tensor (n, …) → tensor (n,), differentiable.
        point: float32 (…), where it is explained.
        baseline: the same shape.
        steps: gradients taken, in one call.

    Returns:
        The attributions, float64 of the same shape; f(x) and f(x₀).
    """
    way = (np.arange(steps, dtype=np.float32) + 0.5) / steps
    points = tf.constant(baseline + way.reshape(-1, *[1] * point.ndim) * (point - baseline))
    with tf.GradientTape() as tape:
        tape.watch(points)
        outputs = output(points)
    gradients = tape.gradient(outputs, points).numpy().astype(np.float64)
    ends = output(tf.constant(np.stack([point, baseline]))).numpy()
    return gradients.mean(axis=0) * (point - baseline), float(ends[0]), float(ends[1])
