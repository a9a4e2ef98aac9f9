"""Carts with two numbers and a category, encoded as they are, and functions of them in closed form."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.examples import Examples
from data.feature import Feature
from explain.attributing.lookup import Floats, Matrix
from explain.whole.board import Board, make_board

SPECS = (
    Feature("a", "First", "cart"),
    Feature("b", "Second", "price"),
    Feature("c", "Colour", "item", kind="categorical"),
)
COLOURS = ("red", "green", "blue")
COLUMNS = np.array([0, 0, 1, 2, 2, 2])
"""Of `encode`: the first number and whether it is unknown, the second number, and a column for each colour."""


def examples(a: npt.ArrayLike, b: npt.ArrayLike, c: list[str | None] | None = None) -> Examples:
    first = np.asarray(a, dtype=np.float32)
    count = len(first)
    colours = c or [COLOURS[i % 3] for i in range(count)]
    features = pd.DataFrame({"a": first, "b": np.asarray(b, dtype=np.float32), "c": pd.Series(colours, dtype=object)})
    keys = pd.DataFrame(
        {
            "session_id": [f"s{i}" for i in range(count)],
            "visitor_id": [f"v{i}" for i in range(count)],
            "decision_point": pd.array([0] * count, dtype="Int32"),
            "ts": pd.Timestamp("2024-05-01", tz="UTC"),
        }
    )
    return Examples(keys, features, np.arange(count).astype(np.int8) % 2, SPECS)


def random(count: int, seed: int = 0, correlation: float = 0.0) -> Examples:
    generator = np.random.default_rng(seed)
    a = generator.normal(size=count)
    b = correlation * a + np.sqrt(1 - correlation**2) * generator.normal(size=count)
    return examples(a, b, generator.choice(np.array(COLOURS, dtype=object), count).tolist())


def encode(carts: Examples) -> Matrix:
    a = carts.features["a"]
    parts = [a.fillna(0.0), a.isna(), carts.features["b"], *(carts.features["c"] == colour for colour in COLOURS)]
    return np.column_stack([part.to_numpy(dtype=np.float32) for part in parts])


def board(
    carts: Examples, function: Callable[[Floats], Floats], features: tuple[int, ...] = (0, 1, 2), points: int = 10
) -> Board:
    """A board whose log-odds are a function of the encoded columns (n, 6)."""
    return make_board(carts, encode, COLUMNS, lambda rows: function(rows.astype(np.float64)), features, points)


def of_risk(function: Callable[[Floats], Floats]) -> Callable[[Floats], Floats]:
    """The log-odds of a function of the encoded columns that gives a risk."""
    return lambda rows: np.asarray(np.log(function(rows)) - np.log1p(-function(rows)))
