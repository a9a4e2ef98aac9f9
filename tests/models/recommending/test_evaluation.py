"""The recommender is measured beside its baselines, in parts, and on a seeded sample where there is much."""

from collections.abc import Iterable

import numpy as np
import pytest

from models.config import RecommenderConfig
from models.recommending.cases import make_prefixes
from models.recommending.evaluation import BASELINES, evaluate_recommender
from models.recommending.network import build_network
from models.recommending.recommender import Recommender
from models.recommending.serving import serving_model
from models.recommending.slices import prefix_slices
from models.sessions.sequences import Sequences, from_lists
from models.sessions.vocabulary import build_vocabulary

CONFIG = RecommenderConfig(dimension=4, max_length=5, top_k=3)


def sessions(count: int, seed: int, items: Iterable[str] = "aaaaabbbcd") -> Sequences:
    rng = np.random.default_rng(seed)
    return from_lists([rng.choice(list(items), rng.integers(1, 6)).tolist() for _ in range(count)])


def untrained(train: Sequences) -> Recommender:
    vocabulary = build_vocabulary(train)
    return Recommender(serving_model(build_network(vocabulary, CONFIG, 0), vocabulary, CONFIG), vocabulary, CONFIG)


def test_every_named_baseline_is_measured_at_every_length_and_no_other() -> None:
    train, test = sessions(60, 1), sessions(40, 2, "aabcdx")
    found = evaluate_recommender(untrained(train), train, test, CONFIG, 0, resamples=5)
    assert list(found["baselines"]) == list(found["differences"]) == list(CONFIG.baselines) == list(BASELINES)
    for name, told in found["by_k"].items():
        assert len(told) == 6 * 3
        assert told.items() >= (found["test"] if name == "model" else found["baselines"][name]).items()
        assert told["recall_at_3"] <= told["recall_at_5"] == told["recall_at_10"]
        assert told["coverage_at_5"] == 1.0, "of four items all are shown"
        assert told["gini_at_10"] == pytest.approx(0.0)
    assert found["by_k"]["popularity"]["gini_at_3"] == pytest.approx(1 / 4), "three of four items, equally often"
    few = CONFIG.model_copy(update={"baselines": ("vstan",)})
    assert list(evaluate_recommender(untrained(train), train, test, few, 0, resamples=5)["by_k"]) == ["model", "vstan"]


def test_slices_of_one_title_add_up_to_the_whole() -> None:
    train, test = sessions(60, 1), sessions(40, 2, "aabcdx")
    found = evaluate_recommender(
        untrained(train), train, test, CONFIG, 0, resamples=5, categories={"a": "toys", "b": "books"}
    )
    titles = {part["title"] for part in found["slices"]}
    assert titles == {
        "Items so far", "Next item", "Training events of the next item", "Category of the next item"
    }  # fmt: skip
    for title in titles:
        parts = [part for part in found["slices"] if part["title"] == title]
        assert sum(part["n"] for part in parts) == found["counts"]["prefixes"]
        for metric, value in found["test"].items():
            if "coverage" not in metric:
                mean = sum(part["n"] * part["test"][metric] for part in parts) / found["counts"]["prefixes"]
                assert mean == pytest.approx(value)
        for part in parts:
            assert all(low <= high for low, high in part["test_intervals"].values())


def test_a_step_is_in_the_slice_of_its_session_and_its_next_item() -> None:
    train = from_lists([["a"] * 50 + ["b"] * 20 + ["c"] * 20 + ["d"] * 5 + ["e"]])
    vocabulary = build_vocabulary(train)
    cases = make_prefixes(from_lists([["x", "a", "b", "a", "d", "x"], ["c", "e"]]), vocabulary, 5)
    labels = [
        {one.title: one.label for one in prefix_slices(cases, vocabulary, {"a": "toys"}) if one.rows[row]}
        for row in range(len(cases))
    ]
    assert [label["Items so far"] for label in labels] == ["0", "1", "2", "3 to 5", "3 to 5", "1"]
    assert [label["Next item"].split()[0] for label in labels] == ["new", "new", "already", "new", "new", "new"]
    events = [label["Training events of the next item"].split()[0].strip(":") for label in labels]
    assert events == ["popular", "warm", "popular", "cold", "unknown", "cold"]
    categories = [label["Category of the next item"] for label in labels]
    assert categories == ["toys", "unknown", "toys", "unknown", "unknown", "unknown"]


def test_a_sample_has_nearly_the_wanted_size_and_is_a_function_of_the_seed() -> None:
    train, test = sessions(60, 1), sessions(200, 2)
    recommender = untrained(train)
    whole = evaluate_recommender(recommender, train, test, CONFIG, 0, resamples=5)
    first, again, other = (
        evaluate_recommender(recommender, train, test, CONFIG, seed, resamples=5, max_prefixes=100)
        for seed in (1, 1, 2)
    )
    assert whole["sample_of"] is None
    assert first == again
    assert first["test"] != other["test"]
    assert first["sample_of"] == {name: whole["counts"][name] for name in ("prefixes", "sessions")}
    assert 95 < first["counts"]["prefixes"] <= 100


def test_a_session_longer_than_the_sample_is_taken_whole() -> None:
    train, test = sessions(60, 1), from_lists([["a", "b"] * 10, ["b", "a"] * 10])
    found = evaluate_recommender(untrained(train), train, test, CONFIG, 0, resamples=5, max_prefixes=3)
    assert found["counts"]["prefixes"] == 19
