"""What the encoder is told of an event besides its item: its kind, and how long after the previous one it came."""

from typing import Any

import keras
from keras import ops

from models.config import RecommenderConfig
from models.sessions.sequences import EVENTS

Tensor = Any

BOUNDS = (0.0, 1.0, 3.0, 10.0, 30.0, 60.0, 180.0, 600.0, 1800.0)
"""Seconds at which the buckets of gaps begin; what is below the first is unknown."""

UNTOLD = 0.1
"""Share of the training windows whose kinds are hidden, and of those whose gaps are."""


def event_inputs(config: RecommenderConfig, seed: int) -> tuple[list[Tensor], list[Tensor]]:
    """The configured ones of the inputs `kinds` and `gaps` (n, T), of the form that `encoded.Seen` has.

    A kind and a bucket of gaps have a vector each, which starts at zero. Buckets are made here, so that training and
    serving cannot differ in them. What is unknown adds nothing; as that is also what some training windows get, a
    session whose kinds or gaps nobody tells is nothing new to the network.

    Returns:
        The inputs, and (n, T, D) of each, to be added to the events' vectors.
    """
    inputs, told = [], []
    if config.use_events:
        inputs.append(keras.Input((None,), dtype="int32", name="kinds"))
        told.append(_vectors(inputs[-1], len(EVENTS) + 1, config.dimension, "kind", seed))
    if config.use_gaps:
        inputs.append(keras.Input((None,), dtype="float32", name="gaps"))
        bucket = keras.layers.Discretization(bin_boundaries=BOUNDS, name="bucket")(inputs[-1])
        told.append(_vectors(bucket, len(BOUNDS) + 1, config.dimension, "gap", seed + 1))
    return inputs, told


def _vectors(codes: Tensor, count: int, dimension: int, name: str, seed: int) -> Tensor:
    """(n, T) codes below `count` → (n, T, D); zeros for code 0."""
    vectors = keras.layers.Embedding(count, dimension, "zeros", name=name)(codes)
    vectors = vectors * ops.cast(codes > 0, vectors.dtype)[..., None]
    return keras.layers.Dropout(UNTOLD, noise_shape=(None, 1, 1), seed=seed, name=f"{name}_untold")(vectors)
