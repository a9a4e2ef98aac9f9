"""A schedule comes up when cron would, on the days when clocks are changed too."""

import pickle
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.scheduling.clock import ClockTrigger, next_times
from pipeline.scheduling.cron import parse_cron

BERLIN = "Europe/Berlin"
SPRING, AUTUMN = datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)


def trigger(cron: str, zone: str = BERLIN) -> ClockTrigger:
    return ClockTrigger(parse_cron(cron), ZoneInfo(zone))


def times(cron: str, start: datetime, count: int, zone: str = BERLIN) -> list[str]:
    return [f"{moment:%a %d %H:%M%z}" for moment in islice(next_times(trigger(cron, zone), start), count)]


@pytest.mark.parametrize("sunday", ["0", "7", "sun"])
def test_sunday_is_sunday(sunday: str) -> None:
    assert times(f"0 12 * * {sunday}", datetime(2026, 6, 1, tzinfo=UTC), 2) == [
        "Sun 07 12:00+0200",
        "Sun 14 12:00+0200",
    ]


def test_one_is_monday() -> None:
    assert times("0 4 * * 1", datetime(2026, 6, 1, tzinfo=UTC), 2) == ["Mon 01 04:00+0200", "Mon 08 04:00+0200"]


@pytest.mark.parametrize(
    ("cron", "start", "expected"),
    [
        ("30 2 * * *", SPRING, ["Sun 29 03:00+0200", "Mon 30 02:30+0200"]),
        ("30 2 * * 0", SPRING, ["Sun 29 03:00+0200", "Sun 05 02:30+0200"]),
        ("0,30 2,3 * * *", SPRING, ["Sun 29 03:00+0200", "Sun 29 03:30+0200", "Mon 30 02:00+0200"]),
        ("0 1,4 * * *", SPRING, ["Sun 29 01:00+0100", "Sun 29 04:00+0200"]),
        ("30 * * * *", SPRING + timedelta(hours=12), ["Sun 29 01:30+0100", "Sun 29 03:30+0200", "Sun 29 04:30+0200"]),
        ("30 2 * * *", AUTUMN, ["Sun 25 02:30+0200", "Mon 26 02:30+0100"]),
        ("30 2 * * *", AUTUMN + timedelta(hours=13, minutes=10), ["Mon 26 02:30+0100", "Tue 27 02:30+0100"]),
        ("0,30 2 * * *", AUTUMN, ["Sun 25 02:00+0200", "Sun 25 02:30+0200", "Mon 26 02:00+0100"]),
        ("30 2,3 * * *", AUTUMN, ["Sun 25 02:30+0200", "Sun 25 03:30+0100"]),
        ("30 * * * *", AUTUMN + timedelta(hours=12), ["Sun 25 02:30+0200", "Sun 25 02:30+0100", "Sun 25 03:30+0100"]),
    ],
)
def test_a_time_leapt_over_comes_at_once_and_one_that_comes_twice_once(
    cron: str, start: datetime, expected: list[str]
) -> None:
    assert times(cron, start, len(expected)) == expected


@pytest.mark.parametrize(
    ("zone", "cron", "start", "expected"),
    [
        ("Australia/Lord_Howe", "10 2 * * *", datetime(2026, 10, 3, tzinfo=UTC), ["Sun 04 02:30+1100"]),
        (
            "Pacific/Apia",
            "0 12 * * *",
            datetime(2011, 12, 29, 23, tzinfo=UTC),
            ["Sat 31 00:00+1400", "Sat 31 12:00+1400"],
        ),
        ("Asia/Kolkata", "0 4 * * *", datetime(2026, 6, 1, tzinfo=UTC), ["Tue 02 04:00+0530"]),
        ("UTC", "0 0 29 2 *", datetime(2026, 6, 1, tzinfo=UTC), ["Tue 29 00:00+0000", "Sun 29 00:00+0000"]),
    ],
)
def test_other_zones(zone: str, cron: str, start: datetime, expected: list[str]) -> None:
    assert times(cron, start, len(expected), zone) == expected


@given(
    cron=st.sampled_from(
        [
            "30 2 * * *",
            "*/20 1-3 * * *",
            "5 * * * *",
            "0 4 * * 1",
            "0 3 1,25 * 5",
            "59 23 * * *",
            "0 0 31 * *",
            "7 */6 * * 0",
        ]
    ),
    zone=st.sampled_from([BERLIN, "UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]),
    start=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
)
@settings(max_examples=60)
def test_times_rise_and_show_on_the_clock_what_the_expression_says(cron: str, zone: str, start: datetime) -> None:
    clock, found = trigger(cron, zone), parse_cron(cron)
    before = start - timedelta(seconds=1)
    for moment in islice(next_times(clock, start), 12):
        assert moment.astimezone(UTC) > before
        shown = (moment.minute in found.minutes, moment.hour in found.hours)
        leapt = moment.utcoffset() != (moment.astimezone(UTC) - timedelta(minutes=1)).astimezone(clock.zone).utcoffset()
        assert shown == (True, True) or leapt
        before = moment.astimezone(UTC)


@given(start=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)))
@settings(max_examples=60)
def test_a_daily_time_comes_once_a_day(start: datetime) -> None:
    days = [moment.date() for moment in islice(next_times(trigger("30 2 * * *"), start), 5)]
    assert [after - before for before, after in pairwise(days)] == [timedelta(days=1)] * 4


def test_the_store_can_keep_it() -> None:
    kept = pickle.loads(pickle.dumps(trigger("30 2 * * 1")))  # noqa: S301
    assert str(kept) == str(trigger("30 2 * * mon")) != str(trigger("30 2 * * 2"))
    assert next(next_times(kept, SPRING)) == next(next_times(trigger("30 2 * * 1"), SPRING))
