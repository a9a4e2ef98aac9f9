"""How the predicted risk goes with the value of one feature: partial dependence, single carts and local effects."""

from dataclasses import dataclass

import numpy as np
from sklearn.inspection import partial_dependence

from data.feature import Feature
from explain.attributing.explanations import sigmoid
from explain.attributing.lookup import Floats, Lookup
from explain.whole.ale import accumulate, level_steps, numeric_steps
from explain.whole.board import Board, Value, as_levels
from models.binary_metrics import resample_weights
from models.evaluation import clusters_of

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
LINES = 25  # single carts kept, evenly spread over the predicted risks
RESAMPLES = 200


@dataclass(frozen=True)
class Band:
    """A curve over the grid of a feature, in predicted risk, with its 95% interval over sessions."""

    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class Shape:
    """How predicted risk goes with one feature."""

    feature: Feature
    """The feature."""

    values: tuple[Value, ...]
    """Its grid: ascending numbers, or categories, the most frequent first (None: unknown)."""

    shares: tuple[float, ...]
    """Share of the carts that have each category; of a numeric feature, in the interval up to each number."""

    quantiles: tuple[float, ...]
    """Values at `QUANTILES` of the carts; empty for a categorical feature."""

    dependence: Band
    """Mean predicted risk if every cart had this value (partial dependence; Friedman 2001)."""

    local: Band
    """Accumulated local effects (Apley and Zhu 2020), moved to the mean predicted risk."""

    carts: tuple[tuple[float, ...], ...]
    """Predicted risks of single carts over the grid (individual conditional expectation; Goldstein et al. 2015)."""

    rising: float | None
    """Share of the carts whose risk is higher at the largest number than at the smallest; None for categories."""

    unknown: float | None
    """Mean predicted risk if every cart's value were unknown; None where all are known, or for a categorical one."""

    unknown_share: float
    """Share of the carts whose value is unknown."""

    @property
    def span(self) -> float:
        """Predicted risk between the highest and the lowest point of the partial dependence."""
        return max(self.dependence.mean) - min(self.dependence.mean)

    @property
    def parting(self) -> float:
        """Largest distance between the two curves where both are centred on the carts."""
        gaps = np.array(self.dependence.mean) - np.array(self.local.mean)
        return float(np.abs(gaps - np.average(gaps, weights=np.array(self.shares) + 1e-9)).max())


def shapes(board: Board, seed: int) -> tuple[Shape, ...]:
    """The shape of every feature that the board has a grid of two values or more for, in the board's order.

    Carts are resampled by session for the intervals; a curve's own interval does not speak of another sample of
    training carts, whose model would be another.
    """
    clusters = clusters_of(board.examples.keys)
    weights = np.concatenate(list(resample_weights(clusters, RESAMPLES, seed)))
    weights = np.concatenate([np.ones((1, len(board.examples))), weights])
    return tuple(_shape(board, feature, weights) for feature, grid in board.grids.items() if len(grid.values) > 1)


class Risk(Lookup):
    """The same as predicted risks."""

    def predict(self, X: Floats) -> Floats:  # type: ignore[override]
        """(n,) predicted risks of row numbers (n, F)."""
        return sigmoid(super().predict(X))


def single_carts(board: Board, feature: int) -> Floats:
    """(n, G) predicted risk of each cart if it had each value of the grid, by scikit-learn."""
    lookup = board.lookup
    found = partial_dependence(
        Risk(lookup.encoded, lookup.columns, lookup.score_rows),
        board.own.astype(np.float64),
        [feature],
        custom_values={feature: board.grids[feature].rows.astype(np.float64)},
        kind="individual",
        method="brute",
    )
    return np.asarray(found["individual"][0], dtype=np.float64)


def _shape(board: Board, feature: int, weights: Floats) -> Shape:
    spec, grid = board.examples.specs[feature], board.grids[feature]
    column = board.examples.features[spec.name]
    single = single_carts(board, feature)
    now = sigmoid(board.lookup.predict(board.own))
    totals = weights.sum(axis=1, keepdims=True)
    numeric = spec.kind == "numeric"
    steps = numeric_steps(board, feature) if numeric else level_steps(board, feature)
    local = accumulate(steps, weights) + weights @ now[:, None] / totals
    picked = np.argsort(now, kind="stable")[np.unique(np.linspace(0, len(now) - 1, LINES).astype(int))]
    unknown = None
    if grid.unknown is not None:
        everyone = np.arange(len(now))
        unknown = float(sigmoid(board.lend(everyone, feature, np.full(len(now), grid.unknown))).mean())
    return Shape(
        feature=spec,
        values=grid.values,
        shares=_shares(board, feature),
        quantiles=tuple(float(q) for q in column.dropna().quantile(list(QUANTILES), interpolation="nearest"))
        if numeric
        else (),
        dependence=_band(weights @ single / totals),
        local=_band(local),
        carts=tuple(tuple(line.round(5).tolist()) for line in single[picked]),
        rising=float((single[:, -1] > single[:, 0]).mean()) if numeric else None,
        unknown=unknown,
        unknown_share=float(column.isna().mean()),
    )


def _shares(board: Board, feature: int) -> tuple[float, ...]:
    spec, values = board.examples.specs[feature], board.grids[feature].values
    column = board.examples.features[spec.name]
    if spec.kind == "categorical":
        levels = as_levels(column)
        return tuple(float((levels.isna() if value is None else levels == value).mean()) for value in values)
    edges = np.array(values, dtype=np.float64)
    places = np.searchsorted(edges, column.dropna().to_numpy(dtype=np.float64), side="left")
    counts = np.bincount(np.minimum(places, len(edges) - 1), minlength=len(edges))
    return tuple((counts / len(column)).tolist())


def _band(drawn: Floats) -> Band:
    """The first row, and the 95% interval of the others."""
    low, high = np.percentile(drawn[1:], [2.5, 97.5], axis=0)
    return Band(tuple(drawn[0].tolist()), tuple(low.tolist()), tuple(high.tolist()))
