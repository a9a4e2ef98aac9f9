"""Training of the abandonment model that starts from an earlier one's weights instead of from zero."""

from itertools import chain

import keras
import numpy as np

from models.abandonment import core

REFITTED = ("normalization", "calibration")
"""Layers that are fitted to the new examples in any case."""


def start_from(earlier: keras.Model, model: keras.Model) -> str:
    """Give a freshly built model the weights of an earlier one where both networks have the same form.

    The encoder is fitted anew, so the columns that the first layers see may be others: the weights of a column that the
    earlier model had as well (the same feature's value, gap, interval or category) are taken over, those of a new one
    stay as they were drawn.

    Args:
        earlier: a model as `build_abandonment` makes it.
        model: changed in place.

    Returns:
        What was done, in a sentence.
    """
    old, new = _layers(earlier), _layers(model)
    known, wanted = _column_keys(earlier), _column_keys(model)
    width = len(wanted)
    if other := _differences(old, new, len(known), width):
        return f"The abandonment model was trained from zero, since the earlier one is of another form: {other}."
    place = {key: position for position, key in enumerate(known)}
    rows = np.array([place.get(key, -1) for key in wanted], dtype=np.int64)
    for name, layer in new.items():
        before, values = old[name].get_weights(), layer.get_weights()
        if _reads_inputs(name, layer, width):
            values[0][rows >= 0] = before[0][rows[rows >= 0]]
            values[1:] = before[1:]
        else:
            values = before
        layer.set_weights(values)
    taken = int((rows >= 0).sum())
    return (
        f"The abandonment model was trained from an earlier one's weights: {taken:,} of {width:,} encoded columns are "
        "the same there."
    )


def _layers(model: keras.Model) -> dict[str, keras.layers.Layer]:
    return {layer.name: layer for layer in core(model).layers if layer.weights and layer.name not in REFITTED}


def _column_keys(model: keras.Model) -> tuple[tuple[str, ...], ...]:
    layers = model.get_layer("encoder").layers
    return tuple(chain.from_iterable(layer.column_keys() for layer in layers if hasattr(layer, "column_keys")))


def _reads_inputs(name: str, layer: keras.layers.Layer, width: int) -> bool:
    return name in ("dense_0", "projection_0") and layer.kernel.shape[0] == width


def _differences(
    old: dict[str, keras.layers.Layer], new: dict[str, keras.layers.Layer], before: int, width: int
) -> str:
    """Layers that are in one only or have weights of other shapes, the first ones' inputs aside."""
    if old.keys() != new.keys():
        return f"layers {', '.join(sorted(old.keys() ^ new.keys()))} are in one of them only"

    def shapes(name: str, layer: keras.layers.Layer, inputs: int) -> list[tuple[int, ...]]:
        found = [tuple(weight.shape) for weight in layer.weights]
        return [found[0][1:], *found[1:]] if _reads_inputs(name, layer, inputs) else found

    other = [name for name in new if shapes(name, old[name], before) != shapes(name, new[name], width)]
    return f"layers {', '.join(other)} have other shapes" if other else ""
