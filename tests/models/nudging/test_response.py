"""How carts respond to a nudge, by one rate and by segments."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from data.errors import InputError
from models.config import CostConfig, SegmentConfig
from models.nudging.response import rescued_share, segment_of, share_of_shift
from tests.models.tables import carts, numbers_only, truth

EXAMPLES = carts(300, 5)


def segments(*pairs: tuple[str, float]) -> CostConfig:
    return CostConfig(rescue_rate=0.2, segments=tuple(SegmentConfig(where=w, shift=s) for w, s in pairs))


@given(p=st.floats(1e-6, 1 - 1e-6), shift=st.floats(0, 8))
def test_the_share_rescued_is_that_of_lower_log_odds(p: float, shift: float) -> None:
    share = float(share_of_shift(np.array([p]), shift)[0])
    assert share == pytest.approx(1 - expit(logit(p) - shift) / p, abs=1e-8)


def test_a_cart_that_is_lost_for_sure_is_not_rescued_and_no_shift_rescues_none() -> None:
    np.testing.assert_allclose(share_of_shift(np.array([1.0, 0.999999]), 0.5), 0.0, atol=1e-5)
    assert (share_of_shift(np.linspace(0, 1, 9), 0.0) == 0).all()


def test_the_first_segment_that_fits_counts_and_the_rate_holds_elsewhere() -> None:
    costs = segments(("cart_value > 80", 0.9), ("cart_value > 50", 0.4))
    value, p = EXAMPLES.features["cart_value"].to_numpy(), truth(EXAMPLES)
    expected = np.where(value > 80, 0, np.where(value > 50, 1, -1))
    np.testing.assert_array_equal(segment_of(EXAMPLES, costs), expected)
    share = rescued_share(p, EXAMPLES, costs)
    np.testing.assert_array_equal(share[expected < 0], 0.2)
    np.testing.assert_allclose(share[expected == 0], share_of_shift(p[expected == 0], 0.9))
    assert {-1, 0, 1} == set(expected)


def test_without_segments_everybody_responds_alike() -> None:
    assert set(rescued_share(truth(EXAMPLES), EXAMPLES, CostConfig(rescue_rate=0.3))) == {0.3}


def test_of_what_is_promised_a_share_comes_in_and_never_more_than_all_are_rescued() -> None:
    costs, p = segments(("cart_value > 80", 0.9), ("cart_value > 50", 0.4)), truth(EXAMPLES)
    promised = rescued_share(p, EXAMPLES, costs)
    for comes_in in (0.5, 1.1, 40.0):
        share = rescued_share(p, EXAMPLES, costs.model_copy(update={"realization": comes_in}))
        np.testing.assert_allclose(share, np.minimum(comes_in * promised, 1.0))


def test_a_condition_on_nothing_known_names_the_setting() -> None:
    with pytest.raises(InputError, match=r"`costs.segments` `where` should name columns.*Did you mean `cart_value`"):
        rescued_share(truth(EXAMPLES), EXAMPLES, segments(("cart_values > 80", 0.9)))


def test_columns_of_numbers_say_the_same_as_examples() -> None:
    plain = numbers_only(EXAMPLES)
    numbers = {str(name): column.to_numpy() for name, column in plain.features.items()}
    costs = segments(("n_views > 4 and not hour < 6", 0.9), ("n_views is null", 0.2), ("cart_value > 50", 0.4))
    found = segment_of(numbers, costs)
    np.testing.assert_array_equal(found, segment_of(plain, costs))
    assert set(found) == {-1, 0, 1, 2}
