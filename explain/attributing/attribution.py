"""SHAP values per feature: what each feature adds to a cart's predicted log-odds of being left."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd

from data.errors import InputError
from data.examples import Examples
from data.feature import Feature
from explain.attributing.adapter import DeepShap, compiled
from explain.attributing.explanations import Attributions
from explain.attributing.sampling import drawn_rows
from models.abandonment import core, encode, encoded_columns

NO_ROWS = np.zeros((0, 1), dtype=np.float32)


@dataclass(frozen=True)
class Parts:
    """An abandonment model taken apart: its core up to the calibrated log-odds."""

    log_odds: keras.Model
    """(n, D) encoded → (n, 1) calibrated log-odds."""

    columns: npt.NDArray[np.int64]
    """(D,) position of the feature that each encoded column came from."""


def parts_of(model: keras.Model, specs: tuple[Feature, ...]) -> Parts:
    """Cut the core of an abandonment model at "calibration" and say which feature each of its inputs belongs to.

    Raises:
        InputError: the model was trained on other features.
    """
    body = core(model)
    names = encoded_columns(model)
    positions = {spec.name: position for position, spec in enumerate(specs)}
    if set(names) != set(positions):
        missing, extra = sorted(set(names) - set(positions)), sorted(set(positions) - set(names))
        raise InputError(
            f"The examples should have the features that the model was trained on. Missing: {missing}; "
            f"unknown to the model: {extra}. Train again on these features: --from train"
        )
    cut = keras.Model(body.inputs, body.get_layer("calibration").output, name="log_odds")
    return Parts(cut, np.array([positions[name] for name in names]))


def background_sample(examples: Examples, rows: int, seed: int) -> Examples:
    """`rows` of the examples drawn without replacement (all where there are fewer), in their own order."""
    return examples.take(drawn_rows(len(examples), rows, seed))


class Attributor:
    """SHAP values of any number of carts against one background, whose graph is traced once.

    Args:
        model: abandonment model, as `models.abandonment.build_abandonment` makes it.
        background: the carts that stand for "a typical cart", usually 100 training examples.
        specs: the features of the examples to come.

    Raises:
        InputError: the features are not the model's, the background is empty, or a layer has no SHAP rule.
    """

    def __init__(self, model: keras.Model, background: Examples, specs: tuple[Feature, ...]) -> None:
        parts = parts_of(model, specs)
        if background.specs != specs:
            raise InputError("Background and examples should have the same features; they differ.")
        self._model, self._columns = model, parts.columns
        self._deep = DeepShap(parts.log_odds, encode(model, background) if len(background) else NO_ROWS)
        self._typical = tuple(typical_value(background.features[spec.name], spec) for spec in specs)

    def __call__(self, examples: Examples) -> Attributions:
        """SHAP values of every example, encoded columns summed to their features."""
        nothing = np.zeros((0, len(self._columns)), dtype=np.float32)
        encoded = encode(self._model, examples) if len(examples) else nothing
        values = feature_values(self._deep, encoded, self._columns)
        error = float(np.abs(self._deep.base + values.sum(axis=1) - self._deep.outputs(encoded)).max(initial=0.0))
        return Attributions(values, self._deep.base, examples.specs, self._typical, error)


def attribute(model: keras.Model, background: Examples, examples: Examples) -> Attributions:
    """SHAP values of every example; what `Attributor` does, once.

    Raises:
        InputError: as `Attributor`.
    """
    return Attributor(model, background, examples.specs)(examples)


def feature_values(
    deep: DeepShap, encoded: npt.NDArray[np.float32], columns: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """SHAP values (n, F) of encoded carts (n, D); `columns` (D,) says which feature each encoded column came from."""
    values = np.zeros((len(encoded), columns.max(initial=-1) + 1))
    np.add.at(values.T, columns, deep.values(encoded).T)
    return values


def probabilities(model: keras.Model) -> Callable[[Examples], npt.NDArray[np.float64]]:
    """An abandonment model as a function of n examples to (n,) probabilities, compiled once for any n."""
    score = compiled(core(model))
    return lambda examples: score(encode(model, examples))


def typical_value(column: pd.Series, spec: Feature) -> float | str | None:
    """The median of a numeric column, the most frequent value of a categorical one; None where none is known."""
    known = column.dropna()
    if known.empty:
        return None
    # The smallest of equally frequent values, so that the order of rows does not matter.
    return float(known.quantile(0.5, interpolation="lower")) if spec.kind == "numeric" else str(sorted(known.mode())[0])
