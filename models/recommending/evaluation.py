"""How good the recommender is on test sessions, beside the baselines."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from models.config import RecommenderConfig
from models.recommending import ranking
from models.recommending.baselines import (
    Baseline,
    ItemCooccurrence,
    Markov,
    Popularity,
    RepeatMarkov,
    SessionPopularity,
)  # fmt: skip
from models.recommending.cases import Prefixes, make_prefixes
from models.recommending.recommender import Recommender
from models.recommending.slices import PrefixSlice, prefix_slices
from models.recommending.vsknn import VSkNN
from models.recommending.vstan import VSTAN
from models.sessions.sequences import Sequences
from models.sessions.vocabulary import Vocabulary

BASELINES: dict[str, Callable[[Sequences, Vocabulary], Baseline]] = {
    "popularity": lambda _, vocabulary: Popularity(vocabulary),
    "session_popularity": lambda _, vocabulary: SessionPopularity(vocabulary),
    "markov": Markov,
    "repeat_markov": RepeatMarkov,
    "item_cooccurrence": ItemCooccurrence,
    "vsknn": VSkNN,
    "vstan": VSTAN,
}
"""Names of `recommender.baselines` and what makes them of the training sessions."""

SHORT = (5, 10)
"""Lengths of list that quality is told for besides `top_k`."""


def evaluate_recommender(
    recommender: Recommender,
    train: Sequences,
    test: Sequences,
    config: RecommenderConfig,
    seed: int,
    resamples: int = 500,
    max_prefixes: int | None = None,
    categories: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Rank the whole catalogue at every event of the test sessions that has an earlier one.

    Nothing is left out: a next item outside the vocabulary is a miss for everybody, and a session without a known item
    yet is answered by popularity. Items that score the same as the right one count as ranked before it.

    Args:
        recommender: what is measured.
        train: training sessions, which the baselines count.
        test: sessions that neither training nor early stopping has seen.
        config: `top_k` is the K of the metrics, `baselines` are measured beside it.
        seed: seed of the bootstrap and of the sample.
        resamples: bootstrap samples (of whole sessions) behind each 95% interval.
        max_prefixes: events to rank at; where there are more, a sample of whole sessions with about as many is taken.
        categories: category of the items, for slices by it.

    Returns:
        `test` {recall_at_20, mrr_at_20, ndcg_at_20, coverage_at_20}, `test_intervals` {metric: [low, high]} (coverage
        is no mean over sessions and has none), `baselines` {name: {…}} of the same form as `test`, `differences`
        {baseline: {metric: [mean, low, high]}} (model - baseline, paired), `by_k` {model and each baseline:
        {recall, mrr, ndcg, coverage, gini and novelty at 5, 10 and 20: "recall_at_5"}}, `slices` [{title, slice, n,
        test, test_intervals, baselines}], `counts` {prefixes, items, sessions, repeats, unknown_targets} of what was
        ranked, and `sample_of` {prefixes, sessions} where that is not everything, else None; `{"skipped": reason}`
        where no test session has two events.
    """
    vocabulary, k = recommender.vocabulary, config.top_k
    everything = make_prefixes(test, vocabulary, recommender.config.max_length)
    if not len(everything):
        return {"skipped": "no test session has two item events"}
    cases = sampled(everything, max_prefixes, seed)
    cutoffs = tuple(sorted({*SHORT, k}))
    rankings = {
        name: ranking.rank_all(scorer, cases.targets - 1, len(vocabulary), *cutoffs)
        for name, scorer in _scorers(recommender, train, cases, config).items()
    }
    gains = {name: ranking.gains(found.ranks, k) for name, found in rankings.items()}

    def intervals(values: ranking.Floats, rows: Any = slice(None)) -> ranking.Floats:
        return ranking.bootstrap_intervals(values[rows], cases.sessions[rows], resamples, seed)

    return {
        "test": ranking.metrics(rankings["model"], k),
        "test_intervals": _rows(k, intervals(gains["model"])),
        "baselines": {name: ranking.metrics(rankings[name], k) for name in config.baselines},
        "differences": {name: _differences(k, gains["model"] - gains[name], intervals) for name in config.baselines},
        "by_k": {name: _by_k(found, cutoffs, vocabulary) for name, found in rankings.items()},
        "slices": [_slice(k, one, gains, intervals) for one in prefix_slices(cases, vocabulary, categories)],
        "counts": _counts(cases, len(vocabulary)),
        "sample_of": _size(everything) if len(cases) < len(everything) else None,
    }


