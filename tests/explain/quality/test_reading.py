import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from explain.quality.reading import auc, features_needed, largest, words


def test_features_are_counted_until_most_is_told() -> None:
    values = np.array([[8.0, -1.0, 1.0], [1.0, -1.0, 1.0], [0.0, 0.0, 0.0], [5.0, 3.0, -2.0]])
    assert_array_equal(features_needed(values), [1, 3, 0, 2])


@given(width=st.integers(1, 40), share=st.floats(0.05, 1.0))
def test_equal_features_are_needed_in_proportion(width: int, share: float) -> None:
    assert features_needed(np.full((1, width), -0.1), share)[0] == np.ceil(share * width - 1e-6)


def test_words_of_all_reasons_count() -> None:
    assert_array_equal(words([["one two", "three"], []]), [3, 0])


def test_the_largest_attributions_alone_rank_carts() -> None:
    labels = np.array([1, 1, 0, 0], dtype=np.int8)
    values = np.array([[2.0, 1.0], [3.0, 0.1], [-2.0, 0.5], [-1.0, 0.9]])
    assert_array_equal(largest(values, 1), [2, 3, -2, -1])
    assert_array_equal(largest(values, 5), values.sum(axis=1))
    assert auc(largest(values, 1), labels) == 1.0
    assert auc(largest(-values, 1), labels) == 0.0
    assert np.isnan(auc(largest(values, 1), np.ones(4, dtype=np.int8)))
