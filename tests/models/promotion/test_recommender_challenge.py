"""Recommenders are judged by the same sessions, and items they do not know are misses."""

import json

import numpy as np
import numpy.typing as npt
import pytest

from data.errors import InputError
from models.config import RecommenderConfig, RetrainConfig
from models.promotion.recommender_challenge import judge_ranks, judge_recommenders
from models.recommending import ranking
from models.recommending.network import build_network
from models.recommending.recommender import Recommender
from models.recommending.serving import serving_model
from models.recommending.slices import PrefixSlice
from models.sessions.sequences import Sequences, from_lists
from models.sessions.vocabulary import build_vocabulary

CONFIG = RetrainConfig(resamples=200, min_sessions=50, max_slice_fall=0.05)
Floats = npt.NDArray[np.float64]
SESSIONS = np.repeat(np.arange(400), 5)
RNG = np.random.default_rng(0)
RANKS = np.where(RNG.random(2_000) < 0.1, np.inf, RNG.integers(1, 60, 2_000).astype(np.float64))
BETTER = np.where(RNG.random(2_000) < 0.3, np.ceil(RANKS / 4), RANKS)


def test_better_ranks_are_promoted_worse_and_equal_ones_kept() -> None:
    assert judge_ranks(RANKS, BETTER, SESSIONS, CONFIG, 0).promote
    assert not judge_ranks(BETTER, RANKS, SESSIONS, CONFIG, 0).promote
    same = judge_ranks(RANKS, RANKS, SESSIONS, CONFIG, 0)
    assert not same.promote
    assert all(values == [0.0, 0.0, 0.0] for values in same.evidence["differences"].values())


def test_the_figures_are_those_of_the_ranking_metrics() -> None:
    verdict = judge_ranks(RANKS, BETTER, SESSIONS, CONFIG, 0)
    for name, ranks in (("champion", RANKS), ("challenger", BETTER)):
        expected = ranking.gains(ranks, 20).mean(axis=0)
        assert list(verdict.evidence[name].values()) == pytest.approx(expected)
    gain = verdict.evidence["differences"]["recall_at_20"][0]
    assert gain == pytest.approx(
        verdict.evidence["challenger"]["recall_at_20"] - verdict.evidence["champion"]["recall_at_20"]
    )
    assert f"{gain:+.4f}" in verdict.summary
    json.dumps(verdict.as_table(), allow_nan=False)


def test_recall_bought_with_worse_places_is_refused() -> None:
    # A few more in the list, but everybody at its end: recall up, MRR down.
    challenger = np.where(RNG.random(2_000) < 0.2, 20.0, np.where(RANKS <= 20, 20.0, RANKS))
    verdict = judge_ranks(RANKS, challenger, SESSIONS, CONFIG, 0)
    assert verdict.evidence["differences"]["recall_at_20"][1] > 0
    assert not verdict.promote
    assert "MRR@20 surely falls" in verdict.reasons[0]


def test_a_slice_that_falls_keeps_the_champion() -> None:
    rows = SESSIONS < 60
    verdict = judge_ranks(
        RANKS, np.where(rows, np.inf, BETTER), SESSIONS, CONFIG, 0, [PrefixSlice("Items so far", "0", rows)]
    )
    assert not verdict.promote
    assert any("Items so far, 0" in reason for reason in verdict.reasons)
    few = SESSIONS < 10
    told = judge_ranks(RANKS, np.where(few, np.inf, BETTER), SESSIONS, CONFIG, 0, [PrefixSlice("t", "few", few)])
    assert told.promote
    assert told.evidence["slices"][0]["difference"] is None


def test_the_margin_and_the_number_of_sessions_count() -> None:
    assert not judge_ranks(RANKS, BETTER, SESSIONS, CONFIG.model_copy(update={"recommender_margin": 0.9}), 0).promote
    few = judge_ranks(RANKS[:200], BETTER[:200], SESSIONS[:200], CONFIG, 0)
    assert "40 sessions" in few.summary
    assert not few.promote


def test_ranks_that_are_none_keep_the_champion_and_other_events_are_refused() -> None:
    broken = BETTER.copy()
    broken[4] = np.nan
    assert (
        "The challenger gives no rank for 1 of 2,000 events" in judge_ranks(RANKS, broken, SESSIONS, CONFIG, 0).summary
    )
    with pytest.raises(InputError, match="2,000, 1,999 and 2,000"):
        judge_ranks(RANKS, BETTER[1:], SESSIONS, CONFIG, 0)


FORM = RecommenderConfig(dimension=4, max_length=5, top_k=3)


def untrained(train: Sequences) -> Recommender:
    vocabulary = build_vocabulary(train)
    return Recommender(serving_model(build_network(vocabulary, FORM, 0), vocabulary, FORM), vocabulary, FORM)


def test_a_recommender_that_knows_the_new_items_beats_one_that_does_not() -> None:
    old = from_lists([list("abcab")] * 30)
    new = from_lists([list("abcab")] * 30 + [list("xyzxy")] * 30)
    test = from_lists([list("xyzxy"), list("zxyzz")] * 40)
    champion, challenger = untrained(old), untrained(new)
    verdict = judge_recommenders(champion, challenger, test, CONFIG, 0, k=6)
    assert verdict.promote
    assert verdict.evidence["champion"]["recall_at_6"] == 0.0
    assert verdict.evidence["challenger"]["recall_at_6"] == 1.0, "six items are the whole catalogue"
    assert verdict.evidence["events"] == 80 * 4
    assert not judge_recommenders(challenger, champion, test, CONFIG, 0, k=6).promote
    sampled = judge_recommenders(champion, challenger, test, CONFIG, 0, k=6, max_prefixes=240)
    assert sampled.evidence["sessions"] == 60
