"""Kinds and gaps reach the states at and after their event, never those before it, and add nothing where unknown."""

from itertools import pairwise
from typing import Any

import keras
import numpy as np
import pytest

from models.config import RecommenderConfig
from models.recommending.network import Network, build_network
from models.sessions.event_inputs import BOUNDS
from models.sessions.vocabulary import Vocabulary

VOCABULARY = Vocabulary(items=tuple("abcdefg"), counts=np.arange(9, 2, -1))
IDS = np.array([[1, 2, 1, 3, 5, 2], [4, 4, 6, 7, 1, 1]], dtype=np.int32)
KINDS = np.array([[1, 1, 2, 3, 1, 4], [5, 1, 1, 2, 2, 1]], dtype=np.int32)
WAITS = np.array([[0, 2, 40, 7, 100, 3000], [0, 0.5, 12, 200, 700, 1]], dtype=np.float32)


def told_network(encoder: str = "gru", **changes: Any) -> Network:
    """A network whose vectors of kinds and gaps are no longer zero."""
    config = RecommenderConfig.model_validate(
        {"dimension": 6, "max_length": 8, "encoder": encoder, "use_gaps": True, **changes}
    )
    network = build_network(VOCABULARY, config, seed=3)
    rng = np.random.default_rng(0)
    for weight in network.encoder.trainable_weights:
        if weight.path.split("/")[0] in ("kind", "gap", "returns", "recency"):
            weight.assign(rng.normal(size=weight.shape).astype("float32"))
    return network


def states(network: Network, ids: Any = IDS, kinds: Any = None, gaps: Any = None) -> np.ndarray:
    return np.asarray(network.read(ids, kinds=kinds, gaps=gaps)[1])


@pytest.mark.parametrize("encoder", ["gru", "lstm", "attention", "pooling"])
def test_what_comes_after_a_position_never_changes_its_state(encoder: str) -> None:
    network, rng = told_network(encoder), np.random.default_rng(1)
    before = states(network, IDS, KINDS, WAITS)
    for cut in range(1, 6):
        later = [part.copy() for part in (IDS, KINDS, WAITS)]
        later[0][:, cut:] = rng.integers(0, 8, (2, 6 - cut))
        later[1][:, cut:] = rng.integers(0, 6, (2, 6 - cut))
        later[2][:, cut:] = rng.uniform(-1, 4000, (2, 6 - cut))
        after = states(network, *later)
        np.testing.assert_allclose(after[:, :cut], before[:, :cut], atol=1e-6)
        assert np.abs(after[:, cut:] - before[:, cut:]).max() > 1e-3


@pytest.mark.parametrize("encoder", ["gru", "pooling"])
def test_each_kind_and_each_gap_moves_the_state_of_its_event(encoder: str) -> None:
    network = told_network(encoder)
    plain = states(network)
    for place in range(6):
        for name, value in (("kinds", 2), ("gaps", 45.0)):
            told = np.full(IDS.shape, 0 if name == "kinds" else -1, "int32" if name == "kinds" else "float32")
            told[:, place] = value
            moved = np.abs(states(network, **{name: told}) - plain).max(axis=(0, 2))
            assert (moved[:place] < 1e-6).all()
            assert moved[place] > 1e-3


def test_what_is_unknown_adds_nothing() -> None:
    network = told_network()
    config = RecommenderConfig(dimension=6, max_length=8, use_events=False, use_gaps=False)
    alone = build_network(VOCABULARY, config, seed=3)
    theirs = {weight.path: weight for weight in network.encoder.weights}
    for weight in alone.encoder.weights:
        weight.assign(theirs[weight.path])
    assert [asked.name for asked in alone.encoder.inputs] == ["vectors", "back"]
    np.testing.assert_array_equal(states(network), states(alone))
    np.testing.assert_array_equal(states(alone, IDS, KINDS, WAITS), states(alone))


def test_gaps_count_by_their_bucket() -> None:
    network = told_network()
    rows = []
    for low, high in zip(BOUNDS, [*BOUNDS[1:], 1e9], strict=True):
        edges = [np.full(IDS.shape, gap, "float32") for gap in (low, np.nextafter(np.float32(high), np.float32(0)))]
        first, last = (states(network, gaps=edge) for edge in edges)
        np.testing.assert_array_equal(first, last)
        rows.append(first)
    assert all(np.abs(a - b).max() > 1e-3 for a, b in pairwise(rows))


def test_training_hides_kinds_and_gaps_of_whole_windows_now_and_then() -> None:
    network = told_network(input_dropout=0.0)
    ids, kinds = np.tile(IDS[:1], (600, 1)), np.tile(KINDS[:1], (600, 1))
    found = np.asarray(network.read(keras.ops.convert_to_tensor(ids), True, keras.ops.convert_to_tensor(kinds))[1])
    distinct = {row.tobytes() for row in found}
    assert len(distinct) == 2
    hidden = np.abs(found - states(network)[0]).max(axis=(1, 2)) < 1e-6
    assert 0.05 < hidden.mean() < 0.16
