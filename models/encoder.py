"""From raw feature values to the columns a network sees, inside the model, so that nothing is prepared twice."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd
from keras import ops

from data.examples import Examples
from data.feature import Feature

HEAVY_TAIL = 1.5
"""Skewness above which a column enters as sign(x)·log(1 + |x|)."""

RARE = 10
"""Training examples below which a category shares the column of unseen ones; that column then learns from them."""


@keras.saving.register_keras_serializable(package="retail")
class NumericEncoder(keras.layers.Layer):
    """Numbers with gaps as columns without, in three parts side by side.

    1. The values: log-transformed where `logs` says so, clipped to what training saw (a value beyond it is read as the
       largest one known, as trees do) and, where NaN, replaced by the training mean.
    2. For each column that had NaN in training, an indicator of NaN.
    3. The piecewise linear encoding of Gorishniy et al. 2022 ("On embeddings for numerical features"): for every
       interval [a, b] between quantiles of a column, the part of it that lies below the value, clip((x − a)/(b − a)).
       A network learns a curve in one feature from these far sooner than from the value alone.

    Input (n, N) float32, NaN where unknown; output (n, N + gaps + intervals) float32.

    Args:
        columns: N feature names.
        logs: whether a column enters as sign(x)·log(1 + |x|).
        means: what replaces NaN, after the logarithm.
        lows: smallest value in training, after the logarithm.
        highs: largest value in training, after the logarithm.
        gaps: positions of the columns that had NaN in training.
        edges: per column, the ascending quantiles (after the logarithm) that bound its intervals; empty for none.
    """

    def __init__(
        self,
        columns: Sequence[str],
        logs: Sequence[bool],
        means: Sequence[float],
        lows: Sequence[float],
        highs: Sequence[float],
        gaps: Sequence[int],
        edges: Sequence[Sequence[float]],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.columns, self.gaps = tuple(columns), tuple(gaps)
        self.logs, self.means = tuple(logs), tuple(means)
        self.lows, self.highs = tuple(lows), tuple(highs)
        self.edges = tuple(tuple(one) for one in edges)
        pairs = [(i, a, b) for i, one in enumerate(self.edges) for a, b in pairwise(one)]
        self._owners = [i for i, _, _ in pairs]
        self._starts = np.array([a for _, a, _ in pairs], dtype=np.float32)
        self._widths = np.array([b - a for _, a, b in pairs], dtype=np.float32)

    @classmethod
    def fit(cls, frame: pd.DataFrame, intervals: int, **kwargs: Any) -> "NumericEncoder":
        """The encoder of an n × N frame of float32 columns with NaN where unknown, with at most so many intervals."""
        values = frame.to_numpy(dtype=np.float64, copy=True)
        values[~np.isfinite(values)] = np.nan
        logs = [_heavy_tailed(column) for column in values.T]
        moved = np.where(logs, _signed_log(values), values)
        known = [column[~np.isnan(column)] if np.isfinite(column).any() else np.zeros(1) for column in moved.T]
        return cls(
            columns=list(frame.columns),
            logs=logs,
            means=[float(column.mean()) for column in known],
            lows=[float(column.min()) for column in known],
            highs=[float(column.max()) for column in known],
            gaps=[int(i) for i in np.flatnonzero(np.isnan(values).any(axis=0))],
            edges=[_edges(column, intervals) for column in known],
            **kwargs,
        )

    def call(self, inputs: Any) -> Any:
        """Encode a batch."""
        missing = ops.isnan(inputs)
        values = ops.where(missing, ops.zeros_like(inputs), inputs)
        logs = ops.convert_to_tensor(self.logs, "bool")
        values = ops.where(logs, ops.sign(values) * ops.log1p(ops.absolute(values)), values)
        values = ops.clip(values, _constant(self.lows), _constant(self.highs))
        values = ops.where(missing, _constant(self.means), values)
        parts = [values]
        if self.gaps:
            parts.append(ops.cast(ops.take(missing, np.array(self.gaps, np.int32), axis=1), values.dtype))
        if self._owners:
            spread = ops.take(values, np.array(self._owners, np.int32), axis=1)
            parts.append(ops.clip((spread - self._starts) / self._widths, 0.0, 1.0))
        return ops.concatenate(parts, axis=1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(n, N + gaps + intervals)."""
        return (input_shape[0], len(self.encoded_columns()))

    def encoded_columns(self) -> tuple[str, ...]:
        """The feature behind each column of the output."""
        return tuple(key[0] for key in self.column_keys())

    def column_keys(self) -> tuple[tuple[str, ...], ...]:
        """What each column of the output is: its feature, and which part of it. Two encoders' keys can be compared."""
        parts = [
            (self.columns[i], "interval", f"{place} of {len(one) - 1}")
            for i, one in enumerate(self.edges)
            for place in range(len(one) - 1)
        ]
        return (
            *((name, "value") for name in self.columns),
            *((self.columns[i], "gap") for i in self.gaps),
            *parts,
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        own = {name: list(getattr(self, name)) for name in ("columns", "logs", "means", "lows", "highs", "gaps")}
        return {**super().get_config(), **own, "edges": [list(one) for one in self.edges]}


@keras.saving.register_keras_serializable(package="retail")
class CategoryEncoder(keras.layers.Layer):
    """Strings as one column per category, and one for every string that is none of them.

    Input (n, C) string, empty where unknown; output (n, Σ (1 + categories)) float32 with, for each of the C features,
    exactly one 1 in a row. Needs the TensorFlow backend, the one that has strings.

    Args:
        columns: C feature names.
        vocabularies: the categories of each.
    """

    def __init__(self, columns: Sequence[str], vocabularies: Sequence[Sequence[str]], **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "trainable": False})
        self.columns = tuple(columns)
        self.vocabularies = tuple(tuple(words) for words in vocabularies)
        # The lookup takes an empty vocabulary for a missing one; a word that no input can be stands in for it.
        self.lookups = [
            keras.layers.StringLookup(vocabulary=list(words) or ["\x00"], mask_token=None, name=f"lookup_{i}")
            for i, words in enumerate(self.vocabularies)
        ]

    def build(self, input_shape: tuple[int | None, ...]) -> None:  # noqa: ARG002
        """Nothing to make: the vocabularies are arguments."""
        self.built = True

    @classmethod
    def fit(cls, frame: pd.DataFrame, **kwargs: Any) -> "CategoryEncoder":
        """The encoder of an n × C frame of strings, None where unknown; categories in the order of the alphabet."""
        counts = [as_strings(frame[column]).value_counts() for column in frame]
        return cls(list(frame.columns), [sorted(c.index[c.to_numpy() >= RARE]) for c in counts], **kwargs)

    def call(self, inputs: Any) -> Any:
        """Encode a batch."""
        parts = [
            ops.one_hot(lookup(inputs[:, i]), len(words) + 1)
            for i, (lookup, words) in enumerate(zip(self.lookups, self.vocabularies, strict=True))
        ]
        return ops.concatenate(parts, axis=1)

    def compute_output_spec(self, inputs: Any) -> Any:
        """(n, Σ (1 + categories))."""
        return keras.KerasTensor((inputs.shape[0], len(self.encoded_columns())), dtype="float32")

    def encoded_columns(self) -> tuple[str, ...]:
        """The feature behind each column of the output."""
        return tuple(key[0] for key in self.column_keys())

    def column_keys(self) -> tuple[tuple[str, ...], ...]:
        """What each column of the output is: its feature and the category, none for all that is no category."""
        return tuple(
            (name, *word)
            for name, words in zip(self.columns, self.vocabularies, strict=True)
            for word in ((), *((word,) for word in words))
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        own = {"columns": list(self.columns), "vocabularies": [list(words) for words in self.vocabularies]}
        return {**super().get_config(), **own}


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


def as_strings(column: pd.Series) -> pd.Series:
    """Strings with "" where unknown, so that "unknown" is a category like any other."""
    return column.astype(object).where(column.notna(), "").astype(str)


def columns_of(specs: Sequence[Feature], kind: str) -> list[str]:
    """Names of the features of one kind, in order."""
    return [spec.name for spec in specs if spec.kind == kind]


def _edges(known: npt.NDArray[np.float64], intervals: int) -> list[float]:
    """Distinct quantiles, as float32 sees them; none for a column with fewer than three, whose value says it all."""
    if intervals == 0:
        return []
    quantiles = np.quantile(known, np.linspace(0, 1, intervals + 1))
    edges = np.unique(quantiles.astype(np.float32))
    return [float(edge) for edge in edges] if len(edges) > 2 else []


def _constant(values: Sequence[float]) -> Any:
    return ops.convert_to_tensor(values, "float32")


def _signed_log(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.sign(values) * np.log1p(np.abs(values))


def _heavy_tailed(column: npt.NDArray[np.float64]) -> bool:
    known = column[~np.isnan(column)]
    if len(known) == 0 or known.std() == 0.0:
        return False
    return abs(_skewness(known)) > HEAVY_TAIL and abs(_skewness(_signed_log(known))) < abs(_skewness(known))


def _skewness(values: npt.NDArray[np.float64]) -> float:
    return float((((values - values.mean()) / values.std()) ** 3).mean())