def sampled(cases: Prefixes, most: int | None, seed: int) -> Prefixes:
    """Cases of randomly drawn whole sessions, about `most` of them, in their order; the first session always fits."""
    if most is None or len(cases) <= most:
        return cases
    _, session = np.unique(cases.sessions, return_inverse=True)
    sizes = np.bincount(session)
    drawn = np.random.default_rng(seed).permutation(len(sizes))
    kept = drawn[: max(1, int(np.searchsorted(np.cumsum(sizes[drawn]), most, side="right")))]
    rows = np.isin(session, kept)
    return Prefixes(cases.seen.rows(rows), cases.targets[rows], cases.sessions[rows], cases.repeats[rows])


def _scorers(
    recommender: Recommender, train: Sequences, cases: Prefixes, config: RecommenderConfig
) -> dict[str, ranking.Scorer]:
    """What scores the cases: the model first, then each baseline."""
    scorers: dict[str, ranking.Scorer] = {
        "model": lambda start, stop: recommender.scores(*cases.seen.rows(slice(start, stop)))
    }
    for name in config.baselines:
        baseline = BASELINES[name](train, recommender.vocabulary)
        scorers[name] = lambda start, stop, baseline=baseline: baseline.scores(cases.inputs[start:stop])  # type: ignore[misc]
    return scorers


def _slice(k: int, one: PrefixSlice, gains: Mapping[str, ranking.Floats], intervals: Any) -> dict[str, Any]:
    return {
        "title": one.title,
        "slice": one.label,
        "n": int(one.rows.sum()),
        "test": _means(k, gains["model"][one.rows]),
        "test_intervals": _rows(k, intervals(gains["model"], one.rows)),
        "baselines": {name: _means(k, found[one.rows]) for name, found in gains.items() if name != "model"},
    }


def _size(cases: Prefixes) -> dict[str, int]:
    return {"prefixes": len(cases), "sessions": len(np.unique(cases.sessions))}


def _by_k(found: ranking.Ranking, cutoffs: tuple[int, ...], vocabulary: Vocabulary) -> dict[str, float]:
    told: dict[str, float] = {}
    for k in cutoffs:
        told |= ranking.metrics(found, k)
        told[f"gini_at_{k}"] = ranking.gini(found.exposure[k])
        told[f"novelty_at_{k}"] = ranking.novelty(found.exposure[k], vocabulary.counts)
    return told


def _means(k: int, values: ranking.Floats) -> dict[str, float]:
    return {name: float(value) for name, value in zip(ranking.names(k), values.mean(axis=0), strict=True)}


def _counts(cases: Prefixes, items: int) -> dict[str, int]:
    return {
        "prefixes": len(cases),
        "items": items,
        "sessions": len(np.unique(cases.sessions)),
        "repeats": int(cases.repeats.sum()),
        "unknown_targets": int((cases.targets == 0).sum()),
    }


def _differences(k: int, values: ranking.Floats, intervals: Any) -> dict[str, list[float]]:
    return _rows(k, np.column_stack([values.mean(axis=0), intervals(values)]))


def _rows(k: int, values: ranking.Floats) -> dict[str, list[float]]:
    return {name: [float(value) for value in row] for name, row in zip(ranking.names(k), values, strict=True)}
