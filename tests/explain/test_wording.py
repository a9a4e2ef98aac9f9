import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.feature import Feature
from explain.tables import Cell, difference_cell
from explain.wording import (
    count_text,
    decimal_text,
    duration_text,
    interval_text,
    join_words,
    metric_name,
    number_text,
    points_text,
    risk_text,
    share_text,
    signed_text,
    unique_titles,
    value_text,
)  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (4.25, "4.2 s"), (59.6, "1 min"), (250, "4 min 10 s"), (3600, "1 h"), (7500, "2 h 5 min"),
     (273_600, "3 d 4 h"), (-90, "−1 min 30 s")],
)  # fmt: skip
def test_seconds_are_told_in_the_two_largest_units(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (3.0, "3"),
        (2.5, "2.5"),
        (0.0123, "0.012"),
        (123.456, "123.5"),
        (12345.6, "12,346"),
        (-4.0, "−4"),
        (0.00001, "1e-05"),
    ],
)
def test_numbers_carry_no_more_digits_than_are_read(number: float, text: str) -> None:
    assert number_text(number) == text


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [("currency", 182.0, "182.00"), ("hour", 22.0, "22:00"), ("day", 1.0, "Tuesday"), ("share", 0.12, "12%"),
     ("s", 250.0, "4 min 10 s"), ("items", 3.0, "3"), ("", float("nan"), "unknown"), ("currency", None, "unknown"),
     ("currency", float("inf"), "unknown")],
)  # fmt: skip
def test_a_value_is_told_in_its_unit(unit: str, value: object, text: str) -> None:
    assert value_text(value, Feature("x", "X", "cart", unit=unit)) == text


@settings(max_examples=50, deadline=None)
@given(
    st.floats(allow_nan=True, allow_infinity=True), st.sampled_from(["s", "currency", "hour", "day", "share", "items"])
)
def test_any_number_has_words(value: float, unit: str) -> None:
    assert value_text(value, Feature("x", "X", "cart", unit=unit))


def test_missing_figures_are_dashes() -> None:
    assert {share_text(None), decimal_text(None), interval_text(None), count_text(None)} == {"–"}


def test_a_figure_that_rounds_to_zero_has_no_sign() -> None:
    assert [decimal_text(value) for value in (-0.0004, -0.0006, 0.0004)] == ["0.000", "−0.001", "0.000"]
    assert [signed_text(value) for value in (-0.0004, -0.0006, 0.0004, 0.0006)] == [
        "0.000",
        "−0.001",
        "0.000",
        "+0.001",
    ]
    assert interval_text([-0.018, -0.0001]) == "−0.018 to 0.000"
    assert difference_cell([-0.0001, -0.002, 0.001]) == Cell("0.000", "−0.002 to 0.001")


def test_a_distance_between_shares_is_in_points() -> None:
    assert [points_text(gap) for gap in (0.0664, 0.2, None)] == ["6.6 points", "20.0 points", "–"]


@pytest.mark.parametrize(("risk", "text"), [(0.9999, "over 99%"), (0.0001, "under 1%"), (0.614, "61%")])
def test_no_risk_is_certain(risk: float, text: str) -> None:
    assert risk_text(risk) == text


def test_words_are_joined_as_in_a_sentence() -> None:
    assert [join_words(list("abc")[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_equal_titles_are_told_apart() -> None:
    same = [Feature(name, "Price", "cart") for name in ("a", "b")]
    assert unique_titles([*same, Feature("c", "Hour", "time")]) == ["Price (a)", "Price (b)", "Hour"]


@pytest.mark.parametrize(
    ("metric", "name"),
    [("auc", "AUC"), ("val_auc", "Validation AUC"), ("val_loss", "Validation loss"), ("recall_at_20", "Recall@20"),
     ("val_accuracy", "Validation accuracy"), ("accuracy", "Accuracy"), ("unheard_of", "unheard_of")],
)  # fmt: skip
def test_a_metric_has_a_name_for_readers(metric: str, name: str) -> None:
    assert metric_name(metric) == name
