"""Numbers with gaps as the columns that a network sees."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd
from keras import ops

HEAVY_TAIL = 1.5
"""Skewness above which a column enters as sign(x)·log(1 + |x|)."""


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
