"""Rankings are those of a naive implementation, whatever the chunks; intervals know sessions."""

import math
import tracemalloc

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.recommending import ranking

SCORES = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9),
    # few distinct values, so that ties are the rule
    elements=st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 2.0]),
)


def naive(scores: npt.NDArray[np.float64], targets: list[int], k: int) -> dict[str, float]:
    recall = mrr = ndcg = 0.0
    shown: set[int] = set()
    for row, target in zip(scores.tolist(), targets, strict=True):
        order = sorted(range(len(row)), key=lambda item: (-row[item], item))
        shown.update(order[:k])
        if target < 0:
            continue
        rank = 1 + sum(1 for item, score in enumerate(row) if item != target and score >= row[target])
        if rank <= k:
            recall, mrr, ndcg = recall + 1, mrr + 1 / rank, ndcg + 1 / math.log2(1 + rank)
    cases, items = scores.shape
    values = [recall / cases, mrr / cases, ndcg / cases, len(shown) / items]
    return dict(zip([f"{name}_at_{k}" for name in ("recall", "mrr", "ndcg", "coverage")], values, strict=True))


@given(SCORES, st.integers(1, 6), st.integers(1, 200), st.data())
@settings(max_examples=80, deadline=None)
def test_metrics_are_those_of_a_naive_ranking_for_any_chunk(
    scores: npt.NDArray[np.float64], k: int, chunk_bytes: int, data: st.DataObject
) -> None:
    cases, items = scores.shape
    targets = data.draw(st.lists(st.integers(-1, items - 1), min_size=cases, max_size=cases))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "CHUNK_BYTES", chunk_bytes)
        found = ranking.rank_all(lambda start, stop: scores[start:stop], np.array(targets), items, k)
    assert ranking.metrics(found, k) == pytest.approx(naive(scores, targets, k))


@given(SCORES, st.integers(1, 10))
@settings(max_examples=60, deadline=None)
def test_top_items_are_the_first_of_a_stable_sort(scores: npt.NDArray[np.float64], k: int) -> None:
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(ranking.top_items(scores, k), expected)


def test_a_scorer_that_gives_everything_the_same_score_or_none_gains_nothing() -> None:
    targets = np.arange(30)
    for value in (1.0, np.nan):
        assert ranking.rank_targets(np.full((30, 30), value), targets).tolist() == [30.0] * 30


def test_a_perfect_scorer_gets_all_there_is() -> None:
    found = ranking.rank_all(lambda start, stop: np.eye(30)[start:stop], np.arange(30), 30, 20)
    values = ranking.metrics(found, 20)
    assert [values[name] for name in ranking.names(20)] == [1.0, 1.0, 1.0]


def test_no_case_gives_no_number_rather_than_a_good_one() -> None:
    found = ranking.rank_all(lambda start, stop: np.zeros((stop - start, 5)), np.zeros(0, dtype=np.int64), 5, 2)
    assert all(math.isnan(value) for name, value in ranking.metrics(found, 2).items() if "coverage" not in name)
    assert np.isnan(ranking.bootstrap_intervals(np.zeros((0, 3)), np.zeros(0, dtype=np.int64), 10, 0)).all()


def test_intervals_are_of_whole_sessions() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(100), 40)
    same_in_a_session = rng.normal(size=100)[groups][:, None]
    low, high = ranking.bootstrap_intervals(same_in_a_session, groups, 2_000, 1)[0]
    # standard error of 100 draws, not of 4,000
    assert high - low == pytest.approx(2 * 1.96 * same_in_a_session[::40].std() / 10, rel=0.1)
    assert low < same_in_a_session.mean() < high
    one_session = ranking.bootstrap_intervals(same_in_a_session, np.zeros(4_000, dtype=np.int64), 50, 1)[0]
    assert one_session == pytest.approx([same_in_a_session.mean()] * 2)


def test_a_large_catalogue_is_ranked_in_bounded_memory() -> None:
    rng = np.random.default_rng(0)
    queries = rng.normal(size=(1_500, 8)).astype("float32")
    table = rng.normal(size=(8, 37_000)).astype("float32")
    tracemalloc.start()
    found = ranking.rank_all(lambda start, stop: queries[start:stop] @ table, np.arange(1_500), 37_000, 20)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    assert len(found.ranks) == 1_500
    assert peak < 300, "1,500 × 37,000 float32 alone are 212 MiB; ten times the cases must not take more"


@given(SCORES, st.lists(st.integers(1, 10), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_exposure_counts_the_lists_of_every_length(scores: npt.NDArray[np.float64], cutoffs: list[int]) -> None:
    cases, items = scores.shape
    found = ranking.rank_all(lambda a, b: scores[a:b], np.zeros(cases, dtype=np.int64), items, *cutoffs)
    for k in cutoffs:
        shown = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        assert found.exposure[k].tolist() == [int((shown == item).sum()) for item in range(items)]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=12).filter(any))
def test_gini_is_half_the_relative_mean_difference(counts: list[int]) -> None:
    exposure = np.array(counts)
    differences = np.abs(exposure[:, None] - exposure).mean()
    assert ranking.gini(exposure) == pytest.approx(differences / (2 * exposure.mean()))


def test_gini_and_novelty_have_their_closed_forms_at_the_ends() -> None:
    assert ranking.gini(np.full(7, 3)) == pytest.approx(0.0)
    assert ranking.gini(np.array([0, 0, 9, 0, 0])) == pytest.approx(1 - 1 / 5)
    assert math.isnan(ranking.gini(np.zeros(3, dtype=np.int64)))
    counts = np.array([4, 2, 1, 1])  # 1, 2, 3 and 3 bits
    assert ranking.novelty(np.array([5, 0, 0, 0]), counts) == pytest.approx(1.0)
    assert ranking.novelty(np.array([1, 1, 1, 1]), counts) == pytest.approx(9 / 4)
    assert ranking.novelty(np.array([0, 0, 2, 2]), counts) == pytest.approx(3.0)
    assert math.isnan(ranking.novelty(np.zeros(4, dtype=np.int64), counts))
