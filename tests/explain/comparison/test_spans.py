"""Bands over seeds, and what of them is shown."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from explain.comparison.spans import band, span_of, span_of_scores

VALUES = st.floats(-100, 100)


@given(st.lists(st.lists(VALUES, min_size=1, max_size=5), min_size=1, max_size=4))
def test_a_band_holds_its_mean_and_ends_with_the_shortest_seed(seeds: list[list[float]]) -> None:
    points = band(seeds)
    assert [point["x"] for point in points] == list(range(1, min(map(len, seeds)) + 1))
    for point, values in zip(points, zip(*seeds, strict=False), strict=False):
        assert (point["low"], point["high"]) == (min(values), max(values))
        assert point["mean"] == np.mean(values)


def test_values_that_are_no_numbers_leave_a_gap() -> None:
    assert [point["x"] for point in band([[1.0, float("nan"), 3.0], [1.0, 2.0, float("inf")]])] == [1]
    assert band([]) == []
    assert span_of([[[float("nan")]]]) is None


def test_a_curve_that_runs_away_does_not_press_the_others_flat() -> None:
    calm, wild = [[1.0, 2.0]], [[-1e6, 1e6]]
    low, high = span_of([calm, wild], near=[calm]) or (0.0, 0.0)
    assert -2 < low < -1
    assert 4 < high < 5
    assert (span_of([calm, wild]) or (0, 0))[1] > 1e6


@given(st.lists(VALUES, min_size=1))
def test_scores_are_shown_from_the_best_and_losses_mirror_them(values: list[float]) -> None:
    low, high = span_of_scores(np.array(values), less_is_better=False)
    assert low < max(values) < high
    assert low <= np.median(values)
    assert span_of_scores(-np.array(values), less_is_better=True) == (-high, -low)
