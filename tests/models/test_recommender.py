"""The recommender ranks exactly, survives odd sessions and comes back from disk as it was."""

from pathlib import Path

import keras
import numpy as np
import pytest

from data.errors import InputError
from models.config import RecommenderConfig
from models.recommender import Recommender
from models.recommender_cases import pad
from models.recommender_network import build_network
from models.recommender_serving import serving_model
from models.sequences import Vocabulary

# Keras 3.15 saves an Embedding by np.array(variable), which NumPy 2 does not like.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ITEMS = tuple(f"item {place}" for place in range(60))


def untrained(items: tuple[str, ...] = ITEMS, encoder: str = "gru") -> Recommender:
    config = RecommenderConfig.model_validate({"dimension": 8, "max_length": 5, "encoder": encoder})
    vocabulary = Vocabulary(items=items, counts=np.arange(len(items) + 3, 3, -1))
    network = build_network(vocabulary, config, seed=1)
    rng = np.random.default_rng(0)
    for weight in [*network.head.trainable_weights, network.items.embeddings]:
        weight.assign(rng.normal(size=weight.shape).astype("float32"))
    return Recommender(serving_model(network, vocabulary, config), vocabulary, config)


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    return untrained()


SESSIONS = [
    ["item 3"],
    ["item 4", "item 4", "item 9", "item 4"],
    ["item 5", "never seen", "item 50", "", "item 5"],
    [f"item {place % 7}" for place in range(23)],
]


def exact(recommender: Recommender, session: list[str], k: int) -> list[str]:
    known = [ITEMS.index(item) + 1 for item in session if item in ITEMS]
    scores = recommender.scores(pad([known], recommender.config.max_length))[0]
    return [ITEMS[place] for place in np.argsort(-scores, kind="stable")[:k]]


@pytest.mark.parametrize("encoder", ["gru", "lstm", "attention", "pooling"])
def test_lists_are_those_of_an_exact_ranking_of_the_catalogue(encoder: str) -> None:
    recommender = untrained(encoder=encoder)
    for session, found in zip(SESSIONS, recommender.recommend(SESSIONS, 12), strict=True):
        assert [item for item, _ in found] == exact(recommender, session, 12)
        assert found.source == "model"
        scores = [score for _, score in found]
        assert scores == sorted(scores, reverse=True)


def test_the_saved_model_alone_gives_the_same_lists(recommender: Recommender, tmp_path: Path) -> None:
    recommender.save(tmp_path)
    # Nothing of ours is needed: Keras alone, in safe mode.
    model = keras.saving.load_model(tmp_path / "recommender.keras", safe_mode=True, compile=False)
    rows = [session[-5:] + [""] * (5 - len(session[-5:])) for session in SESSIONS]
    answer = model(keras.ops.convert_to_tensor(rows))
    lists = np.asarray(answer["items"]).astype(str).tolist()
    assert lists == [[item for item, _ in found] for found in recommender.recommend(SESSIONS, 20)]


def test_a_loaded_recommender_is_the_saved_one_to_the_byte(recommender: Recommender, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, saved in ((first, recommender), (second, None)):
        folder.mkdir()
        (saved or Recommender.load(first)).save(folder)
    for name in ("recommender.keras", "recommender.json"):
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


def test_nobody_and_nothing_are_answered_with_nothing(recommender: Recommender) -> None:
    assert recommender.recommend([]) == []
    assert recommender.recommend([["item 1"]], exclude=ITEMS)[0].ranked == ()
    with pytest.raises(InputError, match="`k` should be at least 1"):
        recommender.recommend([["item 1"]], 0)
    with pytest.raises(InputError, match="list of item ids"):
        recommender.recommend(["item 1"])


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
