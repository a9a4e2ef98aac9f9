import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from explain.quality.fidelity import faithfulness, fidelity, removal_order, row_correlation
from tests.explain.quality.linear import FEATURES, carts, shuffled

SEEDS = st.integers(0, 10_000)


@given(seed=SEEDS)
def test_a_linear_models_deletion_curve_is_its_terms_taken_off_one_by_one(seed: int) -> None:
    shop, values = carts(seed=seed)
    deletion, insertion = fidelity(shop, values, orders=1, seed=0)
    side = np.where(values.sum(axis=1) >= 0, 1.0, -1.0)[:, None]
    ordered = -np.sort(-values * side, axis=1)
    start = np.zeros((len(values), 1))
    gained = np.concatenate([start, ordered.cumsum(axis=1)], axis=1)
    assert_allclose(deletion.guided, gained[:, -1:] - gained, atol=1e-5)
    assert_allclose(insertion.guided, gained, atol=1e-5)


@given(seed=SEEDS)
def test_no_order_beats_the_terms_of_a_linear_model(seed: int) -> None:
    shop, values = carts(seed=seed)
    deletion, insertion = fidelity(shop, values, orders=1, seed=seed)
    (deleted, by_chance), (inserted, put_by_chance) = deletion.areas(), insertion.areas()
    assert (deleted <= by_chance + 1e-6).all()
    assert (inserted >= put_by_chance - 1e-6).all()


def test_deletion_falls_to_the_typical_cart_and_insertion_rises_from_it() -> None:
    shop, values = carts()
    distance = np.abs(shop.predict(shop.encoded) - shop.predict(shop.background).mean())
    deletion, insertion = fidelity(shop, values, orders=2, seed=0)
    for curve in (deletion.guided, deletion.random, insertion.guided[:, ::-1], insertion.random[:, ::-1]):
        assert_allclose(curve[:, 0], distance, atol=1e-6)
        assert_allclose(curve[:, -1], 0.0, atol=1e-6)


def test_a_known_curve_has_its_area() -> None:
    shop, values = carts(count=1)
    deletion, _ = fidelity(shop, values, orders=1, seed=0)
    assert_allclose(deletion.areas()[0], np.trapezoid(deletion.guided, dx=1 / FEATURES, axis=1))


def test_the_order_begins_with_what_supports_the_prediction() -> None:
    order = removal_order(np.array([[3.0, -1.0, 0.5], [1.0, -4.0, 0.5]]), np.array([1.0, -1.0]))
    assert order.tolist() == [[0, 2, 1], [1, 2, 0]]


@given(seed=SEEDS)
def test_a_linear_models_terms_are_perfectly_faithful_and_their_opposite_perfectly_wrong(seed: int) -> None:
    shop, values = carts(seed=seed)
    assert_allclose(faithfulness(shop, values, subsets=20, seed=seed), 1.0, atol=1e-6)
    assert_allclose(faithfulness(shop, -values, subsets=20, seed=seed), -1.0, atol=1e-6)


@given(seed=SEEDS)
def test_wrong_attributions_score_worse(seed: int) -> None:
    shop, values = carts(count=60, seed=seed)
    wrong = shuffled(values, seed)
    good, bad = (fidelity(shop, found, orders=2, seed=0) for found in (values, wrong))
    assert good[0].areas()[0].mean() < bad[0].areas()[0].mean()
    assert good[1].areas()[0].mean() > bad[1].areas()[0].mean()
    assert faithfulness(shop, values, 20, 0).mean() > faithfulness(shop, wrong, 20, 0).mean() + 0.3


def test_the_same_seed_gives_the_same_and_another_another() -> None:
    shop, values = carts()
    first, again, other = (fidelity(shop, values, orders=1, seed=seed)[0].random for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_a_constant_row_has_no_correlation() -> None:
    found = row_correlation(np.array([[1.0, 1.0], [1.0, 2.0]]), np.array([[1.0, 2.0], [1.0, 3.0]]))
    assert np.isnan(found[0])
    assert found[1] == 1.0
