"""What a recommender is told of a session besides its items: kinds of events, and the time between them."""

from typing import Any

import pytest

from data.errors import InputError
from models.recommending.recommender import Recommender
from tests.models.sixty_items import EVENTS, GAPS, SESSIONS, SHOP, untrained


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    return untrained(catalogue=SHOP)


def test_a_network_that_is_told_of_items_alone_takes_no_other_input() -> None:
    alone = untrained(use_events=False, use_gaps=False)
    assert alone.model.input_shape == (None, 5)
    assert alone.recommend(SESSIONS, events=EVENTS, gaps=GAPS) == alone.recommend(SESSIONS)


def test_kinds_and_gaps_move_the_scores_and_a_session_without_them_is_as_if_nobody_had_any(
    recommender: Recommender,
) -> None:
    plain = recommender.recommend(SESSIONS)
    for told in ({"events": EVENTS}, {"gaps": GAPS}):
        assert all(a.ranked != b.ranked for a, b in zip(recommender.recommend(SESSIONS, **told), plain, strict=True))
    assert recommender.recommend(SESSIONS, events=[None] * 4, gaps=[None] * 4) == plain
    mixed = recommender.recommend(SESSIONS, events=[EVENTS[0], None, None, None])
    assert mixed[0] != plain[0]
    assert mixed[1:] == plain[1:]


def test_the_gap_of_a_skipped_item_counts_for_the_next(recommender: Recommender) -> None:
    gappy = recommender.recommend(
        [["item 1", "new", "item 2"]], events=[["view", "cart", "view"]], gaps=[[0.0, 20.0, 20.0]]
    )
    whole = recommender.recommend([["item 1", "item 2"]], events=[["view", "view"]], gaps=[[0.0, 40.0]])
    assert gappy[0].ranked == whole[0].ranked


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"events": [["view"]]}, r"`events` should have one list for each of 2 sessions\. Received: 1"),
        (
            {"events": [["view"], None]},
            r"`events` should have one entry for each of 2 items of session 0\. Received: 1",
        ),
        ({"events": [["view", "wish"], None]}, r"among view, cart, .*\. Received: 'wish'"),
        ({"events": ["view", None]}, r"Received: a text"),
        ({"gaps": [[0.0, -1.0], None]}, r"`gaps` should be seconds, 0 or more\. Received: -1\.0"),
        ({"gaps": [[0.0, float("nan")], None]}, r"Received: nan"),
        ({"gaps": [None, [0.0, 1.0]]}, r"1 items of session 1\. Received: 2"),
    ],
)
def test_kinds_and_gaps_that_do_not_go_with_the_sessions_are_refused(
    recommender: Recommender, told: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        recommender.recommend([["item 1", "item 2"], ["item 3"]], **told)
