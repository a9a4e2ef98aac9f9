"""The sentences say what the intervals show and nothing beyond."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explain.comparison import comparison_lines
from explain.comparison.phrases import gap_text, seconds_text
from tests.explain.comparison.results import Row, alternative, broken, optimizers, result

GAPS = st.tuples(st.floats(0, 0.1), st.floats(0, 0.05)).map(lambda pair: (pair[0], pair[0] - pair[1], pair[0] + 0.05))
SECONDS = st.none() | st.floats(0.01, 1e4)


@st.composite
def results(draw: st.DrawFn) -> Row:
    others = draw(st.lists(st.tuples(GAPS, SECONDS), max_size=6))
    done = [alternative("rule0", (0.0, 0.0, 0.0), draw(SECONDS))]
    done += [alternative(f"rule{i}", gap, seconds) for i, (gap, seconds) in enumerate(others, 1)]
    return result(*done, *(broken(f"lost{i}", f"Error: {i}") for i in range(draw(st.integers(0, 2)))))


def sentence(lines: list[str], start: str) -> str:
    return next((line for line in lines if line.startswith(start)), "")


def names(text: str) -> list[str]:
    return re.findall(r"Rule\d|Lost\d", text)


@settings(max_examples=200, deadline=None)
@given(results())
def test_exactly_the_level_ones_are_called_level_and_no_interval_with_zero_a_difference(found: Row) -> None:
    lines = comparison_lines(found)
    others = [row for row in found["alternatives"][1:] if row["quality"]]
    level = [row["title"] for row in others if row["behind"][1] <= 0]
    behind = [row["title"] for row in others if row["behind"][1] > 0]
    assert names(sentence(lines, "Level with it")) == level
    assert names(sentence(lines, "Behind it")) == behind
    assert bool(sentence(lines, "Use Rule0")) == bool(behind)
    assert bool(sentence(lines, "Nothing here makes a difference")) == bool(level and not behind)
    for line in lines:
        if set(names(line)) & set(behind):
            assert line.startswith("Behind it")


@settings(max_examples=200, deadline=None)
@given(results())
def test_the_economical_choice_is_the_soonest_of_the_level_ones(found: Row) -> None:
    lines = comparison_lines(found)
    contenders = [row for row in found["alternatives"] if row["quality"] and row["behind"][1] <= 0]
    known = [row for row in contenders if row["seconds_to_target"] is not None]
    told = sentence(lines, "Of these")
    if len(contenders) > 1 and known:
        soonest = min(known, key=lambda row: float(row["seconds_to_target"]))
        assert names(told)[0] == soonest["title"] if told else soonest["title"] == "Rule0"
        assert bool(told) != bool(sentence(lines, "It also reaches the target soonest"))
    else:
        assert not told
        assert bool(sentence(lines, "None of these reaches")) == (len(contenders) > 1)


@given(results())
@settings(max_examples=50, deadline=None)
def test_each_that_failed_is_named_with_its_reason(found: Row) -> None:
    told = [line for line in comparison_lines(found) if line.startswith("Lost")]
    lost = [row for row in found["alternatives"] if not row["quality"]]
    assert told == [f"{row['title']} failed: {row['error']}." for row in lost]


@given(st.floats(1e-6, 0.5), st.floats(0, 0.5))
def test_a_shown_difference_never_reads_as_zero(low: float, more: float) -> None:
    shown = re.findall(r"[\d.]+", gap_text({"behind": [low + more, low, low + 2 * more]}))
    assert all(float(value) > 0 for value in shown)


@pytest.mark.parametrize(
    ("gap", "text"),
    [
        ([0.002, 0.0, 0.004], "0.002 (0.000 to 0.004)"),
        ([0.002, -0.001, 0.005], "0.002 (−0.001 to 0.005)"),
        ([0.002, -0.0003, 0.0043], "0.0020 (−0.0003 to 0.0043)"),
    ],
)
def test_a_difference_that_is_not_shown_is_told_with_the_same_care(gap: list[float], text: str) -> None:
    assert gap_text({"behind": gap}) == text


def test_the_whole_conclusion_of_a_comparison_of_optimizers() -> None:
    assert comparison_lines(optimizers()) == [
        "Use Adam: on carts that no choice has seen its AUC is 0.640 (95% interval 0.630 to 0.651).",
        "Level with it, as the interval of the difference reaches zero: Adadelta, momentum and NAG.",
        "Of these, Adadelta reaches the target soonest, in 3.1 s of training (310 steps), which makes it the "
        "economical choice; Adam takes 5.1 s.",
        "Behind it: RMSProp by 0.0040 (0.0002 to 0.0060); SGD (mini-batch) by 0.012 (0.008 to 0.016); SGD (single "
        "example) by 0.020 (0.010 to 0.030); Adadelta at Keras's default rate 0.001 by 0.050 (0.040 to 0.060).",
        "What is configured, Adadelta, is level with the best: nothing here asks for a change.",
        "Gradient descent (full batch) failed: ValueError: loss is NaN.",
    ]


def test_where_all_failed_nothing_is_recommended() -> None:
    lines = comparison_lines(result(broken("one"), broken("two", "line one\nline two"), target=None))
    assert lines == [
        "Nothing can be recommended: no alternative was trained to the end.",
        "One failed: ValueError: loss is NaN.",
        "Two failed: line one.",
    ]


def test_one_alone_is_not_called_the_best() -> None:
    lines = comparison_lines(result(alternative("one"), broken("two")))
    assert lines[0].startswith("Only One could be judged, so there is nothing to choose")
    assert len(lines) == 2


def test_a_quality_that_is_no_number_is_a_failure() -> None:
    lines = comparison_lines(result(alternative("one"), alternative("two", quality=[float("nan")] * 3)))
    assert "Two failed: its quality is not a number." in lines


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([alternative("none"), alternative("l2", (0.1, 0.05, 0.2))], "Nothing here is shown to be better than None."),
        ([alternative("l2"), alternative("none", (0.1, 0.0, 0.2))], "As None is level with the best, nothing here"),
        ([alternative("l2"), alternative("none", (0.1, 0.05, 0.2))], "As None is behind, the gain over it is shown."),
    ],
)
def test_whether_anything_beats_nothing_is_said(rows: list[Row], told: str) -> None:
    assert sentence(comparison_lines(result(*rows, what="regularization")), told)


@pytest.mark.parametrize(
    ("gap", "changes", "told"),
    [
        ((0.1, -0.1, 0.2), {}, "The configured settings are level with the best: nothing here asks for a change."),
        ((0.1, 0.05, 0.2), {}, "The configured settings are behind: the gain of a change is shown."),
        ((0.1, 0.05, 0.2), {"configured": "one"}, ""),
    ],
)
def test_what_is_configured_is_put_in_its_place(gap: tuple[float, float, float], changes: Row, told: str) -> None:
    lines = comparison_lines(result(alternative("one"), alternative("configured", gap), **changes))
    assert sentence(lines, "The configured settings") == told


@pytest.mark.parametrize(
    ("budget", "changes", "heading"),
    [
        ({"seeds": 1}, {"seeds": 1}, "One seed: "),
        ({"judged_rows": 199}, {}, "Few data: With only 199 decision points"),
        ({}, {"quality": [0.64, 0.58, 0.7]}, "Few data: "),
        ({"seeds": 5}, {}, "Seeds are missing: "),
    ],
)
def test_what_puts_the_order_in_doubt_is_said(budget: Row, changes: dict[str, Any], heading: str) -> None:
    sure = comparison_lines(result(alternative("one"), alternative("two", (0.1, 0.05, 0.2))))
    doubtful = result(alternative("one", **changes), alternative("two", (0.1, 0.05, 0.2), **changes), budget=budget)
    assert not [line for line in sure if line.startswith(heading)]
    assert sentence(comparison_lines(doubtful), heading)


def test_titles_that_blur_into_a_sentence_are_quoted_and_equal_ones_told_apart() -> None:
    rows = (alternative(name, (0.1 * i, -1, 1), title="deep, wide") for i, name in enumerate(("one", "two")))
    assert "“deep, wide (two)”" in comparison_lines(result(*rows))[1]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.042, "0.042 s"), (3.14, "3.1 s"), (90, "1 min 30 s"), (None, "–"), (float("nan"), "–")]
)
def test_short_times_are_not_rounded_away(seconds: float | None, text: str) -> None:
    assert seconds_text(seconds) == text
