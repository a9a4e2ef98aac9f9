"""The stand-in that divides: a small decision tree on the network's predictions."""

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from data.examples import Examples
from explain.explanations import sigmoid
from explain.lookup import Floats
from explain.whole.board import as_levels, levels_of
from explain.whole.stand_ins import Node

DEPTH = 4
LEAST = 0.01  # share of the carts in a leaf, at least


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
    columns = [
        (spec.name, level)
        for spec in examples.specs
        for level in (levels_of(examples.features[spec.name]) if spec.kind == "categorical" else ("",))
    ]
    numeric = {spec.name for spec in examples.specs if spec.kind == "numeric"}
    model = DecisionTreeRegressor(
        max_depth=DEPTH, min_samples_leaf=max(1, int(LEAST * len(examples))), random_state=seed
    )
    matrix = _matrix(examples, columns, numeric)
    model.fit(matrix, log_odds)
    told: Floats = model.predict(_matrix(test, columns, numeric))
    return told, _node(model, 0, columns, numeric, np.isnan(matrix).any(axis=0))


def _matrix(examples: Examples, columns: list[tuple[str, str | None]], numeric: set[str]) -> np.ndarray:
    """(n, C) numbers as they are, and 1 for each cart of a category."""
    parts = []
    for name, level in columns:
        column = examples.features[name]
        if name in numeric:
            parts.append(column.to_numpy(dtype=np.float32))
        else:
            levels = as_levels(column)
            parts.append((levels.isna() if level is None else levels == level).to_numpy(dtype=np.float32))
    return np.column_stack(parts)


def _node(
    model: DecisionTreeRegressor, at: int, columns: list[tuple[str, str | None]], numeric: set[str], gaps: np.ndarray
) -> Node:
    tree = model.tree_
    risk = float(sigmoid(tree.value[at].ravel()[0]))
    share = float(tree.n_node_samples[at] / tree.n_node_samples[0])
    left, right = int(tree.children_left[at]), int(tree.children_right[at])
    if left < 0:
        return Node(risk, share)
    column = int(tree.feature[at])
    name, level = columns[column]
    low, high = (_node(model, child, columns, numeric, gaps) for child in (left, right))
    if name not in numeric:  # below one half are the carts of the other categories
        return Node(risk, share, name, level=level or "", yes=high, no=low)
    unknown = bool(tree.missing_go_to_left[at]) if gaps[column] else None
    return Node(risk, share, name, threshold=float(tree.threshold[at]), unknown=unknown, yes=low, no=high)
