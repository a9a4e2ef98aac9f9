"""Folds keep visitors apart, or the future out of the past."""

from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from data.errors import InputError
from data.examples import Examples
from data.splitting.folds import Fold, time_folds, visitor_folds

NAMES = st.one_of(st.none(), st.integers(0, 12).map(str))


def examples(visitors: list[str | None], sessions: list[str | None], minutes: list[int] | None = None) -> Examples:
    rows = len(visitors)
    times = pd.Series(pd.NaT, index=range(rows)) if minutes is None else pd.to_timedelta(minutes, unit="min")
    keys = pd.DataFrame(
        {
            "session_id": pd.Series(sessions, dtype=object),
            "visitor_id": pd.Series(visitors, dtype=object),
            "decision_point": pd.Series(0, index=range(rows)),
            "ts": times if minutes is None else pd.Timestamp("2026-01-01", tz="UTC") + times,
        }
    )
    return Examples(keys, pd.DataFrame(index=range(rows)), np.zeros(rows, np.int8), ())


def of_visitors(visitors: list[str | None]) -> Examples:
    return examples(visitors, [None] * len(visitors))


@given(visitors=st.lists(NAMES, min_size=2, max_size=60), folds=st.integers(2, 5), seed=st.integers(0, 5))
def test_no_visitor_is_on_both_sides_and_every_row_is_validated_once(
    visitors: list[str | None], folds: int, seed: int
) -> None:
    known = {visitor for visitor in visitors if visitor is not None}
    assume(len(known) + visitors.count(None) >= folds)
    found = visitor_folds(of_visitors(visitors), folds, seed)
    assert len(found) == folds
    for train, validation in found:
        assert not known & {visitors[row] for row in train} & {visitors[row] for row in validation}
        assert sorted([*train, *validation]) == list(range(len(visitors)))
        assert len(validation) > 0
    assert sorted(np.concatenate([validation for _, validation in found])) == list(range(len(visitors)))


def test_rows_without_a_visitor_are_parted_one_by_one() -> None:
    found = visitor_folds(of_visitors([None] * 12), 3, 0)
    assert [len(validation) for _, validation in found] == [4, 4, 4]


def equal(first: list[Fold], second: list[Fold]) -> bool:
    sides = [[side.tolist() for fold in found for side in fold] for found in (first, second)]
    return sides[0] == sides[1]


def test_the_seed_alone_chooses_who_goes_where() -> None:
    some = of_visitors([str(row // 2) for row in range(80)])
    assert equal(visitor_folds(some, 4, 1), visitor_folds(some, 4, 1))
    assert not equal(visitor_folds(some, 4, 1), visitor_folds(some, 4, 2))


@given(
    spans=st.lists(
        st.tuples(st.integers(0, 10_000), st.lists(st.integers(0, 200), max_size=3)), min_size=8, max_size=20
    ),
    folds=st.integers(2, 4),
    order=st.randoms(use_true_random=False),
)
def test_all_of_a_fold_s_training_comes_before_its_validation(
    spans: list[tuple[int, list[int]]], folds: int, order: Random
) -> None:
    rows = [(f"s{name}", start + more) for name, (start, later) in enumerate(spans) for more in (0, *later)]
    order.shuffle(rows)
    sessions, minutes = [name for name, _ in rows], [minute for _, minute in rows]
    try:
        found = time_folds(examples([None] * len(rows), list(sessions), minutes), folds)
    except InputError:
        assume(False)  # none of the first sessions ended in time
    starts = {name: min(m for other, m in rows if other == name) for name in sessions}
    assert len(found) == folds
    validated = [{sessions[row] for row in validation} for _, validation in found]
    assert all(not one & other for place, one in enumerate(validated) for other in validated[:place])
    for train, validation in found:
        begin = min(minutes[row] for row in validation)
        assert max(minutes[row] for row in train) < begin
        assert max(starts[sessions[row]] for row in train) < min(starts[sessions[row]] for row in validation)
        for side in (train, validation):  # sessions are whole
            kept = {sessions[row] for row in side}
            assert {row for row, name in enumerate(sessions) if name in kept} == set(side.tolist())


def test_blocks_are_of_one_size_and_training_grows() -> None:
    some = examples([None] * 20, [f"s{row // 2}" for row in range(20)], list(range(20)))
    found = time_folds(some, 4)
    assert [(len(train), len(validation)) for train, validation in found] == [(4, 4), (8, 4), (12, 4), (16, 4)]
    assert found[0][0].tolist() == [0, 1, 2, 3]
    assert found[3][1].tolist() == [16, 17, 18, 19]


def test_a_session_that_goes_on_when_validation_begins_is_left_out_of_training() -> None:
    some = examples([None] * 6, ["a", "b", "c", "c", "d", "b"], [0, 1, 2, 2, 3, 9])
    (first, _), (second, _) = time_folds(some, 2)
    assert first.tolist() == [0]
    assert second.tolist() == [0, 2, 3]


def test_visitors_stand_in_for_sessions() -> None:
    some = examples(["v", "v", "w", "x"], [None] * 4, [0, 1, 2, 3])
    assert [fold[0].tolist() for fold in time_folds(some, 2)] == [[0, 1], [0, 1, 2]]


def test_what_cannot_be_folded_is_a_clear_error() -> None:
    with pytest.raises(InputError, match=r"`tune.fold_by` should be visitor .* no times. Received: time"):
        time_folds(of_visitors(["a", "b", "c"]), 2)
    with pytest.raises(InputError, match=r"`tune.folds` should be at most 2, .* Received: 3"):
        visitor_folds(of_visitors(["a", "b", "a", "b"]), 3, 0)
    with pytest.raises(InputError, match=r"`tune.folds` should be below 2, .* Received: 2"):
        time_folds(examples([None] * 3, ["a", "b", "a"], [0, 1, 2]), 2)
    with pytest.raises(InputError, match=r"`tune.fold_by` should be visitor .* Received: time"):
        time_folds(examples([None] * 3, ["a", "b", "c"], [5, 5, 5]), 2)
