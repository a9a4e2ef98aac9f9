"""From raw feature values to the columns a network sees, inside the model, so that nothing is prepared twice."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd

from data.examples import Examples
from data.feature import Feature
from models.category_encoder import CategoryEncoder, as_strings
from models.numeric_encoder import NumericEncoder


def fit_encoder(train: Examples, intervals: int) -> keras.Model:
    """The model named "encoder": inputs as `as_inputs` gives them, output the encoded matrix (n, D) float32.

    Args:
        train: what it is fitted to.
        intervals: of the piecewise linear encoding of a numeric feature, at most; 0 for none.
    """
    inputs: dict[str, Any] = {}
    parts: list[Any] = []
    numeric, categorical = columns_of(train.specs, "numeric"), columns_of(train.specs, "categorical")
    if numeric:
        inputs["numeric"] = keras.Input((len(numeric),), dtype="float32", name="numeric")
        parts.append(NumericEncoder.fit(train.features[numeric], intervals, name="numbers")(inputs["numeric"]))
    if categorical:
        inputs["categorical"] = keras.Input((len(categorical),), dtype="string", name="categorical")
        parts.append(CategoryEncoder.fit(train.features[categorical], name="categories")(inputs["categorical"]))
    outputs = keras.layers.Concatenate(name="encoded")(parts) if len(parts) > 1 else parts[0]
    return keras.Model(inputs, outputs, name="encoder", trainable=False)


def as_inputs(features: pd.DataFrame, specs: Sequence[Feature]) -> dict[str, npt.NDArray[Any]]:
    """What the model takes, each where there are such features: `numeric` (n, N) float32, `categorical` (n, C) str."""
    numeric, categorical = columns_of(specs, "numeric"), columns_of(specs, "categorical")
    inputs: dict[str, npt.NDArray[Any]] = {}
    if numeric:
        inputs["numeric"] = features[numeric].to_numpy(dtype=np.float32)
    if categorical:
        inputs["categorical"] = np.column_stack([as_strings(features[name]).to_numpy(object) for name in categorical])
    return inputs


def columns_of(specs: Sequence[Feature], kind: str) -> list[str]:
    """Names of the features of one kind, in order."""
    return [spec.name for spec in specs if spec.kind == kind]
