"""Windows and prefixes are those that a plain loop over the sessions finds."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.recommender_cases import known_lengths, make_prefixes, make_windows, pad
from models.sequences import Vocabulary, build_vocabulary, from_lists

SESSIONS = st.lists(st.lists(st.sampled_from("abcdef"), max_size=9), max_size=8)
KNOWN = Vocabulary(items=("a", "b", "c", "d"), counts=np.array([4, 3, 2, 1]))
LENGTH = st.integers(1, 5)


def known(session: list[str]) -> list[int]:
    return [KNOWN.items.index(item) + 1 for item in session if item in KNOWN.items]


def stripped(row: np.ndarray) -> list[int]:
    length = int((row > 0).sum())
    assert not row[length:].any(), "padding stands on the right"
    return [int(value) for value in row[:length]]


@given(SESSIONS, LENGTH)
@settings(max_examples=60, deadline=None)
def test_every_known_item_but_the_first_is_a_target_once(sessions: list[list[str]], length: int) -> None:
    windows = make_windows(from_lists(sessions), KNOWN, length)
    expected = []
    for session in map(known, sessions):
        starts = range(0, max(len(session) - 1, 0), length)
        expected += [session[start : start + length + 1] for start in starts]
    assert [stripped(row) for row in windows.padded(np.arange(len(windows)))] == expected
    assert windows.targets().tolist() == [item for window in expected for item in window[1:]]
    assert known_lengths(from_lists(sessions), KNOWN).tolist() == [len(known(session)) for session in sessions]


@given(SESSIONS, LENGTH)
@settings(max_examples=60, deadline=None)
def test_every_event_with_an_earlier_one_is_a_test_case(sessions: list[list[str]], length: int) -> None:
    cases = make_prefixes(from_lists(sessions), KNOWN, length)
    expected = [
        (row, known(session[:end])[-length:], (known([session[end]]) or [0])[0])
        for row, session in enumerate(sessions)
        for end in range(1, len(session))
    ]
    found = zip(cases.sessions.tolist(), map(stripped, cases.inputs), cases.targets.tolist(), strict=True)
    assert list(found) == expected
    assert cases.repeats.tolist() == [target in inputs for _, inputs, target in expected]


@given(st.lists(st.lists(st.integers(1, 9), max_size=9), max_size=5), LENGTH)
@settings(max_examples=30, deadline=None)
def test_padding_keeps_the_latest_items_in_order(sessions: list[list[int]], length: int) -> None:
    rows = pad(sessions, length)
    assert rows.shape == (len(sessions), length)
    assert rows.dtype == np.int32
    assert [stripped(row) for row in rows] == [session[-length:] for session in sessions]


def test_a_long_session_is_cut_without_losing_a_target() -> None:
    sequences = from_lists([[str(event % 700) for event in range(10_000)]])
    windows = make_windows(sequences, build_vocabulary(sequences), 20)
    assert int((windows.lengths - 1).sum()) == 9_999
    assert int(windows.lengths.max()) == 21
