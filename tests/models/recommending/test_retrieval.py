"""The training loss is the corrected softmax by hand, and the index is exact."""

from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from models.config import RecommenderConfig
from models.recommending import retrieval
from models.recommending.network import Network, build_network
from models.recommending.retrieval import SessionTrainer, TopItems
from models.sessions.encoded import Seen
from models.sessions.vocabulary import Vocabulary

CONFIG = RecommenderConfig(dimension=6, max_length=4, dropout=0.0, use_gaps=True)
VOCABULARY = Vocabulary(items=tuple("abcdefg"), counts=np.arange(9, 2, -1))
BATCH = np.array([[1, 2, 1, 3, 0], [4, 4, 4, 0, 0], [5, 1, 2, 6, 5], [7, 3, 0, 0, 0]], dtype=np.int32)
FREQUENCY = np.array([0.0, 0.4, 0.2, 0.15, 0.1, 0.08, 0.05, 0.02])


@pytest.fixture(scope="module")
def network() -> Network:
    network = build_network(VOCABULARY, CONFIG, seed=3)
    rng = np.random.default_rng(0)
    for weight in network.head.trainable_weights:  # bonuses start at zero: give the test something to see
        weight.assign(rng.normal(size=weight.shape).astype("float32"))
    return network


def score(network: Network, prefix: list[int], item: int) -> float:
    """Score of an item after a prefix, by the definition."""
    rows = np.concatenate([np.zeros((1, CONFIG.dimension), np.float32), network.table()])
    states = np.asarray(network.read(np.array([prefix], dtype=np.int32))[1])
    vector, bonus, weight = (np.asarray(part)[0] for part in network.head(states[:, -1]))
    occurrences = [len(prefix) - 1 - place for place, other in enumerate(prefix) if other == item]
    cosine = (vector * CONFIG.temperature) @ rows[item]
    assert abs(cosine) < 1 + 1e-5
    return float((weight[0] if occurrences else 1.0) * cosine / CONFIG.temperature + sum(bonus[occurrences]))


def make_trainer(network: Network, **settings: object) -> SessionTrainer:
    """A trainer; by default one whose candidates are the batch's targets alone."""
    config = CONFIG.model_validate(CONFIG.model_dump() | {"negatives": 0} | settings)
    return SessionTrainer(network, FREQUENCY, VOCABULARY.counts, config)


def by_hand(network: Network) -> float:
    cases = [(w, row[: t + 1].tolist(), int(row[t + 1])) for w, row in enumerate(BATCH) for t in range(4) if row[t + 1]]
    total = 0.0
    for window, prefix, target in cases:
        drawn = {item for _, _, item in cases} - set(BATCH[window].tolist())

        def correction(item: int) -> float:
            return float(np.log(1 - (1 - FREQUENCY[item]) ** len(cases)))

        own = score(network, prefix, target) - (0.0 if target in prefix else correction(target))
        logits = [own]
        logits += [score(network, prefix, item) - correction(item) for item in drawn]
        logits += [score(network, prefix, item) for item in set(prefix) - {target}]
        total += float(np.logaddexp.reduce(logits)) - own
    return total / len(cases)


@pytest.mark.parametrize("loss", ["softmax", "in_batch"])
def test_the_loss_is_the_corrected_softmax_over_the_batch_and_the_session(network: Network, loss: str) -> None:
    trainer = make_trainer(network, loss=loss)
    assert float(trainer(tf.constant(BATCH))) == pytest.approx(by_hand(network), rel=1e-4)


@pytest.mark.parametrize("power", [0.0, 0.7])
def test_with_enough_negatives_it_is_the_softmax_over_the_whole_catalogue(network: Network, power: float) -> None:
    prefix, target = [2, 5], 3
    scores = [score(network, prefix, item) for item in range(1, 8)]
    expected = float(np.logaddexp.reduce(scores)) - scores[target - 1]
    # the window's first target, 5, has to be taken off: 3 comes soon after it and is no negative for it
    first = [item for item in range(1, 8) if item != target]
    logits = [score(network, prefix[:1], item) for item in first]
    expected += float(np.logaddexp.reduce(logits)) - logits[first.index(5)]
    for trainer in (
        make_trainer(network, negatives=2_000, negative_power=power),
        make_trainer(network, negatives="all"),
    ):
        assert 2 * float(trainer(tf.constant([[*prefix, target]]))) == pytest.approx(expected, rel=1e-4)


