"""The shift of a session's own items is the best of those tried, by the definition of NDCG."""

from pathlib import Path

import numpy as np
import pytest

from models.config import RecommenderConfig
from models.recommending.calibration import SHIFTS, fit_own_shift, shift_own_items
from models.recommending.cases import make_prefixes
from models.recommending.ranking import gains, rank_targets
from models.recommending.recommender import Recommender
from models.recommending.training import train_recommender
from models.sessions.sequences import Sequences, from_lists

# Keras 3.15 saves an Embedding by np.array(variable), which NumPy 2 does not like.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CONFIG = RecommenderConfig(dimension=16, epochs=2, batch_size=64, max_length=8, top_k=3)


def sessions(count: int, seed: int, returning: float) -> Sequences:
    """Walks on a ring of 40 items that go back to an earlier item with the given probability."""
    rng = np.random.default_rng(seed)
    lists = []
    for _ in range(count):
        walk = [int(rng.integers(40))]
        for _ in range(5):
            walk.append(int(rng.choice(walk)) if rng.random() < returning else (walk[-1] + 1) % 40)
        lists.append([f"i{item}" for item in walk])
    return from_lists(lists)


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    return train_recommender(sessions(600, 1, 0.2), sessions(0, 1, 0.2), CONFIG, 3).recommender


def ndcg(recommender: Recommender, held_out: Sequences) -> float:
    cases = make_prefixes(held_out, recommender.vocabulary, CONFIG.max_length)
    ranks = rank_targets(recommender.scores(*cases.seen), cases.targets - 1)
    return float(gains(ranks, CONFIG.top_k)[:, 2].mean())


@pytest.mark.parametrize("returning", [0.0, 0.5, 1.0])
def test_no_other_shift_ranks_the_held_out_sessions_better(recommender: Recommender, returning: float) -> None:
    held_out = sessions(60, 2, returning)
    found = fit_own_shift(recommender, held_out)
    by_shift = {}
    for shift in [*SHIFTS[::5].tolist(), found]:
        shift_own_items(recommender, shift)
        by_shift[shift] = ndcg(recommender, held_out)
        shift_own_items(recommender, -shift)
    assert by_shift[found] == pytest.approx(max(by_shift.values()), abs=1e-6)


def test_items_that_rank_too_high_come_down_and_those_that_rank_too_low_go_up(recommender: Recommender) -> None:
    assert fit_own_shift(recommender, sessions(60, 2, 1.0)) > 0.0
    shift_own_items(recommender, 6.0)
    assert fit_own_shift(recommender, sessions(60, 2, 0.0)) < 0.0
    shift_own_items(recommender, -6.0)


def test_nothing_to_go_by_is_no_shift(recommender: Recommender) -> None:
    assert fit_own_shift(recommender, from_lists([])) == 0.0
    assert fit_own_shift(recommender, from_lists([["strange", "stranger"], ["i1"]])) == 0.0


def test_training_applies_what_it_found_and_keeps_it_in_the_file(tmp_path: Path) -> None:
    held_out = sessions(60, 2, 1.0)
    trained = train_recommender(sessions(600, 1, 0.2), held_out, CONFIG, 3)
    assert trained.own_shift > 0.0
    assert fit_own_shift(trained.recommender, held_out) == 0.0
    inputs = make_prefixes(held_out, trained.recommender.vocabulary, CONFIG.max_length).inputs
    trained.recommender.save(tmp_path)
    np.testing.assert_array_equal(Recommender.load(tmp_path).scores(inputs), trained.recommender.scores(inputs))
