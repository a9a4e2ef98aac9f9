"""Examples whose true probabilities are known."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.examples import Examples
from data.feature import Feature

SPECS = (
    Feature("cart_value", "Cart value", "cart", unit="currency"),
    Feature("n_views", "Views", "session", unit="events"),
    Feature("hour", "Hour", "time", unit="hour"),
    Feature("visitor_sessions", "Earlier sessions", "visitor"),
    Feature("category", "Category", "item", kind="categorical"),
)


def truth(examples: Examples) -> npt.NDArray[np.float64]:
    """The probability by which `carts` drew the labels."""
    frame = examples.features
    views = np.log1p(frame["n_views"].fillna(4.0).to_numpy(np.float64))
    logit = 1.5 - 0.9 * views + 0.8 * (frame["cart_value"].to_numpy(np.float64) > 50)
    logit += frame["category"].map({"shoes": 1.0, "books": -1.0}).fillna(0.0).to_numpy(np.float64)
    probability: npt.NDArray[np.float64] = 1 / (1 + np.exp(-logit))
    return probability


def carts(n: int, seed: int) -> Examples:
    """n examples, two to a session, with gaps in `n_views` and `category`."""
    generator = np.random.default_rng(seed)
    views = generator.poisson(generator.gamma(2.0, 3.0, n)).astype(np.float32)
    views[generator.random(n) < 0.1] = np.nan
    words = generator.choice(np.array(["shoes", "books", "toys", None], dtype=object), n, p=[0.3, 0.3, 0.3, 0.1])
    features = pd.DataFrame(
        {
            "cart_value": np.exp(generator.normal(4, 0.6, n)).astype(np.float32),
            "n_views": views,
            "hour": generator.integers(0, 24, n).astype(np.float32),
            "visitor_sessions": generator.integers(0, 3, n).astype(np.float32),
            "category": pd.Series(words, dtype=object),
        }
    )
    rows = np.arange(n)
    keys = pd.DataFrame(
        {
            "session_id": [f"s{seed}-{row // 2}" for row in rows],
            "visitor_id": [f"v{seed}-{row // 4}" for row in rows],
            "decision_point": pd.array(rows % 2, dtype="Int32"),
            "ts": pd.Timestamp("2026-01-01"),
        }
    )
    examples = Examples(keys, features, np.zeros(n, np.int8), SPECS)
    labels = (generator.random(n) < truth(examples)).astype(np.int8)
    return Examples(keys, features, labels, SPECS)


def numbers_only(examples: Examples) -> Examples:
    """The same without the categorical feature."""
    specs = tuple(spec for spec in examples.specs if spec.kind == "numeric")
    return Examples(examples.keys, examples.features[[s.name for s in specs]], examples.abandoned, specs)
