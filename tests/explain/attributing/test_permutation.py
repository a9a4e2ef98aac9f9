from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from data.errors import InputError
from data.examples import Examples
from explain.attributing.lookup import Matrix
from explain.attributing.permutation import permutation
from tests.explain.shop import carts

CARTS = carts(800)
VALUES = CARTS.features[["cart_value", "unused"]].fillna(80.0).to_numpy("float32")
ENCODED = np.column_stack([VALUES[:, 0], VALUES[:, 0] ** 2, VALUES[:, 1]])
COLUMNS = np.array([0, 0, 1])
TWO = Examples(CARTS.keys, CARTS.features[["cart_value", "unused"]], CARTS.abandoned, (CARTS.specs[0], CARTS.specs[2]))


def by_value(encoded: Matrix) -> npt.NDArray[np.float64]:
    return np.asarray(encoded[:, 0] + 0.01 * encoded[:, 1], dtype=np.float64)


def test_a_feature_the_model_does_not_use_has_no_importance() -> None:
    found = permutation(ENCODED, COLUMNS, by_value, TWO, repeats=5, seed=0)
    for metric in ("auc", "average_precision"):
        assert (found.mean[metric][1], found.low[metric][1], found.high[metric][1]) == (0.0, 0.0, 0.0)


def test_the_only_feature_used_is_worth_all_that_is_above_chance() -> None:
    found = permutation(ENCODED, COLUMNS, by_value, TWO, repeats=10, seed=0)
    gain = found.score["auc"] - 0.5
    assert found.low["auc"][0] < gain < found.high["auc"][0]
    assert found.low["auc"][0] > 0


def test_all_encoded_columns_of_a_feature_move_together() -> None:
    rows = permutation(ENCODED, COLUMNS, _consistent, TWO, repeats=2, seed=0)
    assert rows.rows == len(TWO)


def _consistent(encoded: Matrix) -> npt.NDArray[np.float64]:
    np.testing.assert_allclose(encoded[:, 1], encoded[:, 0] ** 2, rtol=1e-5)
    return by_value(encoded)


def test_fewer_carts_give_wider_intervals() -> None:
    few = permutation(ENCODED[:80], COLUMNS, by_value, TWO.take(np.arange(80)), repeats=20, seed=0)
    many = permutation(ENCODED, COLUMNS, by_value, TWO, repeats=20, seed=0)
    assert few.high["auc"][0] - few.low["auc"][0] > 1.5 * (many.high["auc"][0] - many.low["auc"][0])


def test_the_same_seed_gives_the_same_numbers() -> None:
    first, again = (permutation(ENCODED, COLUMNS, by_value, TWO, repeats=3, seed=5) for _ in range(2))
    assert first == again


def test_one_class_is_refused() -> None:
    bought = TWO.take(TWO.abandoned == 0)
    with pytest.raises(InputError, match="one class only"):
        permutation(ENCODED[TWO.abandoned == 0], COLUMNS, by_value, bought, repeats=2, seed=0)


def test_rows_without_session_and_visitor_stand_for_themselves() -> None:
    alone = TWO.keys.assign(session_id=[str(row) for row in range(len(TWO))])
    found = [
        permutation(ENCODED, COLUMNS, by_value, replace(TWO, keys=keys), repeats=3, seed=0)
        for keys in (alone, TWO.keys.assign(session_id=None, visitor_id=None))
    ]
    assert found[0] == found[1]


def test_shuffling_one_feature_leaves_the_others_alone() -> None:
    found = permutation(ENCODED, COLUMNS, lambda encoded: np.asarray(encoded[:, 2]), TWO, repeats=3, seed=0)
    assert found.mean["auc"][0] == 0.0
    assert found.mean["auc"][1] != 0.0
