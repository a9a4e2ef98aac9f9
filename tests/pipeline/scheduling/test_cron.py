"""Expressions mean what cron(8) says."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from pipeline.scheduling.cron import FIELDS, Cron, parse_cron


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("0 4 * * 1", "0 4 * * 1"),
        ("0 4 * * 7", "0 4 * * 0"),
        ("0 4 * * sun", "0 4 * * 0"),
        ("0 4 * * 5-7", "0 4 * * 0,5,6"),
        ("0 4 * * Mon-Fri", "0 4 * * 1-5"),
        ("*/15 8-18/2 1,15 JAN,jul *", "0,15,30,45 8,10,12,14,16,18 1,15 1,7 *"),
        ("  0\t4  * * *", "0 4 * * *"),
        ("0,0,0 4 * * *", "0 4 * * *"),
        ("0-59 0-23 1-31 1-12 *", "* * * * *"),
        ("0 4 1 * 0-6", "0 4 * * *"),
        ("0 4 */2 * *", "0 4 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31 * *"),
    ],
)
def test_an_expression_is_written_plainly(text: str, plain: str) -> None:
    assert str(parse_cron(text)) == plain


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("0 4 * *", ["five fields", "which has 4"]),
        ("@weekly", ["five fields", "which has 1"]),
        ("0 0 4 * * 1", ["which has 6"]),
        ("60 4 * * 1", ["minute from 0 to 59", "Received: 60 in"]),
        ("0 24 * * 1", ["hour from 0 to 23"]),
        ("0 4 0 * *", ["day of the month from 1 to 31"]),
        ("0 4 * 13 *", ["month from 1 to 12 or jan to dec"]),
        ("0 4 * * 8", ["day of the week from 0 to 7 or sun to sat"]),
        ("0 4 * * fri-mon", ["rising range", "Received: fri-mon in"]),
        ("0 4 * * 1#2", ["Received: 1#2 in"]),
        ("0 4 L * *", ["Received: l in"]),
        ("*/0 4 * * *", ["Received: */0 in"]),
        ("5/15 4 * * *", ["give a step a range: 5-59/15"]),
        ("-1 4 * * *", ["Received: -1 in"]),
        ("٣ 4 * * *", ["Received: ٣ in"]),
        ("0 4 1, * *", ["day of the month"]),
        ("0 4 31 2,4 *", ["a day that some year has"]),
        ("0 4 */2 * 1", ["list the days"]),
        ("0 4 1 * */2", ["list the days"]),
    ],
)
def test_what_is_no_expression_is_named(text: str, parts: list[str]) -> None:
    with pytest.raises(InputError) as error:
        parse_cron(text)
    assert all(part in str(error.value) for part in ("`schedule.cron`", *parts)), str(error.value)


def test_a_leap_day_and_a_day_of_either_kind_come() -> None:
    assert parse_cron("0 0 29 2 *").days == (29,)
    assert parse_cron("0 0 31 2 1").either


def values(low: int, high: int) -> st.SearchStrategy[str]:
    one = st.integers(low, high).map(str)
    span = st.tuples(st.integers(low, high), st.integers(low, high), st.integers(1, 9)).map(
        lambda found: f"{min(found[:2])}-{max(found[:2])}/{found[2]}"
    )
    return st.one_of(st.just("*"), st.lists(st.one_of(one, span), min_size=1, max_size=3).map(",".join))


EXPRESSIONS = st.tuples(*(values(field.low, field.high) for field in FIELDS)).map(" ".join)


def parsed(text: str) -> Cron | None:
    try:
        return parse_cron(text)
    except InputError:  # a day that no year has
        return None


@given(EXPRESSIONS)
def test_the_plain_form_means_the_same(text: str) -> None:
    cron = parsed(text)
    assert cron is None or parse_cron(str(cron)) == cron


@given(EXPRESSIONS)
def test_days_are_alternatives_where_both_kinds_are_named(text: str) -> None:
    cron = parsed(text)
    if cron is None:
        return
    _, _, days, _, weekdays = text.split()
    for number in range(40):
        day = date(2028, 2, 1) + timedelta(days=number)
        of_month = day.day in cron.days
        of_week = (day.weekday() + 1) % 7 in cron.weekdays
        expected = of_month or of_week if "*" not in (days, weekdays) else of_month and of_week
        assert (of_month or of_week if cron.either else of_month and of_week) == expected
