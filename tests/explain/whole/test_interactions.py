import numpy as np
import pytest
from numpy.testing import assert_allclose

from explain.attributing.explanations import sigmoid
from explain.attributing.lookup import Floats
from explain.whole.interactions import h_statistics, interactions
from tests.explain.whole.boards import board, examples, random

CARTS = random(120)


def additive(x: Floats) -> Floats:
    return np.asarray(np.sin(x[:, 0]) + x[:, 2] ** 2 + x[:, 5])


def product(x: Floats) -> Floats:
    return np.asarray(x[:, 0] * x[:, 2])


def test_effects_that_add_up_have_no_h() -> None:
    for pair in h_statistics(board(CARTS, additive), (0, 1, 2)):
        assert pair.h < 1e-5
        assert pair.strength < 1e-5


def test_a_product_has_the_h_of_the_formula() -> None:
    # Partial dependences of a·b at the carts' own values: a·b, a·mean(b) and mean(a)·b, each centred.
    a, b = (CARTS.features[name].to_numpy(float) for name in "ab")
    both, first, second = (part - part.mean() for part in (a * b, a * b.mean(), a.mean() * b))
    (pair,) = h_statistics(board(CARTS, product), (0, 1))
    assert pair.strength == pytest.approx(np.sqrt(((both - first - second) ** 2).mean()), rel=1e-5)
    assert pair.h == pytest.approx(np.sqrt(((both - first - second) ** 2).sum() / (both**2).sum()), rel=1e-5)


def test_a_product_of_centred_independent_features_is_all_interaction() -> None:
    a, b = (side.ravel() for side in np.meshgrid(np.linspace(-1, 1, 11), np.linspace(-1, 1, 11)))
    (pair,) = h_statistics(board(examples(a, b), product), (0, 1))
    assert pair.h == pytest.approx(1.0, abs=1e-5)


def test_the_strongest_pair_comes_first_and_is_drawn() -> None:
    made = board(CARTS, lambda x: product(x) + 0.05 * x[:, 0] * x[:, 5] + 3 * x[:, 2], points=5)
    found = interactions(made, (0, 1, 2), made, 0.1)
    assert [pair.strength for pair in found.pairs] == sorted((pair.strength for pair in found.pairs), reverse=True)
    assert found.surface is not None
    assert {found.surface.first.name, found.surface.second.name} == {"a", "b"}


def test_a_surface_is_the_mean_risk_with_both_values_put_in() -> None:
    made = board(CARTS, lambda x: product(x) + x[:, 5], points=4)
    found = interactions(made, (0, 1), made, 0.1).surface
    assert found is not None
    blue = (CARTS.features["c"] == "blue").to_numpy(float)
    expected = [[sigmoid(float(a) * float(b) + blue).mean() for b in found.second_values] for a in found.first_values]  # type: ignore[arg-type]
    assert_allclose(found.risk, expected, atol=1e-6)
    assert np.sum(found.carts) == len(CARTS)


def test_below_the_floor_nothing_is_drawn() -> None:
    made = board(CARTS, additive)
    assert interactions(made, (0, 1), made, 0.0).surface is None
    strong = board(CARTS, product)
    assert interactions(strong, (0, 1), strong, 1.0).surface is None


def test_a_model_that_says_one_thing_of_all_has_no_h() -> None:
    (pair,) = h_statistics(board(CARTS, lambda x: 0 * x[:, 0]), (0, 1))
    assert (pair.h, pair.strength) == (0.0, 0.0)
