"""Accumulated local effects (Apley and Zhu 2020, "Visualizing the effects of predictor variables").

Unlike partial dependence they move a cart only to a neighbouring value, so that no cart is given a value that carts
like it never have. Each step's mean change over the carts near it is added to the next; the sum is centred.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.examples import Examples
from explain.attributing.explanations import sigmoid
from explain.attributing.lookup import Floats
from explain.whole.board import Board, as_levels

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Steps:
    """m changes of the prediction, each of one cart from one value of the grid to the next."""

    rows: Rows
    """(m,) cart."""

    steps: Rows
    """(m,) step, from 0: between values `step` and `step + 1` of the ordered grid."""

    changes: Floats
    """(m,) predicted risk at the step's end less that at its start."""

    order: Rows
    """(G,) positions in the feature's grid, in the order that the steps go."""

    place: Floats
    """(n, G) where each cart is in that order: 1 at its value, or shared between the two values it lies between; all 0
    where the cart is not counted."""


def numeric_steps(board: Board, feature: int) -> Steps:
    """Each cart moved to the lower and to the upper end of the interval of the grid that its value is in."""
    grid = board.grids[feature]
    edges = np.array(grid.values, dtype=np.float64)
    column = board.examples.features[board.examples.specs[feature].name].to_numpy(dtype=np.float64)
    rows = np.flatnonzero((column >= edges[0]) & (column <= edges[-1])) if len(edges) > 1 else np.zeros(0, np.int64)
    # Interval (a, b] holds its upper end; the smallest value belongs to the first.
    steps = np.maximum(np.searchsorted(edges, column[rows], side="left") - 1, 0)
    changes = _risk(board, rows, feature, grid.rows[steps + 1]) - _risk(board, rows, feature, grid.rows[steps])
    place = np.zeros((len(column), len(edges)))
    if len(rows):
        part = (column[rows] - edges[steps]) / (edges[steps + 1] - edges[steps])
        place[rows, steps], place[rows, steps + 1] = 1 - part, part
    return Steps(rows, steps, changes, np.arange(len(edges)), place)


def level_steps(board: Board, feature: int) -> Steps:
    """Each cart moved to the categories before and after its own, categories in the order of `similar_order`."""
    grid, spec = board.grids[feature], board.examples.specs[feature]
    order = similar_order(board.examples, feature, grid.values)
    levels = as_levels(board.examples.features[spec.name])
    place = np.stack([levels.isna() if value is None else levels == value for value in grid.values], axis=1)[:, order]
    at = np.where(place.any(axis=1), place.argmax(axis=1), -1)
    up = np.flatnonzero((at >= 0) & (at < len(order) - 1))
    down = np.flatnonzero(at > 0)
    rows, steps = np.concatenate([up, down]), np.concatenate([at[up], at[down] - 1])
    lenders = grid.rows[order]
    ends = lenders[np.minimum(steps + 1, len(order) - 1)]
    changes = _risk(board, rows, feature, ends) - _risk(board, rows, feature, lenders[steps])
    return Steps(rows, steps, changes, order, place.astype(np.float64))


def accumulate(found: Steps, weights: Floats) -> Floats:
    """(b, G) effects in the order of the grid, centred to mean 0 over the carts, under row weights (b, n).

    Between two values of the grid the effect goes in a straight line.
    """
    count = len(found.order)
    steps = np.zeros((len(found.rows), max(count - 1, 0)))
    steps[np.arange(len(found.rows)), found.steps] = 1.0
    own = weights[:, found.rows]
    inside = own @ steps
    means = np.divide((own * found.changes) @ steps, inside, out=np.zeros_like(inside), where=inside > 0)
    sums = np.concatenate([np.zeros((len(weights), 1)), np.cumsum(means, axis=1)], axis=1)[:, :count]
    shares = weights @ found.place
    total = shares.sum(axis=1, keepdims=True)
    centre = np.divide((sums * shares).sum(axis=1, keepdims=True), total, out=np.zeros_like(total), where=total > 0)
    effects = np.empty_like(sums)
    effects[:, found.order] = sums - centre
    return effects


def similar_order(examples: Examples, feature: int, levels: tuple[object, ...]) -> Rows:
    """(G,) positions of categories, carts of neighbouring ones alike in the other features (Apley and Zhu, D.2).

    How far apart two categories are is the sum over the other features of the Kolmogorov-Smirnov distance of their
    values, or of half the summed differences in the shares of categories; the order is that of the first axis of
    classical multidimensional scaling.
    """
    count = len(levels)
    if count < 3:
        return np.arange(count)
    own = as_levels(examples.features[examples.specs[feature].name])
    rows = [np.flatnonzero(own.isna() if level is None else own == level) for level in levels]
    distances = np.zeros((count, count))
    for other, spec in enumerate(examples.specs):
        if other != feature:
            shares = _shares(examples.features[spec.name], rows, spec.kind == "numeric")
            gaps = np.abs(shares[:, None] - shares[None])
            distances += gaps.max(axis=2) if spec.kind == "numeric" else gaps.sum(axis=2) / 2
    centring = np.eye(count) - 1 / count
    _, vectors = np.linalg.eigh(-0.5 * centring @ distances**2 @ centring)
    axis = vectors[:, -1]
    return np.argsort(axis * np.sign(axis[np.argmax(np.abs(axis))]), kind="stable")


def _shares(column: pd.Series, rows: list[Rows], numeric: bool) -> Floats:
    """(G, V) share of each category's carts at each distinct value, cumulated for a numeric feature."""
    codes = pd.factorize(column, sort=numeric, use_na_sentinel=False)[0]
    width = int(codes.max(initial=0)) + 1
    shares = np.stack([np.bincount(codes[some], minlength=width) / max(len(some), 1) for some in rows])
    return np.cumsum(shares, axis=1) if numeric else shares


def _risk(board: Board, rows: Rows, feature: int, lenders: Rows) -> Floats:
    return sigmoid(board.lend(rows, feature, lenders)) if len(rows) else np.zeros(0)
