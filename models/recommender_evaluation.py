"""How good the recommender is on test sessions, beside the baselines."""

from typing import Any

import numpy as np

from models import ranking
from models.config import RecommenderConfig
from models.recommender import Recommender
from models.recommender_baselines import Markov, Popularity
from models.recommender_cases import Prefixes, make_prefixes
from models.sequences import Sequences


def evaluate_recommender(
    recommender: Recommender,
    train: Sequences,
    test: Sequences,
    config: RecommenderConfig,
    seed: int,
    resamples: int = 500,
) -> dict[str, Any]:
    """Rank the whole catalogue at every event of the test sessions that has an earlier one.

    Nothing is left out: a next item outside the vocabulary is a miss for everybody, and a session without a known item
    yet is answered by popularity. Items that score the same as the right one count as ranked before it.

    Args:
        recommender: what is measured.
        train: training sessions, which the baselines count.
        test: sessions that neither training nor early stopping has seen.
        config: `top_k` is the K of the metrics.
        seed: seed of the bootstrap.
        resamples: bootstrap samples (of whole sessions) behind each 95% interval.

    Returns:
        `test` {recall_at_20, mrr_at_20, ndcg_at_20, coverage_at_20}, `test_intervals` {metric: [low, high]} (coverage
        is no mean over sessions and has none), `baselines` {popularity, markov} of the same form as `test`,
        `differences` {baseline: {metric: [mean, low, high]}} (model - baseline, paired), and `counts` {prefixes,
        items, sessions, repeats, unknown_targets}; `{"skipped": reason}` where no test session has two events.
    """
    vocabulary, k = recommender.vocabulary, config.top_k
    cases = make_prefixes(test, vocabulary, recommender.config.max_length)
    if not len(cases):
        return {"skipped": "no test session has two item events"}
    scorers = {"model": recommender, "popularity": Popularity(vocabulary), "markov": Markov(train, vocabulary)}
    rankings = {
        name: ranking.rank_all(
            lambda start, stop, scorer=scorer: scorer.scores(cases.inputs[start:stop]),  # type: ignore[misc]
            cases.targets - 1,
            len(vocabulary),
            k,
        )
        for name, scorer in scorers.items()
    }
    gains = {name: ranking.gains(found.ranks, k) for name, found in rankings.items()}
    baselines = [name for name in scorers if name != "model"]

    def intervals(values: ranking.Floats) -> ranking.Floats:
        return ranking.bootstrap_intervals(values, cases.sessions, resamples, seed)

    return {
        "test": ranking.metrics(rankings["model"], k),
        "test_intervals": _rows(k, intervals(gains["model"])),
        "baselines": {name: ranking.metrics(rankings[name], k) for name in baselines},
        "differences": {name: _differences(k, gains["model"] - gains[name], intervals) for name in baselines},
        "counts": _counts(cases, len(vocabulary)),
    }


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
