"""Carts, and below them lent values of single features: what the effects of a feature are computed on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.examples import Examples
from data.feature import Feature
from explain.attributing.lookup import Floats, Lookup, Matrix, Predict

Value = float | str | None
Encode = Callable[[Examples], Matrix]

EDGES = (0.01, 0.99)  # quantiles between which a feature is looked at: beyond them lie too few carts to speak of
MOST_LEVELS = 12  # categories shown, the most frequent
FEW = 10  # carts a category needs


@dataclass(frozen=True)
class Grid:
    """The values of one feature that are looked at, and the rows of the board that lend them."""

    values: tuple[Value, ...]
    """G distinct values: ascending numbers, or categories with the most frequent first (None: unknown)."""

    rows: npt.NDArray[np.int64]
    """(G,) row of the board that lends each."""

    unknown: int | None
    """Row that lends "unknown", for a numeric feature that has gaps."""


@dataclass(frozen=True)
class Board:
    """n carts with F features, and grids of some of them."""

    examples: Examples
    """The n carts."""

    lookup: Lookup
    """The model's log-odds as a function of row numbers (any, F)."""

    grids: dict[int, Grid]
    """Position of a feature → its grid."""

    @property
    def own(self) -> npt.NDArray[np.int64]:
        """(n, F) row numbers of the carts as they are."""
        return np.repeat(np.arange(len(self.examples))[:, None], len(self.examples.specs), axis=1)

    def lend(self, rows: npt.NDArray[np.int64], feature: int, lenders: npt.NDArray[np.int64]) -> Floats:
        """(m,) log-odds of carts (m,), feature `feature` of each taken from the row (m,) that lends it."""
        changed = self.own[rows]
        changed[:, feature] = lenders
        return self.lookup.predict(changed)


def make_board(
    examples: Examples,
    encode: Encode,
    columns: npt.NDArray[np.int64],
    predict: Predict,
    features: Sequence[int],
    points: int,
) -> Board:
    """A board with grids of some features.

    Args:
        examples: n carts, at least one.
        encode: examples → float32 (n, D); each column depends on one feature.
        columns: (D,) position of that feature.
        predict: (n, D) → (n,) log-odds.
        features: positions of the features to make grids of.
        points: most values in the grid of a numeric feature, at least 2.
    """
    grids: dict[int, Grid] = {}
    parts = [encode(examples)]
    start = len(examples)
    for feature in features:
        spec = examples.specs[feature]
        column = examples.features[spec.name]
        values: tuple[Value, ...] = levels_of(column) if spec.kind == "categorical" else numbers_of(column, points)
        gaps = spec.kind == "numeric" and bool(column.isna().any())
        lent = (*values, np.nan) if gaps else values
        parts.append(encode(_lenders(examples, spec, lent)))
        unknown = start + len(values) if gaps else None
        grids[feature] = Grid(values, np.arange(start, start + len(values)), unknown)
        start += len(lent)
    return Board(examples, Lookup(np.concatenate(parts), columns, predict), grids)


def numbers_of(column: pd.Series, points: int) -> tuple[float, ...]:
    """Distinct values between the 1st and the 99th percentile, or else about `points` of equal frequency."""
    known = column.dropna().to_numpy(dtype=np.float64)
    if len(known) == 0:
        return ()
    low, high = np.quantile(known, EDGES, method="nearest")
    inside = known[(known >= low) & (known <= high)]
    distinct, counts = np.unique(inside, return_counts=True)
    if len(distinct) > points:
        # A value that many carts have is one point, and leaves the other points to the other values.
        often = distinct[counts > len(inside) / points]
        rest = inside[~np.isin(inside, often)]
        spread = np.quantile(rest, np.linspace(0, 1, max(points - len(often), 2)), method="nearest")
        distinct = np.unique(np.concatenate([often, spread]))
    return tuple(float(value) for value in distinct)


def levels_of(column: pd.Series) -> tuple[str | None, ...]:
    """The categories with carts enough, the most frequent first; None for "unknown"."""
    counts = as_levels(column).value_counts(dropna=False)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    enough = [level for level, count in ordered if count >= FEW] or [level for level, _ in ordered]
    return tuple(str(level) if isinstance(level, str) else None for level in enough[:MOST_LEVELS])


def as_levels(column: pd.Series) -> pd.Series:
    """A column of categories with None where unknown."""
    return column.astype(object).where(column.notna(), None)


def _lenders(examples: Examples, spec: Feature, values: Sequence[Value]) -> Examples:
    """The first cart once for each value; only the encoded columns of the feature will be used."""
    lent = examples.take(np.zeros(len(values), dtype=np.int64))
    column = pd.Series(list(values), dtype="float32" if spec.kind == "numeric" else object)
    return replace(lent, features=lent.features.assign(**{spec.name: column}))
