"""The recommender ranks exactly and survives odd sessions."""

import numpy as np
import pytest

from data.errors import InputError
from models.recommending.recommender import Recommender
from tests.models.sixty_items import ITEMS, SESSIONS, SHOP, exact, untrained


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    return untrained(catalogue=SHOP)


@pytest.mark.parametrize(
    "changes",
    [*({"encoder": name} for name in ("gru", "lstm", "attention", "pooling")), {"index": "streaming"}],
    ids=str,
)
def test_lists_are_those_of_an_exact_ranking_of_the_catalogue(changes: dict[str, str]) -> None:
    recommender = untrained(ITEMS, None, **changes)
    for session, found in zip(SESSIONS, recommender.recommend(SESSIONS, 12), strict=True):
        assert [item for item, _ in found] == exact(recommender, session, 12)
        assert found.source == "model"
        scores = [score for _, score in found]
        assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("session", [[], ["never seen"], ["", "also new"]])
def test_a_session_without_a_known_item_gets_the_popular_ones_and_says_so(
    recommender: Recommender, session: list[str]
) -> None:
    found = recommender.recommend([session, ["item 1"]], 3, exclude=["item 0"])
    assert [item for item, _ in found[0]] == ["item 1", "item 2", "item 3"]
    assert (found[0].source, found[0].skipped) == ("popularity", len(session))
    assert (found[1].source, found[1].skipped) == ("model", 0)


def test_unknown_items_are_skipped_with_a_count(recommender: Recommender) -> None:
    whole, gappy = recommender.recommend([["item 1", "item 2"], ["x", "item 1", "y", "item 2", "z"]])
    assert gappy.skipped == 3
    assert [item for item, _ in gappy] == [item for item, _ in whole]
    np.testing.assert_allclose([score for _, score in gappy], [score for _, score in whole], rtol=1e-5)


def test_a_session_of_ten_thousand_events_counts_by_its_latest(recommender: Recommender) -> None:
    long = [f"item {place % 53}" for place in range(10_000)]
    assert recommender.recommend([long])[0].ranked == recommender.recommend([long[-5:]])[0].ranked
    unseen = recommender.recommend([long], exclude_seen=True)[0]
    assert {item for item, _ in unseen} == {f"item {place}" for place in range(53, 60)}


def test_a_catalogue_of_one_item_recommends_it() -> None:
    single = untrained(("only",))
    assert [[item for item, _ in found] for found in single.recommend([["only"], []])] == [["only"], ["only"]]
    assert single.recommend([["only"]], exclude_seen=True)[0].ranked == ()
    assert [item for item, _ in single.recommend([["only"] * 30], 5)[0]] == ["only"]


def test_an_item_that_comes_again_is_recommended_once(recommender: Recommender) -> None:
    found = recommender.recommend([["item 4", "item 9"] * 4, ["item 2"] * 9], 60)
    for answer in found:
        assert sorted(item for item, _ in answer) == sorted(ITEMS)


def test_nobody_and_nothing_are_answered_with_nothing(recommender: Recommender) -> None:
    assert recommender.recommend([]) == []
    assert recommender.recommend([["item 1"]], exclude=ITEMS)[0].ranked == ()
    with pytest.raises(InputError, match="`k` should be at least 1"):
        recommender.recommend([["item 1"]], 0)
    with pytest.raises(InputError, match="list of item ids"):
        recommender.recommend(["item 1"])
    with pytest.raises(InputError, match=r"one collection for each of 1 sessions\. Received: 2"):
        recommender.recommend([["item 1"]], bought=[[], []])
