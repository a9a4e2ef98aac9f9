"""Which features work together: Friedman's H-statistic of pairs (Friedman and Popescu 2008, section 8.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from sklearn.inspection import partial_dependence

from data.feature import Feature
from explain.attributing.lookup import Floats
from explain.whole.board import Board, Value, as_levels
from explain.whole.shapes import Risk

NOISE = 1e-4  # log-odds: joint effects smaller than this are rounding of float32


@dataclass(frozen=True)
class Interaction:
    """How far the joint effect of two features is from the sum of their own."""

    first: Feature
    second: Feature

    h: float
    """Friedman's H in [0, 1] or little more: 0 where the effects add up, 1 where there is only the interaction."""

    strength: float
    """Root mean square of what the interaction adds, in log-odds: the numerator of H, which does not grow where the
    features alone do little."""


@dataclass(frozen=True)
class Surface:
    """Predicted risk over two features: their joint partial dependence."""

    first: Feature
    second: Feature

    first_values: tuple[Value, ...]
    """G values of the first."""

    second_values: tuple[Value, ...]
    """K values of the second."""

    risk: tuple[tuple[float, ...], ...]
    """G × K mean predicted risk if every cart had both values."""

    carts: tuple[tuple[int, ...], ...]
    """G × K carts of the sample whose values are nearest to these."""


@dataclass(frozen=True)
class Interactions:
    """The pairs among the strongest features."""

    pairs: tuple[Interaction, ...]
    """Strongest first."""

    floor: float
    """H from which a pair is said to interact."""

    rows: int
    """Carts used."""

    surface: Surface | None
    """Of the strongest pair that reaches the floor; None where the model is close to additive in these features."""


def h_statistics(board: Board, features: Sequence[int]) -> tuple[Interaction, ...]:
    """H of every pair of the features, in log-odds, the strongest first.

    Every partial dependence is taken at the carts' own values, over the carts: n² predictions for a feature or pair.
    In log-odds rather than in risk, whose bend at 0 and 1 would count as interaction of everything with everything.
    """
    own = {(f,): _joint(board, (f,)) for f in features}
    found = []
    for pair in combinations(features, 2):
        both = _joint(board, pair)
        rest = both - own[(pair[0],)] - own[(pair[1],)]
        size = float(np.sqrt((both**2).mean()))
        strength = float(np.sqrt((rest**2).mean()))
        h = strength / size if size > NOISE else 0.0
        found.append(Interaction(board.examples.specs[pair[0]], board.examples.specs[pair[1]], h, strength))
    return tuple(sorted(found, key=lambda one: -one.strength))


def interactions(board: Board, features: Sequence[int], fine: Board, floor: float) -> Interactions:
    """The H-statistics on one board, and the surface of the strongest pair from a board with few values a feature."""
    pairs = h_statistics(board, features)
    shown = next((pair for pair in pairs if pair.h >= floor and pair.strength > NOISE), None)
    return Interactions(pairs, floor, len(board.examples), surface(fine, shown) if shown else None)


def surface(board: Board, pair: Interaction) -> Surface | None:
    """The joint partial dependence in predicted risk by scikit-learn; None where a feature has only one value."""
    names = [spec.name for spec in board.examples.specs]
    first, second = names.index(pair.first.name), names.index(pair.second.name)
    grids = [board.grids[feature] for feature in (first, second)]
    if min(len(grid.values) for grid in grids) < 2:
        return None
    lookup = board.lookup
    found = partial_dependence(
        Risk(lookup.encoded, lookup.columns, lookup.score_rows),
        board.own.astype(np.float64),
        [first, second],
        custom_values={f: board.grids[f].rows.astype(np.float64) for f in (first, second)},
        kind="average",
        method="brute",
    )
    near = [_nearest(board, feature) for feature in (first, second)]
    counts = np.zeros([len(grid.values) for grid in grids], dtype=np.int64)
    known = (near[0] >= 0) & (near[1] >= 0)
    np.add.at(counts, (near[0][known], near[1][known]), 1)
    risk = np.asarray(found["average"][0])
    return Surface(
        pair.first,
        pair.second,
        grids[0].values,
        grids[1].values,
        tuple(tuple(row) for row in risk.tolist()),
        tuple(tuple(row) for row in counts.tolist()),
    )


def _joint(board: Board, features: tuple[int, ...]) -> Floats:
    """(n,) centred partial dependence of some features at the values of each cart."""
    own = board.own
    count = len(own)
    rows = np.tile(own, (count, 1))
    for feature in features:
        rows[:, feature] = np.repeat(own[:, feature], count)
    means = board.lookup.predict(rows).reshape(count, count).mean(axis=1)
    return np.asarray(means - means.mean())


def _nearest(board: Board, feature: int) -> np.ndarray:
    """(n,) position in the grid of the value nearest to each cart's; −1 where it is unknown or no level of the grid."""
    spec, values = board.examples.specs[feature], board.grids[feature].values
    column = board.examples.features[spec.name]
    if spec.kind == "categorical":
        levels = as_levels(column)
        return np.select([levels.isna() if v is None else levels == v for v in values], range(len(values)), -1)
    numbers = column.to_numpy(dtype=np.float64)
    gaps = np.abs(numbers[:, None] - np.array(values, dtype=np.float64))
    return np.where(np.isnan(numbers), -1, np.argmin(np.where(np.isnan(gaps), np.inf, gaps), axis=1))
