"""Lets a caller without Keras follow training."""

from collections.abc import Callable, Mapping

import keras


def each_epoch(tell: Callable[[int, Mapping[str, float]], None]) -> keras.callbacks.Callback:
    """A callback that hands each epoch's 0-based number and its metrics to `tell`."""
    return keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: tell(epoch, logs or {}))
