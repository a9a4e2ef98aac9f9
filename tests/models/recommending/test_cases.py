"""Windows and prefixes are those that a plain loop over the sessions finds."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.recommending.cases import make_prefixes, make_windows
from models.sessions.encoded import Seen, encode, only_known
from models.sessions.sequences import EVENTS, UNKNOWN, Sequences, from_lists
from models.sessions.session_inputs import session_inputs
from models.sessions.vocabulary import Vocabulary, build_vocabulary

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
    assert [stripped(row) for row in windows.seen(np.arange(len(windows))).ids] == expected
    assert windows.targets().tolist() == [item for window in expected for item in window[1:]]
    lengths = np.diff(windows.events.offsets)
    assert lengths.tolist() == [len(known(session)) for session in sessions]
    assert windows.target_counts(4).tolist() == np.bincount(windows.targets(), minlength=5).tolist()


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


@given(SESSIONS, LENGTH)
@settings(max_examples=60, deadline=None)
def test_kinds_and_gaps_stay_with_their_items_and_a_dropped_ones_gap_counts_for_the_next(
    sessions: list[list[str]], length: int
) -> None:
    log = told(sessions)
    cases = make_prefixes(log, KNOWN, length)
    windows = make_windows(log, KNOWN, length)
    expected = [
        known_events(session[:end], row)[-length:]
        for row, session in enumerate(sessions)
        for end in range(1, len(session))
    ]
    assert [events(cases.seen.rows([row])) for row in range(len(cases))] == expected
    whole = [known_events(session, row) for row, session in enumerate(sessions)]
    expected = [
        found[start : start + length + 1] for found in whole for start in range(0, max(len(found) - 1, 0), length)
    ]
    assert [events(windows.seen(np.array([row]))) for row in range(len(windows))] == expected


@given(SESSIONS, LENGTH)
@settings(max_examples=60, deadline=None)
def test_a_session_read_backwards_is_what_it_would_have_been_in_reverse(sessions: list[list[str]], length: int) -> None:
    log = told(sessions)
    forwards, both = (make_windows(log, KNOWN, length, backwards) for backwards in (False, True))
    assert both.forwards == len(forwards)
    assert len(both) == 2 * len(forwards)
    expected = []
    for row, session in enumerate(sessions):
        found = known_events(session, row)
        # the wait before an event, in reverse, is the one after it
        waits = [0.0, *(gap for _, _, gap in found[:0:-1])]
        reverse = [(item, kind, gap) for (item, kind, _), gap in zip(found[::-1], waits, strict=False)]
        for start in range(0, max(len(found) - 1, 0), length):
            window = reverse[start : start + length + 1]
            expected.append([(window[0][0], window[0][1], 0.0), *window[1:]])
    rows = np.arange(len(forwards), len(both))
    assert [events(both.seen(rows[[row]])) for row in range(len(rows))] == expected
    assert both.targets().tolist()[len(forwards.targets()) :] == [
        item for window in expected for item, _, _ in window[1:]
    ]


@given(SESSIONS, LENGTH)
@settings(max_examples=60, deadline=None)
def test_a_live_session_is_seen_as_the_same_session_was_in_training(sessions: list[list[str]], length: int) -> None:
    log, ids = told(sessions), {item: place + 1 for place, item in enumerate(KNOWN.items)}
    cases = make_prefixes(log, KNOWN, length)
    prefixes = [(row, session[:end]) for row, session in enumerate(sessions) for end in range(1, len(session))]
    kinds = [[EVENTS[code] for code in kinds_of(row, len(session))] for row, session in prefixes]
    gaps = [gaps_of(row, len(session)) for row, session in prefixes]
    live = session_inputs([session for _, session in prefixes], kinds, gaps, ids, length)
    for found, expected in zip(live, cases.seen, strict=True):
        np.testing.assert_array_equal(found, expected)


def kinds_of(row: int, count: int) -> list[int]:
    return [(row + place) % 5 for place in range(count)]


def gaps_of(row: int, count: int) -> list[float]:
    return [0.0 if place == 0 else float(1 + (7 * row + 3 * place) % 11) for place in range(count)]


def told(sessions: list[list[str]]) -> Sequences:
    kinds = [[EVENTS[code] for code in kinds_of(row, len(session))] for row, session in enumerate(sessions)]
    return from_lists(sessions, kinds, gaps=[gaps_of(row, len(session)) for row, session in enumerate(sessions)])


def known_events(session: list[str], row: int) -> list[tuple[int, int, float]]:
    """Id, kind and gap of the known events of a session, by a plain loop."""
    found, waited = [], 0.0
    for item, kind, gap in zip(session, kinds_of(row, len(session)), gaps_of(row, len(session)), strict=True):
        waited += gap
        if item in KNOWN.items:
            found.append((KNOWN.items.index(item) + 1, kind + 1, waited))
            waited = 0.0
    return found


def events(seen: Seen) -> list[tuple[int, int, float]]:
    """Id, kind and gap of the events of one row."""
    length = int((seen.ids > 0).sum())
    assert (seen.kinds[0, length:] == 0).all()
    assert (seen.gaps[0, length:] == UNKNOWN).all()
    return list(zip(*(part[0, :length].tolist() for part in seen), strict=True))


@given(SESSIONS)
@settings(max_examples=60, deadline=None)
def test_events_are_the_same_encoded_in_blocks_and_into_files(
    tmp_path_factory: pytest.TempPathFactory, sessions: list[list[str]]
) -> None:
    log = told(sessions)
    whole = encode(log, KNOWN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.sessions.encoded.PIECE", 4)
        for scratch in (None, tmp_path_factory.mktemp("scratch")):
            found = encode(replace(log, scratch=scratch), KNOWN)
            for name in ("ids", "kinds", "gaps", "offsets"):
                np.testing.assert_array_equal(getattr(found, name), getattr(whole, name))


def test_one_unknown_gap_makes_the_whole_wait_unknown() -> None:
    gaps = np.array([0.0, 5.0, -1.0, 2.0, 4.0], np.float32)
    found = only_known(np.array([1, 0, 0, 2, 3], np.int32), np.zeros(5, np.int8), gaps, np.array([0, 5]))
    assert found.gaps.tolist() == [0.0, UNKNOWN, 4.0]


def test_a_long_session_is_cut_without_losing_a_target() -> None:
    sequences = from_lists([[str(event % 700) for event in range(10_000)]])
    windows = make_windows(sequences, build_vocabulary(sequences), 20)
    assert int((windows.lengths - 1).sum()) == 9_999
    assert int(windows.lengths.max()) == 21
