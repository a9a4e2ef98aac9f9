"""Baselines count what a plain loop counts."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.recommending.baselines import (
    ItemCooccurrence,
    Markov,
    Popularity,
    RepeatMarkov,
    SessionPopularity,
)  # fmt: skip
from models.sessions.sequences import from_lists
from models.sessions.vocabulary import build_vocabulary
from tests.models.padding import pad

SESSIONS = st.lists(st.lists(st.sampled_from("abcde"), max_size=6), min_size=1, max_size=8)


@given(SESSIONS, st.lists(st.sampled_from("abcde"), max_size=4))
@settings(max_examples=60, deadline=None)
def test_markov_orders_by_transitions_from_the_last_item_then_by_popularity(
    sessions: list[list[str]], session: list[str]
) -> None:
    train = from_lists(sessions)
    vocabulary = build_vocabulary(train)
    if not len(vocabulary):
        return
    known = [item for item in session if item in vocabulary.items]
    follows = Counter(pair for past in sessions for pair in pairwise(past))
    places = range(len(vocabulary))
    expected = sorted(places, key=lambda i: (-(follows[known[-1], vocabulary.items[i]] if known else 0), i))
    inputs = pad([[vocabulary.items.index(item) + 1 for item in known]], 3)
    assert np.argsort(-Markov(train, vocabulary).scores(inputs)[0]).tolist() == expected
    assert np.argsort(-Popularity(vocabulary).scores(inputs)[0]).tolist() == list(places)


def test_baselines_never_tie() -> None:
    train = from_lists([["a", "b"], ["c", "d"], ["e", "f"]])
    vocabulary = build_vocabulary(train)
    inputs = pad([[], [1], [6]], 5)
    baselines = (
        Popularity(vocabulary),
        SessionPopularity(vocabulary),
        Markov(train, vocabulary),
        RepeatMarkov(train, vocabulary),
        ItemCooccurrence(train, vocabulary),
    )
    for baseline in baselines:
        for row in baseline.scores(inputs):
            assert len(set(row.tolist())) == len(vocabulary)


@given(SESSIONS, st.lists(st.sampled_from("abcde"), max_size=5))
@settings(max_examples=60, deadline=None)
def test_session_popularity_orders_by_count_in_the_session_then_by_popularity(
    sessions: list[list[str]], session: list[str]
) -> None:
    vocabulary = build_vocabulary(from_lists(sessions))
    known = [vocabulary.items.index(item) for item in session if item in vocabulary.items]
    expected = sorted(range(len(vocabulary)), key=lambda i: (-known.count(i), i))
    found = SessionPopularity(vocabulary).scores(pad([[i + 1 for i in known]], 5))[0]
    assert np.argsort(-found, kind="stable").tolist() == expected


@given(SESSIONS, st.lists(st.sampled_from("abcde"), max_size=5))
@settings(max_examples=60, deadline=None)
def test_cooccurrence_is_the_shrunken_cosine_of_the_last_item(sessions: list[list[str]], session: list[str]) -> None:
    train = from_lists(sessions)
    vocabulary = build_vocabulary(train)
    known = [item for item in session if item in vocabulary.items]
    inputs = pad([[vocabulary.items.index(item) + 1 for item in known]], 5)
    found = ItemCooccurrence(train, vocabulary).scores(inputs)[0]
    size = len(vocabulary)
    for place, item in enumerate(vocabulary.items):
        with_item = sum(item in past for past in sessions)
        cosine = 0.0
        if known and item != known[-1]:
            both = sum(item in past and known[-1] in past for past in sessions)
            cosine = both / np.sqrt((sum(known[-1] in past for past in sessions) + 20) * (with_item + 20))
        assert found[place] == pytest.approx(cosine + (size - place) / (size + 1) / (len(sessions) + 21))


@given(SESSIONS)
@settings(max_examples=100, deadline=None)
def test_shares_of_returns_are_those_of_a_plain_loop(sessions: list[list[str]]) -> None:
    train = from_lists(sessions)
    waiting, came = Counter[int](), Counter[int]()
    for past in sessions:
        for now in range(1, len(past)):
            if len(set(past[:now])) > 1:
                steps = {item: now - max(i for i in range(now) if past[i] == item) for item in set(past[:now])}
                waiting.update(steps.values())
                came.update([steps[past[now]]] if past[now] in steps else [])
    found = RepeatMarkov(train, build_vocabulary(train)).returns
    assert max(came, default=0) < len(found)
    assert found == pytest.approx([came[step] / waiting[step] if came[step] else 0.0 for step in range(len(found))])


def test_repeat_markov_puts_the_session_first_and_then_what_followed_its_items() -> None:
    train = from_lists([["a", "b", "a"], ["a", "b", "a"], ["c", "d"], ["c", "d"], ["b", "e"]])
    vocabulary = build_vocabulary(train)
    place = {item: position + 1 for position, item in enumerate(vocabulary.items)}
    order = np.argsort(-RepeatMarkov(train, vocabulary).scores(pad([[place["c"], place["b"]]], 4))[0])
    # training goes back two steps, never one; then a and d (twice after b, and after c at half weight), then e
    assert [vocabulary.items[i] for i in order] == ["c", "b", "a", "d", "e"]
