import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from explain.quality.agreement import cart_spearman, feature_spearman, mean, pairwise, top_jaccard
from tests.explain.quality.linear import carts, shuffled

_, VALUES = carts(count=50)


@given(factor=st.floats(0.1, 10))
def test_equal_explanations_agree_wholly_whatever_their_scale(factor: float) -> None:
    assert_allclose(cart_spearman(VALUES, factor * VALUES), 1.0)
    assert feature_spearman(VALUES, -factor * VALUES) == pytest.approx(1.0)
    assert top_jaccard(VALUES, factor * VALUES, top=3) == 1.0
    assert pairwise([VALUES, VALUES, VALUES]) == pytest.approx((1.0, 1.0))


def test_opposite_explanations_disagree_wholly() -> None:
    assert_allclose(cart_spearman(VALUES, -VALUES), -1.0)
    sizes = np.array([[6.0, 5.0, 4.0, 3.0, 2.0, 1.0]])
    assert feature_spearman(sizes, sizes[:, ::-1]) == pytest.approx(-1.0)
    assert top_jaccard(sizes, sizes[:, ::-1], top=3) == 0.0
    assert top_jaccard(sizes, sizes[:, ::-1], top=4) == pytest.approx(2 / 6)


def test_shuffled_explanations_agree_less() -> None:
    told = [shuffled(VALUES, seed) for seed in range(3)]
    assert pairwise(told)[0] < 0.2
    assert mean(cart_spearman(VALUES, told[0])) < 0.2
    assert feature_spearman(VALUES, told[0]) < 1.0


def test_carts_without_an_order_are_left_out_of_the_mean() -> None:
    flat = np.array([[1.0, 1.0], [1.0, 2.0]])
    assert mean(cart_spearman(flat, np.array([[1.0, 2.0], [1.0, 2.0]]))) == 1.0
    assert np.isnan(mean(np.array([np.nan])))
