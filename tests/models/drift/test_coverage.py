"""Windows of any length are compared at the same hours of the week: other days are no drift, a change of habits is."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.examples import Examples
from data.feature import Feature
from models.config import RetrainConfig
from models.drift.coverage import HOURS, at_same_hours, effective
from models.drift.distance import categorical_bins, kolmogorov_smirnov, numeric_bins, psi
from models.drift.drift import Drift, measure_drift

MONDAY = pd.Timestamp("2026-03-02")
CONFIG = RetrainConfig()
SPECS = (
    Feature("weekday", "Day of the week", "time", unit="day"),
    Feature("hour", "Hour of the day", "time", unit="hour"),
    Feature("cart_value", "Cart value", "cart", unit="currency"),
    Feature("category", "Category", "item", kind="categorical"),
)
A_DAY = 500
Rates = npt.NDArray[np.float64]


def usual() -> Rates:
    """(168,) sessions an hour of a shop that is busy in the evenings, later at weekends, and on Saturdays above all."""
    hour, day = np.arange(HOURS) % 24, np.arange(HOURS) // 24
    evening = np.exp(-(((hour - np.where(day < 5, 19, 14)) / 4.0) ** 2)) + 0.15
    rates: Rates = evening * np.array([1.0, 0.6, 0.8, 0.8, 1.2, 3.0, 2.0])[day]
    rates *= 7 * A_DAY / rates.sum()
    return rates


def shop(first_hour: int, hours: int, seed: int, rates: Rates | None = None, dearer: float = 1.0) -> Examples:
    """One example a session of a shop, from some hour on: at weekends carts are dearer, and of other things."""
    rates, rng = usual() if rates is None else rates, np.random.default_rng(seed)
    span = np.arange(first_hour, first_hour + hours)
    at = np.repeat(span, rng.poisson(rates[span % HOURS])) + 0.0
    at += rng.random(len(at))
    day, hour = (at % HOURS // 24).astype(int), (at % 24).astype(int)
    weekend = day >= 5
    words = np.where(rng.random(len(at)) < np.where(weekend, 0.8, 0.3), "toys", "tools")
    features = pd.DataFrame(
        {
            "weekday": day.astype(np.float32),
            "hour": hour.astype(np.float32),
            "cart_value": (dearer * np.exp(rng.normal(3 + 0.8 * weekend, 0.5))).astype(np.float32),
            "category": words.astype(object),
        }
    )
    keys = pd.DataFrame(
        {
            "session_id": [f"{seed}-{row}" for row in range(len(at))],
            "visitor_id": "v",
            "decision_point": 0,
            "ts": MONDAY + pd.to_timedelta(at, unit="h"),
        }
    )
    return Examples(keys, features, rng.integers(0, 2, len(at)).astype(np.int8), SPECS)


def drift_of(reference: Examples, current: Examples) -> Drift:
    return measure_drift(reference, current, CONFIG)


def states(drift: Drift) -> dict[str, str]:
    return {one.feature: one.state for one in drift.features}


LENGTHS = st.integers(3 * 24, 20 * 24)
SPANS = st.tuples(st.integers(0, HOURS - 1), st.integers(8 * 24, 40 * 24), LENGTHS, st.integers(0, 10**6))


@settings(max_examples=60, deadline=None)
@given(SPANS)
def test_a_shop_without_drift_gives_no_alarm_at_any_window_of_3_to_20_days(span: tuple[int, int, int, int]) -> None:
    start, before, length, seed = span
    drift = drift_of(shop(start, before, seed), shop(start + before, length, seed + 1))
    assert drift.state == "stable", states(drift)
    assert drift.compared == 1.0


def later(rates: Rates) -> Rates:
    return np.roll(rates.reshape(7, 24), 5, axis=1).ravel()


def other_days(rates: Rates) -> Rates:
    changed: Rates = (rates.reshape(7, 24) * np.array([3.0, 3.0, 1.0, 1.0, 1.0, 0.3, 0.3])[:, None]).ravel()
    return changed


@settings(max_examples=30, deadline=None)
@given(SPANS, st.sampled_from([("hour", later, 3), ("weekday", other_days, 7)]))
def test_a_change_of_habits_at_the_same_hours_is_an_alarm(
    span: tuple[int, int, int, int], change: tuple[str, Callable[[Rates], Rates], int]
) -> None:
    start, before, length, seed = span
    feature, changed, days = change
    current = shop(start + before, max(length, 24 * days), seed + 1, changed(usual()))
    assert states(drift_of(shop(start, before, seed), current))[feature] != "stable"


@settings(max_examples=30, deadline=None)
@given(SPANS)
def test_what_weekends_bring_does_not_hide_a_rise_in_prices(span: tuple[int, int, int, int]) -> None:
    start, before, length, seed = span
    drift = drift_of(shop(start, before, seed), shop(start + before, length, seed + 1, dearer=1.6))
    assert {name: state for name, state in states(drift).items() if state != "stable"}.keys() == {"cart_value"}


def test_hours_that_the_reference_does_not_have_are_left_out_and_none_in_common_is_no_alarm() -> None:
    week = [shop(day * 24, 24, day) for day in range(7)]
    working, sunday = shop(0, 5 * 24, 10), week[6]
    part = drift_of(working, shop(3 * 24, 4 * 24, 11))  # Thursday to Sunday
    friday = A_DAY * np.array([0.8, 1.2]).sum() / np.array([0.8, 1.2, 3.0, 2.0]).sum() / A_DAY
    assert part.compared == pytest.approx(friday, abs=0.05)
    assert part.state == "stable"
    none = drift_of(working, sunday)
    assert (none.compared, none.state) == (0.0, "stable")
    assert max(one.psi for one in none.features) > CONFIG.psi_alert


WHEN = st.lists(st.integers(0, 60 * 24), min_size=1, max_size=40)


@settings(deadline=None)
@given(WHEN, WHEN)
def test_weights_are_how_often_hours_come_up(reference: list[int], current: list[int]) -> None:
    times = [pd.Series(MONDAY + pd.to_timedelta(one, unit="h")) for one in (reference, current)]
    weights, kept = at_same_hours(*times)
    spans = [range(min(one), max(one) + 1) for one in (reference, current)]
    often = [[sum(hour % HOURS == cell for hour in span) for cell in range(HOURS)] for span in spans]
    for hour, weight in zip(reference, weights, strict=True):
        assert weight == pytest.approx(often[1][hour % HOURS] / often[0][hour % HOURS])
    assert kept.tolist() == [often[0][hour % HOURS] > 0 for hour in current]


def test_unknown_times_weigh_the_same() -> None:
    some = pd.Series([MONDAY, pd.NaT])
    weights, kept = at_same_hours(some, pd.Series([MONDAY] * 3))
    assert (weights.tolist(), kept.tolist()) == ([1.0, 1.0], [True] * 3)


VALUES = st.lists(st.sampled_from([np.nan, -1.0, 0.0, 0.5, 2.0, 3.0]), min_size=1, max_size=30)


@settings(deadline=None)
@given(VALUES, VALUES, st.data())
def test_a_weight_is_a_row_that_is_there_so_often(one: list[float], other: list[float], data: st.DataObject) -> None:
    times = np.array(data.draw(st.lists(st.integers(1, 4), min_size=len(one), max_size=len(one))))
    reference, current = np.array(one), np.array(other)
    weighed, repeated = (
        numeric_bins(reference, current, times.astype(float)),
        numeric_bins(np.repeat(reference, times), current),
    )
    assert weighed.labels == repeated.labels
    assert psi(weighed.reference, weighed.current) == pytest.approx(psi(repeated.reference, repeated.current))
    words, others = (pd.Series([None if np.isnan(x) else str(x) for x in side], dtype=object) for side in (one, other))
    bins = categorical_bins(words, others, times.astype(float))
    again = categorical_bins(words.iloc[np.repeat(np.arange(len(one)), times)], others)
    assert (bins.labels, bins.reference.tolist()) == (again.labels, again.reference.tolist())
    distances = [
        kolmogorov_smirnov(reference, current, (9, 9), times.astype(float))[0],
        kolmogorov_smirnov(np.repeat(reference, times), current, (9, 9))[0],
    ]
    assert distances[0] == pytest.approx(distances[1])
    assert effective(np.full(5, 0.3)) == pytest.approx(5)
    assert 1 <= effective(times.astype(float)) <= len(times) + 1e-9
