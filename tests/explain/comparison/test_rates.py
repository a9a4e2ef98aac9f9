"""How wide the range of good learning rates is."""

import math
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explain.comparison.rate_charts import span_text
from explain.comparison.rates import TOLERANCE, Rates, rates_of
from tests.explain.comparison.results import RATE, alternative, trial


def tried(rates: Sequence[float], values: Sequence[float | None], less_is_better: bool = False) -> Rates | None:
    pairs = zip(rates, values, strict=True)
    return rates_of(alternative("one", trials=[trial({RATE: rate}, value) for rate, value in pairs]), less_is_better)


@given(st.floats(0.1, 3), st.randoms())
def test_the_span_of_a_parabola_is_where_it_is_near_its_top(width: float, random: Random) -> None:
    rates = [10.0 ** (power / 8) for power in range(-40, 41)]
    values = [1.0 - TOLERANCE * (math.log10(rate) / width) ** 2 for rate in rates]
    pairs = list(zip(rates, values, strict=True))
    random.shuffle(pairs)
    found = tried([rate for rate, _ in pairs], [value for _, value in pairs])
    assert found is not None
    assert math.log10(found.factor) == pytest.approx(2 * math.floor(8 * width + 1e-9) / 8)


def test_a_failed_or_worse_trial_ends_the_span() -> None:
    for gap in (None, 0.5):
        found = tried([1, 2, 3, 4, 5], [0.999, gap, 0.995, 1.0, 0.98])
        assert found is not None
        assert (found.rates[found.first], found.rates[found.last]) == (3, 4)


def test_of_a_loss_less_is_better() -> None:
    found = tried([1, 2, 3], [2.0, 1.005, 1.0], less_is_better=True)
    assert found is not None
    assert found.factor == 1.5
    assert found == tried([3, 2, 1], [1.0, 1.005, 2.0], less_is_better=True)


@pytest.mark.parametrize(("rates", "values"), [([], []), ([1.0], [0.6]), ([1.0, 2.0], [None, None])])
def test_without_two_rates_there_is_nothing_to_say(rates: list[float], values: list[float | None]) -> None:
    assert tried(rates, values) is None


def test_the_span_is_told_with_what_was_tried() -> None:
    wide, lone = tried([0.01, 0.1, 1], [0.6, 0.6, None]), tried([0.01, 0.1], [0.6, 0.5])
    assert wide is not None
    assert lone is not None
    assert (
        span_text(wide) == "Within 1% of its best over a factor of 10, from 0.01 to 0.1: 2 of 3 rates tried; 1 failed."
    )
    assert span_text(lone) == "Of 2 rates tried only the best, 0.01, is within 1% of its best."
