"""The stand-in that divides: a small decision tree on the network's predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.tree import DecisionTreeRegressor

from data.examples import Examples
from explain.attributing.explanations import sigmoid
from explain.attributing.lookup import Floats, Matrix
from explain.whole.board import as_levels, levels_of
from explain.whole.stand_ins import Node

DEPTH = 4
LEAST = 0.01  # share of the carts in a leaf, at least


@dataclass(frozen=True)
class Column:
    """What the tree may ask of a cart: how large a number is, or whether it is of a category (None: unknown)."""

    feature: str
    numeric: bool
    level: str | None = None

    def of(self, examples: Examples) -> Matrix:
        """(n,) the number, or 1 for a cart of the category."""
        column = examples.features[self.feature]
        if self.numeric:
            return column.to_numpy(dtype=np.float32)
        levels = as_levels(column)
        chosen = levels.isna() if self.level is None else levels == self.level
        return np.asarray(chosen, dtype=np.float32)


def fit_tree(examples: Examples, log_odds: Floats, test: Examples, seed: int) -> tuple[Floats, Node]:
    """Fit a regression tree of depth 4 at most to the network's log-odds.

    Args:
        examples: n carts to fit to.
        log_odds: (n,) the network's log-odds of them.
        test: m carts to tell of.
        seed: decides between equally good divisions.

    Returns:
        The log-odds (m,) that it gives the test carts, and its root.
    """
    columns: list[Column] = []
    for spec in examples.specs:
        if spec.kind == "numeric":
            columns.append(Column(spec.name, True))
        else:
            columns += [Column(spec.name, False, level) for level in levels_of(examples.features[spec.name])]
    least = max(1, int(LEAST * len(examples)))
    model = DecisionTreeRegressor(max_depth=DEPTH, min_samples_leaf=least, random_state=seed)
    matrix = _matrix(columns, examples)
    model.fit(matrix, log_odds)
    told: Floats = model.predict(_matrix(columns, test))
    passed = model.decision_path(matrix)
    risks = np.asarray(passed.T @ sigmoid(log_odds)) / np.asarray(passed.sum(axis=0)).ravel()
    return told, _node(model.tree_, 0, columns, risks, np.asarray(np.isnan(matrix).any(axis=0)))


def _matrix(columns: Sequence[Column], examples: Examples) -> Matrix:
    return np.column_stack([column.of(examples) for column in columns])


def _node(tree: Any, at: int, columns: Sequence[Column], risks: Floats, gaps: npt.NDArray[np.bool_]) -> Node:
    risk, share = float(risks[at]), float(tree.n_node_samples[at] / tree.n_node_samples[0])
    if tree.children_left[at] < 0:
        return Node(risk, share)
    asked = columns[tree.feature[at]]
    low, high = (_node(tree, ends[at], columns, risks, gaps) for ends in (tree.children_left, tree.children_right))
    if not asked.numeric:  # below one half are the carts of the other categories
        return Node(risk, share, asked.feature, level=asked.level or "", yes=high, no=low)
    unknown = bool(tree.missing_go_to_left[at]) if gaps[tree.feature[at]] else None
    threshold = float(tree.threshold[at])
    return Node(risk, share, asked.feature, threshold=threshold, unknown=unknown, yes=low, no=high)