def test_bpr_max_is_the_published_formula(network: Network) -> None:
    prefix, target, penalty = [2, 5], 3, 0.4
    trainer = make_trainer(network, negatives="all", loss="bpr_max", score_penalty=penalty)
    total = 0.0
    for before, right, left_out in ((prefix[:1], 5, {3}), (prefix, target, set())):
        wrong = np.array([score(network, before, item) for item in range(1, 8) if item not in {right, *left_out}])
        weight = np.exp(wrong) / np.exp(wrong).sum()
        chance = weight @ (1 / (1 + np.exp(wrong - score(network, before, right))))
        total += -np.log(chance) + penalty * weight @ wrong**2
    assert 2 * float(trainer(tf.constant([[*prefix, target]]))) == pytest.approx(total, rel=1e-4)


def test_negatives_are_drawn_by_the_stated_power_of_the_counts(network: Network) -> None:
    trainer = make_trainer(network, negatives=40_000, negative_power=0.5)
    ids = trainer._candidates(tf.constant([], tf.int32), tf.constant(0.0), training=True).ids.numpy()
    drawn = np.bincount(ids[1:], minlength=8)
    expected = VOCABULARY.counts**0.5 / (VOCABULARY.counts**0.5).sum()
    np.testing.assert_allclose(drawn[1:] / 40_000, expected, atol=0.01)
    assert ids[0] == drawn[0] == 0


def test_padding_changes_nothing(network: Network) -> None:
    trainer = make_trainer(network)
    narrow = BATCH[[0, 1, 3], :4]
    assert float(trainer(tf.constant(narrow))) == pytest.approx(float(trainer(tf.constant(BATCH[[0, 1, 3]]))), rel=1e-6)


def test_a_batch_of_one_target_and_one_item_has_a_finite_loss(network: Network) -> None:
    trainer = make_trainer(network)
    assert float(trainer(tf.constant([[1, 1]]))) == pytest.approx(0.0, abs=1e-6)
    assert np.isfinite(float(trainer(tf.constant([[1, 2]]))))


@pytest.mark.parametrize("kind", ["brute_force", "streaming"])
@pytest.mark.parametrize("block", [7, 100, 1_000])
def test_every_index_is_an_exact_ranking_with_ties_by_position(
    kind: Literal["brute_force", "streaming"], block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieval, "BLOCK", block)
    rng = np.random.default_rng(0)
    # small integers, so that both sides add up to the same number in any order, and many items tie
    table = rng.integers(-3, 4, (300, 4)).astype("float32")
    queries = rng.integers(-3, 4, (40, 4)).astype("float32")
    exact: npt.NDArray[np.float32] = queries @ table.T
    for k in (1, 25, 300, 301):
        scores, positions = TopItems(table, kind)(queries, k)
        np.testing.assert_array_equal(positions, np.argsort(-exact, axis=1, kind="stable")[:, :k])
        np.testing.assert_array_equal(scores, np.take_along_axis(exact, positions.astype(np.int64), axis=1))
    assert TopItems(table[:3], kind)(queries[:1], 25)[1].shape == (1, 3)


def test_the_targets_own_kind_and_gap_are_not_seen(network: Network) -> None:
    trainer = make_trainer(network)
    for name in ("kind", "gap"):
        table = network.encoder.get_layer(name).embeddings
        table.assign(np.random.default_rng(1).normal(size=table.shape).astype("float32"))
    kinds = np.where(BATCH > 0, 1, 0).astype(np.int8)
    seen = Seen(BATCH, kinds, np.where(BATCH > 0, 5.0, -1.0).astype(np.float32))
    last = ((BATCH > 0) & (np.cumsum(BATCH[:, ::-1] > 0, axis=1)[:, ::-1] == 1)).nonzero()
    other = Seen(BATCH, kinds.copy(), seen.gaps.copy())
    other.kinds[last], other.gaps[last] = 4, 900.0
    loss = float(trainer(seen))
    assert float(trainer(other)) == loss
    other.kinds[:, 0] = 2
    assert float(trainer(other)) != loss
    for name in ("kind", "gap"):  # as the other tests expect them
        network.encoder.get_layer(name).embeddings.assign(np.zeros((6 if name == "kind" else 10, 6), "float32"))
