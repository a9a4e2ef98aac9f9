import re

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from data.examples import Examples, from_frame
from data.feature import Feature
from data.where import parts_of, select

SPECS = (
    Feature("hour", "Hour", "time", unit="hour"),
    Feature("cart_value", "Cart value", "cart", unit="currency"),
    Feature("device", "Device", "table", kind="categorical"),
)


def examples(rows: int = 60) -> Examples:
    generator = np.random.default_rng(3)
    value = generator.integers(0, 20, rows) / 10
    frame = pd.DataFrame({
        "session_id": [f"s{row // 2}" for row in range(rows)], "visitor_id": "v", "decision_point": np.arange(rows) % 3,
        "ts": pd.Timestamp("2025-01-01"), "hour": generator.integers(0, 24, rows),
        "cart_value": np.where(generator.random(rows) < 0.2, np.nan, value),
        "device": pd.Series(generator.choice(np.array(["phone", "desk top", None], object), rows)),
    })  # fmt: skip
    return from_frame(frame, SPECS)


CARTS = examples()
DATABASE = duckdb.connect()
DATABASE.register("carts", pd.concat([CARTS.keys, CARTS.features], axis=1))

atoms = st.sampled_from([
    "hour >= 12", "5 > hour", "cart_value = 1.1", "cart_value <> 1.1", "cart_value between 0.3 and 1.5", "hour = -1",
    "hour not in (1, 2, 3, 4)", "cart_value in (0.1, 0.2, 0.3)", "device = 'phone'", "device is null", "device <> 'x'",
    "cart_value is not null", "decision_point < 2", "session_id = 's4'", "cart_value not between 0.5 and 1",
    "cart_value < decision_point", "device in ('phone', 'tablet')",
])  # fmt: skip
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda part: f"not ({part})"),
    ),
    max_leaves=6,
)


@given(condition=conditions)
def test_a_condition_selects_what_a_database_would(condition: str) -> None:
    expected = DATABASE.sql(f"SELECT ({condition}) IS TRUE FROM carts").fetchall()
    assert select(condition, CARTS).tolist() == [found for (found,) in expected]


def test_two_equal_signs_are_as_good_as_one_and_case_of_words_does_not_matter() -> None:
    assert select("hour == 3 AND device IS NOT NULL", CARTS).tolist() == (
        select("hour = 3 and device is not null", CARTS).tolist()
    )


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("hour >= 22 and cart_valu > 100", "cart_valu. Did you mean `cart_value`?"),
        ("hour_of_day >= 22", "Did you mean `hour`?"),
        ("zzz > 1", "There are: session_id"),
        ('device = "phone"', "A text stands in single quotes"),
        ("hour >= ", "cannot be read at character 6, near `>=`"),
        ("hour > 1 hour", "at character 10, near `hour`"),
        ("", "should be a condition"),
        ("hour = 'x", "a text without an end"),
        ("hour", "nothing but column names"),
        ("1", "nothing but column names"),
        ("hour + 1 > 2", "Received: hour + 1"),
        ("hour > 1 > 0", "Received: hour > 1"),
        ("hour = 'late'", "compare numbers with numbers"),
        ("device > 3", "compare numbers with numbers"),
        ("device like 'p%'", "Received: device LIKE 'p%'"),
        ("hour in (select 1)", "nothing but"),
        ("__import__('os').system('true')", "nothing but"),
        ("hour > 1; drop table examples", "near `drop`"),
        ("t.hour > 1", "Received: t.hour"),
        ("(" * 900 + "hour > 1" + ")" * 900, "should"),
        ("hour > 1 or " * 300 + "hour > 1", "at most 2,000 characters"),
    ],
)
def test_anything_else_is_one_clear_message(condition: str, told: str) -> None:
    with pytest.raises(InputError, match=re.escape(told)) as refused:
        select(condition, CARTS)
    assert str(refused.value).startswith("`--where` should ")


def test_the_parts_that_the_outermost_and_joins() -> None:
    assert parts_of("hour > 1 and (device = 'a' or hour < 3) and hour < 5") == (
        "hour > 1", "device = 'a' OR hour < 3", "hour < 5",
    )  # fmt: skip
    assert parts_of("hour > 1 or hour < 0") == ("hour > 1 OR hour < 0",)
