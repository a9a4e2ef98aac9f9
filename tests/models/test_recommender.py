"""The recommender ranks exactly, survives odd sessions and comes back from disk as it was."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError
from models.catalogue import Catalogue, Only, make_catalogue
from models.config import RecommenderConfig
from models.recommender import Recommender
from models.recommender_network import build_network
from models.recommender_serving import serving_model
from models.vocabulary import Vocabulary
from tests.models.padding import pad

# Keras 3.15 saves an Embedding by np.array(variable), which NumPy 2 does not like.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ITEMS = tuple(f"item {place}" for place in range(60))


CATEGORIES = [None if place % 10 == 7 else "abc"[place % 3] for place in range(60)]
PRICES = np.array([np.nan if place % 8 == 5 else place / 2 for place in range(60)])
SHOP = make_catalogue(
    [*ITEMS, "sold once"], [*CATEGORIES, "rare"], np.append(PRICES, 1e6)
)  # the vocabulary leaves the last one out


def untrained(items: tuple[str, ...] = ITEMS, catalogue: Catalogue | None = None, **changes: Any) -> Recommender:
    config = RecommenderConfig.model_validate({"dimension": 8, "max_length": 5, "use_gaps": True, **changes})
    vocabulary = Vocabulary(items=items, counts=np.arange(len(items) + 3, 3, -1))
    network = build_network(vocabulary, config, seed=1)
    rng = np.random.default_rng(0)
    told = [weight for weight in network.encoder.trainable_weights if weight.path.split("/")[0] in ("kind", "gap")]
    for weight in [*network.head.trainable_weights, network.items.embeddings, *told]:
        weight.assign(rng.normal(size=weight.shape).astype("float32"))
    return Recommender(serving_model(network, vocabulary, config), vocabulary, config, catalogue)


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    return untrained(catalogue=SHOP)


SESSIONS = [
    ["item 3"],
    ["item 4", "item 4", "item 9", "item 4"],
    ["item 5", "never seen", "item 50", "", "item 5"],
    [f"item {place % 7}" for place in range(23)],
]


EVENTS = [
    ["cart"],
    ["view", "view", "cart", "purchase"],
    ["view"] * 5,
    ["view", "uncart", "favourite"] * 7 + ["view"] * 2,
]
GAPS = [[5.0], [0.0, 2.0, 700.0, 31.0], [0.0, 4.0, 9.0, 70.0, 200.0], [float(3 * place) for place in range(23)]]


def exact(recommender: Recommender, session: list[str], k: int) -> list[str]:
    known = [ITEMS.index(item) + 1 for item in session if item in ITEMS]
    scores = recommender.scores(pad([known], recommender.config.max_length))[0]
    return [ITEMS[place] for place in np.argsort(-scores, kind="stable")[:k]]


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


def test_the_saved_model_alone_gives_the_same_lists(recommender: Recommender, tmp_path: Path) -> None:
    recommender.save(tmp_path)
    # Nothing of ours is needed: Keras alone, in safe mode.
    model = keras.saving.load_model(tmp_path / "recommender.keras", safe_mode=True, compile=False)
    told = {"events": EVENTS, "gaps": GAPS}
    for chosen in ((), ("events",), ("gaps",), ("events", "gaps")):
        inputs = {
            "session": padded(SESSIONS, ""),
            "events": padded(EVENTS if "events" in chosen else [], ""),
            "gaps": padded(GAPS, 0.0) if "gaps" in chosen else np.full((4, 5), -1.0, "float32"),
        }
        answer = model({name: keras.ops.convert_to_tensor(rows) for name, rows in inputs.items()})
        lists = np.asarray(answer["items"]).astype(str).tolist()
        asked: dict[str, Any] = {name: told[name] for name in chosen}
        assert lists == [[item for item, _ in found] for found in recommender.recommend(SESSIONS, 20, **asked)]


def padded(rows: list[list[Any]], nothing: Any) -> list[list[Any]]:
    """Four rows of the latest five each."""
    return [row[-5:] + [nothing] * (5 - len(row[-5:])) for row in [*rows, *[[]] * (4 - len(rows))]]


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


def test_a_loaded_recommender_is_the_saved_one_to_the_byte(recommender: Recommender, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, saved in ((first, recommender), (second, None)):
        folder.mkdir()
        (saved or Recommender.load(first)).save(folder)
    for name in ("recommender.keras", "recommender.json", "recommender_catalogue.parquet"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    assert Recommender.load(second).recommend(SESSIONS) == recommender.recommend(SESSIONS)


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
    monkeypatch.setattr("models.recommender.CELLS", 1)
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


def test_files_that_do_not_belong_together_are_refused(recommender: Recommender, tmp_path: Path) -> None:
    recommender.save(tmp_path)
    (tmp_path / "recommender.json").write_text("{}")
    with pytest.raises(InputError, match="should describe the recommender"):
        Recommender.load(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    untrained(("a", "b")).save(other)
    (tmp_path / "recommender.json").write_bytes((other / "recommender.json").read_bytes())
    with pytest.raises(InputError, match="not of one training"):
        Recommender.load(tmp_path)
