"""A recommender that starts from an earlier one knows what that one knew, and learns the rest sooner."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from data.errors import InputError
from models.config import RecommenderConfig
from models.recommending.recommender import Recommender
from models.recommending.serving import serving_model
from models.recommending.training import TrainedRecommender, train_recommender
from models.recommending.warm_start import Origin, _copy_weights
from models.sessions.sequences import Sequences, from_lists
from tests.models.walks import SMALL, walks

# Keras 3.15 saves an Embedding by np.array(variable), which NumPy 2 does not like.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SESSIONS = [["i3"], ["i5", "i6"], ["i40", "i41", "i40", "i42"]]


def with_twins(sessions: Sequences, seed: int) -> Sequences:
    """The same walks, in which items 7 and 30 are replaced by new items in about every second session."""
    rng = np.random.default_rng(seed)
    swapped = rng.random(len(sessions)) < 0.5
    renamed = {"i7": "new i7", "i30": "new i30"}
    return from_lists(
        [
            [renamed.get(item, item) if swap else item for item in sessions.session(place)]
            for place, swap in enumerate(swapped)
        ]
    )


@pytest.fixture(scope="module")
def champion() -> Recommender:
    return train_recommender(walks(1_500, 1), walks(200, 2), SMALL, 5).recommender


@pytest.fixture(scope="module")
def later() -> tuple[Sequences, Sequences]:
    """Later training and validation sessions, with the new items."""
    return with_twins(walks(1_500, 11), 0), with_twins(walks(200, 12), 1)


def untouched(champion: Recommender, train: Sequences, config: RecommenderConfig = SMALL) -> Recommender:
    """What training starts with."""
    origin = Origin(champion, {})
    vocabulary = origin.vocabulary(train, config)
    network, _ = origin.network(train, vocabulary, config, seed=9)
    return Recommender(serving_model(network, vocabulary, config), vocabulary, config)


def test_before_the_first_update_known_items_score_as_they_did(
    champion: Recommender, later: tuple[Sequences, Sequences]
) -> None:
    start = untouched(champion, later[0])
    known = set(champion.vocabulary.items)
    for before, after in zip(champion.recommend(SESSIONS, 60), start.recommend(SESSIONS, 62), strict=True):
        was, now = dict(before.ranked), {item: score for item, score in after if item in known}
        assert now == pytest.approx(was, rel=1e-4, abs=1e-4)


def test_a_new_item_ranks_next_to_the_one_it_stands_in_for_before_any_training(
    champion: Recommender, later: tuple[Sequences, Sequences]
) -> None:
    def places(config: RecommenderConfig) -> list[int]:
        start = untouched(champion, later[0], config)
        lists = start.recommend([["i5", "i6"], ["i28", "i29"]], 62, exclude_seen=True)
        pairs = zip(lists, ("new i7", "new i30"), strict=True)
        return [[found for found, _ in ranked].index(item) for ranked, item in pairs]

    assert max(places(SMALL)) <= 1
    assert max(places(SMALL.model_copy(update={"item_start": "random"}))) > 3


def test_it_takes_fewer_epochs_to_the_same_validation_loss(
    champion: Recommender, later: tuple[Sequences, Sequences]
) -> None:
    warm = train_recommender(*later, SMALL.model_copy(update={"epochs": 1}), 5, champion=champion)
    zero = train_recommender(*later, SMALL.model_copy(update={"epochs": 4}), 5)
    assert warm.growth is not None
    assert zero.growth is None
    assert (warm.growth.kept, warm.growth.from_sessions, warm.growth.dropped) == (60, 2, 0)
    assert warm.history["val_loss"][0] < min(zero.history["val_loss"])
    assert set(warm.recommender.vocabulary.items) == set(zero.recommender.vocabulary.items)


def test_the_same_seed_gives_the_same_bytes_and_the_champion_is_left_as_it_was(
    champion: Recommender, tmp_path: Path
) -> None:
    quick = SMALL.model_copy(update={"epochs": 1})
    few = with_twins(walks(200, 11), 0), walks(50, 12)
    folders = [tmp_path / name for name in ("before", "first", "second", "after")]
    for folder in folders:
        folder.mkdir()
        learned = folder.name in ("first", "second")
        made = train_recommender(*few, quick, 5, champion=champion).recommender if learned else champion
        made.save(folder)
    before, first, second, after = ((folder / "recommender.keras").read_bytes() for folder in folders)
    assert first == second
    assert before == after
    assert first != before


def test_a_champion_read_back_from_disk_is_as_good(
    champion: Recommender, later: tuple[Sequences, Sequences], tmp_path: Path
) -> None:
    champion.save(tmp_path)
    start, again = (untouched(one, later[0]) for one in (champion, Recommender.load(tmp_path)))
    assert start.recommend(SESSIONS) == again.recommend(SESSIONS)


def test_refitting_starts_from_the_champion_again_and_counts_the_items_of_both(champion: Recommender) -> None:
    quick = SMALL.model_copy(update={"epochs": 1, "refit": True})
    newest = from_lists([["newest", "i1", "i2", "newest"]] * 40)
    found = train_recommender(with_twins(walks(400, 11), 0), newest, quick, 5, champion=champion)
    assert found.growth is not None
    assert (found.growth.kept, found.growth.from_sessions) == (60, 3)
    assert found.recommender.recommend([["i1", "newest"]])[0].skipped == 0


def test_trained_on_few_sessions_alone_it_keeps_what_they_do_not_have_where_asked(champion: Recommender) -> None:
    recent = from_lists([["i1", "i2", "i3", "new"]] * 60)
    config = SMALL.model_copy(update={"epochs": 1})
    dropped, kept = (
        train_recommender(recent, recent, config.model_copy(update={"keep_unseen": keep}), 5, champion=champion)
        for keep in (False, True)
    )
    assert set(dropped.recommender.vocabulary.items) == {"i1", "i2", "i3", "new"}
    assert len(kept.recommender.vocabulary) == 61
    assert kept.growth is not None
    assert (kept.growth.kept, kept.growth.unseen, kept.growth.dropped) == (60, 57, 0)
    assert [item for item, _ in kept.recommender.recommend([["i40", "i41"]], 1, exclude_seen=True)[0]] == ["i42"]
    assert [item for item, _ in kept.recommender.recommend([[]], 4)[0]] == ["i1", "i2", "i3", "new"]


@pytest.mark.parametrize("encoder", ["lstm", "attention", "pooling"])
def test_every_encoder_can_be_grown(encoder: str, later: tuple[Sequences, Sequences]) -> None:
    config = SMALL.model_copy(update={"epochs": 1, "encoder": encoder})
    first: TrainedRecommender = train_recommender(walks(300, 1), walks(50, 2), config, 5)
    start = untouched(first.recommender, later[0], config)
    was, now = (one.recommend(SESSIONS, 62) for one in (first.recommender, start))
    for before, after in zip(was, now, strict=True):
        assert {item: score for item, score in after if "new" not in item} == pytest.approx(
            dict(before.ranked), abs=1e-3
        )


@pytest.mark.parametrize("changes", [{"dimension": 16}, {"encoder": "pooling"}, {"max_length": 4}, {"use_gaps": True}])
def test_a_champion_of_another_form_is_refused(champion: Recommender, changes: dict[str, Any]) -> None:
    name = next(iter(changes))
    with pytest.raises(InputError, match=f"`recommender.{name}` is .* here and .* there"):
        train_recommender(walks(100, 1), walks(50, 2), SMALL.model_copy(update=changes), 5, champion=champion)


def test_weights_of_other_shapes_are_refused_whatever_the_settings_say(champion: Recommender) -> None:
    origin = Origin(champion, {})
    vocabulary = champion.vocabulary
    network, _ = origin.network(walks(100, 1), vocabulary, SMALL, 0)
    other, _ = origin.network(walks(100, 1), vocabulary, SMALL, 0)
    object.__setattr__(other, "head", keras.Sequential([keras.Input((64,)), keras.layers.Dense(3)]))
    with pytest.raises(InputError, match="The weights of its head have other shapes"):
        _copy_weights(other, network)
