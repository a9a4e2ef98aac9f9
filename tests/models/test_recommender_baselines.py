"""Baselines count what a plain loop counts."""

from collections import Counter
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.recommender_baselines import Markov, Popularity
from models.recommender_cases import pad
from models.sequences import build_vocabulary, from_lists

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
    for baseline in (Markov(train, vocabulary), Popularity(vocabulary)):
        for row in baseline.scores(inputs):
            assert len(set(row.tolist())) == len(vocabulary)
