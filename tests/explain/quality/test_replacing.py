import numpy as np
import pytest
from numpy.testing import assert_allclose

from explain.quality import replacing
from tests.explain.quality.linear import COLUMNS, FEATURES, carts


def test_nothing_replaced_is_the_cart_and_all_replaced_is_the_typical_cart() -> None:
    shop, _ = carts()
    rows = np.arange(len(shop))
    none = np.zeros((len(rows), FEATURES), dtype=bool)
    assert_allclose(shop.replaced(rows, none), shop.predict(shop.encoded))
    assert_allclose(shop.replaced(rows, ~none), shop.predict(shop.background).mean())


def test_a_feature_takes_all_its_columns_along() -> None:
    shop, _ = carts()
    mixed = np.repeat(shop.encoded[:1], len(shop.background), axis=0)
    mixed[:, COLUMNS == 1] = shop.background[:, COLUMNS == 1]
    found = shop.replaced(np.array([0]), np.arange(FEATURES)[None] == 1)
    assert_allclose(found, shop.predict(mixed).mean())


def test_small_batches_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    shop, _ = carts()
    chance = np.random.default_rng(0)
    rows, features = chance.integers(0, len(shop), 50), chance.random((50, FEATURES)) < 0.5
    whole = shop.replaced(rows, features)
    monkeypatch.setattr(replacing, "ROWS", 3 * len(shop.background))
    assert_allclose(shop.replaced(rows, features), whole)
