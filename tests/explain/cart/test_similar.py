import numpy as np
import pandas as pd
import pytest

from data.examples import Examples
from data.feature import Feature
from explain.attributing.explanations import Attributions
from explain.cart.similar import Pool, similar_carts

SPECS = (Feature("a", "A", "cart"), Feature("b", "B", "cart"), Feature("c", "C", "cart"))


def made(values: list[list[float]], sessions: list[str | None], abandoned: list[int]) -> Pool:
    """Carts whose SHAP values are ten times their features."""
    features = pd.DataFrame(values, columns=["a", "b", "c"]).astype("float32")
    keys = pd.DataFrame({
        "session_id": pd.array(sessions, dtype="string"), "visitor_id": "v",
        "decision_point": pd.array(range(len(values)), dtype="Int32"), "ts": pd.Timestamp("2025-01-01", tz="UTC"),
    })  # fmt: skip
    examples = Examples(keys, features, np.array(abandoned, dtype=np.int8), SPECS)
    return Pool(examples, Attributions(10 * np.array(values, dtype=float), 0.0, SPECS, (0.0, 0.0, 0.0), 0.0))


POOL = made(
    [[0.1, 0.0, 0.0], [0.0, 0.2, 0.05], [0.3, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.4], [0.0, 0.0, 0.0]],
    ["own", "near", "near", "same end", "far", None],
    [0, 0, 0, 1, 0, 0],
)
CART = made([[0.0, 0.0, 0.0]], ["own"], [1]).examples


def test_the_nearest_of_each_other_session_that_ended_otherwise_comes_first() -> None:
    found = similar_carts(CART, np.zeros(3), POOL, 5)
    assert [one.session_id for one in found] == [None, "near", "far"]
    assert [one.distance for one in found] == pytest.approx([0.0, 10 * np.hypot(0.2, 0.05), 4.0])
    assert not any(one.abandoned for one in found)
    assert len(similar_carts(CART, np.zeros(3), POOL, 1)) == 1


def test_what_differs_is_told_by_weight_and_equal_values_are_not() -> None:
    same, near, _ = similar_carts(CART, np.zeros(3), POOL, 5)
    assert same.differences == ()
    assert [(one.title, one.here, one.there) for one in near.differences] == [("B", "0", "0.2"), ("C", "0", "0.05")]
    assert [one.log_odds for one in near.differences] == pytest.approx([2.0, 0.5])
    assert near.probability == pytest.approx(1 / (1 + np.exp(-2.5)))


def test_there_may_be_none() -> None:
    alike = made([[0.0, 0.0, 0.0]], ["other"], [1])
    assert similar_carts(CART, np.zeros(3), alike, 3) == ()
