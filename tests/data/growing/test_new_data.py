"""A new part that is like the log is accepted; one that is not is refused for what is wrong with it alone."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest

from data.config import DemoConfig, EngineConfig, NewDataConfig
from data.contract import COLUMNS
from data.demo import simulate
from data.engine import engine, read_parquet
from data.growing.log_profile import profile, together
from data.growing.new_data import Check, check_new, check_volume, refusal

NOW = datetime(2025, 4, 2)
RULES = NewDataConfig()


@cache
def weeks() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Three weeks of a shop, and the one after."""
    events = simulate(DemoConfig(sessions=3000, days=28)).events
    events = events.assign(session_id=pd.array([None] * len(events), dtype="str"), row=np.arange(len(events)) + 1)
    events = events[list(COLUMNS)]
    cut = events["ts"].min().normalize() + timedelta(days=21)
    return events[events["ts"] < cut], events[events["ts"] >= cut]


@contextmanager
def tables(*frames: pd.DataFrame) -> Iterator[list[ibis.Table]]:
    """Frames as tables of one engine."""
    with tempfile.TemporaryDirectory() as folder, engine(EngineConfig(), Path(folder)) as backend:
        files = [Path(folder) / f"{place}.parquet" for place in range(len(frames))]
        for frame, file in zip(frames, files, strict=True):
            frame.to_parquet(file, index=False)
        yield [read_parquet(backend, file) for file in files]


def found(part: pd.DataFrame, rules: NewDataConfig = RULES, now: datetime = NOW) -> dict[str, Check]:
    with tables(weeks()[0], part) as (before, after):
        checks = check_new(before, after, rules, now)
        checks += check_volume(profile(before), profile(after), rules)
    return {check.name: check for check in checks}


def broken(part: pd.DataFrame, rules: NewDataConfig = RULES, now: datetime = NOW) -> list[str]:
    return [name for name, check in found(part, rules, now).items() if not check.passed]


def moved(part: pd.DataFrame, **change: float) -> pd.DataFrame:
    return part.assign(ts=part["ts"] + timedelta(**change))


def test_a_week_like_the_ones_before_breaks_no_rule() -> None:
    checks = found(weeks()[1])
    assert [name for name, check in checks.items() if not check.passed] == []
    assert refusal(list(checks.values())) is None
    assert {"time span", "price level", "hours of the day", "events a day", "share of purchase events"} <= set(checks)


FAULTS: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], list[str]]] = {
    "prices in cents": (lambda part: part.assign(price=part["price"] * 100), ["price level"]),
    "prices in thousands": (lambda part: part.assign(price=part["price"] / 1000), ["price level"]),
    "no purchases": (lambda part: part[part["event"] != "purchase"], ["share of purchase events"]),
    "no prices": (lambda part: part.assign(price=np.nan), ["price unknown"]),
    "a wrong zone": (lambda part: moved(part, hours=6), ["hours of the day"]),
    "the wrong year": (lambda part: moved(part, days=364), ["time span"]),
    "milliseconds taken for seconds": (lambda part: moved(part, days=-20000), ["time span"]),
    "one row in ten": (lambda part: part.iloc[::10], ["events a day"]),
    "ten times as many": (lambda part: pd.concat([part] * 10), ["events a day"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refused_for_what_it_is(fault: str) -> None:
    make, names = FAULTS[fault]
    assert broken(make(weeks()[1])) == names


def test_a_rise_in_prices_and_a_change_of_season_are_no_faults() -> None:
    part = weeks()[1]
    assert broken(part.assign(price=(part["price"] * 1.15).round(2))) == []
    assert broken(moved(part, hours=1)) == []
    halved = part[(np.arange(len(part)) % 2 == 0) | (part["event"] != "purchase")]
    assert broken(halved) == []


def test_a_few_strays_are_within_the_share_and_the_limits_are_settings() -> None:
    part = weeks()[1].copy()
    part.iloc[:3, list(part).index("ts")] = pd.Timestamp("2199-01-01")
    assert broken(part) == []
    assert broken(part, NewDataConfig(max_stray_share=0.0)) == ["time span"]
    dear = weeks()[1].assign(price=weeks()[1]["price"] * 3)
    assert broken(dear, NewDataConfig(max_price_ratio=3.1)) == []
    assert "`retrain.data.max_price_ratio`" in found(dear)["price level"].sentence


def test_of_a_handful_of_events_little_is_said() -> None:
    assert set(found(weeks()[1].head(20))) == {"time span", "category unknown", "price unknown", "quantity unknown"}


def test_profiles_of_parts_add_up_to_that_of_the_whole() -> None:
    with tables(*weeks(), pd.concat(weeks())) as found:
        one, other, both = map(profile, found)
    added = together([other, one])
    assert (added.events, added.first, added.last) == (both.events, both.first, both.last)
    assert (added.kinds, added.known, added.days) == (both.kinds, both.known, both.days)
    np.testing.assert_array_equal(added.hours, both.hours)
    assert sum(both.days.values()) == both.hours.sum() == both.events == len(pd.concat(weeks()))
    assert len(both.whole_days) == 26
