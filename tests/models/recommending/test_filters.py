"""Filters take away what may not be shown, and nothing else."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError
from models.recommending.catalogue import Only, make_catalogue
from models.recommending.recommender import Recommender
from tests.models.sixty_items import CATEGORIES, ITEMS, PRICES, SESSIONS, SHOP, exact, untrained


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    return untrained(catalogue=SHOP)


def test_what_is_excluded_never_shows_and_the_next_best_moves_up(recommender: Recommender) -> None:
    for session in SESSIONS:
        order = exact(recommender, session, len(ITEMS))
        banned = {*order[:4], order[9], "not in the catalogue"}
        found = recommender.recommend([session], 10, exclude=banned)[0]
        assert [item for item, _ in found] == [item for item in order if item not in banned][:10]
        unseen = recommender.recommend([session], 10, exclude_seen=True, exclude=banned)[0]
        assert [item for item, _ in unseen] == [item for item in order if item not in banned | set(session)][:10]


def shop_of(item: str) -> tuple[str | None, float]:
    return CATEGORIES[ITEMS.index(item)], float(PRICES[ITEMS.index(item)])


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    """Arguments of `recommend` for one session, with the predicate that they stand for."""
    some = st.lists(st.sampled_from([*ITEMS[:12], "never seen", "sold once"]), max_size=9)
    session, exclude, bought = draw(some), draw(st.lists(st.sampled_from(ITEMS), max_size=60)), draw(some)
    low, high = sorted(draw(st.tuples(*[st.floats(0, 32)] * 2)))
    only = Only(
        categories=draw(st.sets(st.sampled_from(["a", "b", "c", "rare"]), max_size=2)),
        same_category=draw(st.booleans()),
        min_price=draw(st.sampled_from([None, low])),
        max_price=draw(st.sampled_from([None, high])),
    )
    asked = {"exclude_seen": draw(st.booleans()), "exclude": exclude, "bought": [bought], "only": only}
    return {"session": session, "k": draw(st.sampled_from([1, 5, 60])), **asked}


def passes(item: str, asked: dict[str, Any]) -> bool:
    only: Only = asked["only"]
    category, price = shop_of(item)
    own = next((name for seen in reversed(asked["session"]) if (name := SHOP.category(seen))), None)
    return (
        item not in asked["exclude"]
        and item not in asked["bought"][0]
        and not (asked["exclude_seen"] and item in asked["session"])
        and (not only.categories or category in only.categories)
        and (not only.same_category or own is None or category == own)
        and (only.min_price is None or price >= only.min_price)
        and (only.max_price is None or price <= only.max_price)
    )


@settings(max_examples=150, deadline=None)
@given(asked=questions())
def test_filters_leave_exactly_the_best_of_what_passes_them(recommender: Recommender, asked: dict[str, Any]) -> None:
    rest = {name: value for name, value in asked.items() if name != "session"}
    found = recommender.recommend([asked["session"]], **rest)[0]
    expected = [item for item in exact(recommender, asked["session"], len(ITEMS)) if passes(item, asked)]
    assert [item for item, _ in found] == expected[: asked["k"]]


def test_each_session_of_a_batch_has_filters_of_its_own(recommender: Recommender) -> None:
    bought: list[list[str]] = [["item 3", "item 8"], [], list(ITEMS[:59]), ["never seen"], []]
    sessions = [*SESSIONS, []]
    together = recommender.recommend(sessions, 7, bought=bought, only=Only(same_category=True))
    for session, gone, found in zip(sessions, bought, together, strict=True):
        alone = recommender.recommend([session], 7, bought=[gone], only=Only(same_category=True))[0]
        assert [item for item, _ in found] == [item for item, _ in alone]
    assert [found.category for found in together] == ["a", "b", "c", "b", None]
    assert len(together[2]) <= 1


def test_few_scores_at_once_give_the_same_lists(recommender: Recommender, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"k": 20, "exclude": ITEMS[::2], "only": Only(max_price=20.0)}
    whole = recommender.recommend(SESSIONS, **asked)  # type: ignore[arg-type]
    monkeypatch.setattr("models.recommending.recommender.CELLS", 1)
    apart = recommender.recommend(SESSIONS, **asked)  # type: ignore[arg-type]
    assert [[item for item, _ in found] for found in apart] == [[item for item, _ in found] for found in whole]


@pytest.mark.parametrize(
    ("only", "told"),
    [
        (Only(categories=("A",)), r'Received: "A"\. Did you mean "a"'),
        (Only(categories=("shoes",)), 'Known: "a", "b", "c", "rare"'),
        (Only(min_price=3.0, max_price=2.0), "at most `max_price`. Received: 3.0 and 2.0"),
        (Only(min_price=float("nan")), "`min_price` should be at least 0"),
        (Only(max_price=-1.0), "Received: None and -1.0"),
    ],
)
def test_what_no_item_can_be_is_refused(recommender: Recommender, only: Only, told: str) -> None:
    with pytest.raises(InputError, match=told):
        recommender.recommend([["item 1"]], only=only)


def test_facts_that_nobody_told_are_asked_for_in_vain() -> None:
    nothing = make_catalogue(ITEMS, [None] * 60, np.full(60, np.nan))
    for catalogue, told in ((None, "without a catalogue"), (nothing, "tells no")):
        recommender = untrained(catalogue=catalogue)
        for only in (Only(categories=("a",)), Only(same_category=True), Only(max_price=1.0)):
            with pytest.raises(InputError, match=told):
                recommender.recommend([["item 1"]], only=only)
