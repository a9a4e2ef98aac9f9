"""The test of `benchmarks.next_item`: what is ranked, and what the ranks say."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from models.recommending import ranking
from models.recommending.cases import make_prefixes
from models.sessions.sequences import Ids, Sequences
from models.sessions.vocabulary import Vocabulary

K = 20
LONG, RARE = 10, 32


class Cases:
    """The last prefix of every test session."""

    def __init__(self, test: Sequences, vocabulary: Vocabulary, length: int) -> None:
        """Encode the prefixes."""
        cases = make_prefixes(test, vocabulary, length)
        last = np.flatnonzero(np.append(np.diff(cases.sessions) > 0, True))
        self.inputs, self.targets, self.repeats = cases.inputs[last], cases.targets[last] - 1, cases.repeats[last]
        self.groups = np.array(test.session_ids, dtype=np.int64)
        self.items = len(vocabulary)
        events = np.where(self.targets >= 0, vocabulary.counts[self.targets], 0)
        distinct = np.array([len(np.unique(row[row > 0])) for row in self.inputs])
        new = ~self.repeats
        self.parts = {
            "repeats": self.repeats,
            "new": new,
            f"new_after_{LONG}_items": new & (distinct >= LONG),
            f"new_under_{RARE}_events": new & (events < RARE),
        }
        """Rows of kinds of targets: repeats, those new to the session, and of these the ones after many different items
        and the ones with few training events."""

    def rank(self, scorer: Any) -> ranking.Ranking:
        """Where a scorer puts each target."""

        def scores(start: int, stop: int) -> Any:
            inputs: Ids = self.inputs[start:stop]
            return scorer.scores(inputs)

        return ranking.rank_all(scores, self.targets, self.items, K)

    def told(self, ranks: ranking.Floats) -> dict[str, float]:
        """Metrics of (P,) ranks, and their Recall in each of the parts that has any target."""
        gains = ranking.gains(ranks, K)
        figures = dict(zip(ranking.names(K), gains.mean(axis=0), strict=True))
        recall = ranking.names(K)[0]
        figures |= {f"{recall}_{part}": gains[rows, 0].mean() for part, rows in self.parts.items() if rows.any()}
        return {name: float(value) for name, value in figures.items()}

    def told_by_seed(self, ours: Mapping[int, ranking.Floats]) -> dict[str, float]:
        """What is told of our ranks by seed: the means over the seeds, and some of it of each seed."""
        told = {seed: self.told(ranks) for seed, ranks in ours.items()}
        figures = means(list(told.values()))
        for metric in ("recall_at_20", "mrr_at_20", "recall_at_20_new"):
            figures |= {f"{metric}_seed_{seed}": one[metric] for seed, one in told.items()}
        return figures

    def beside(self, name: str, ranks: ranking.Floats, gains: ranking.Floats) -> dict[str, float]:
        """What is told of another's (P,) ranks, and intervals of what our (P, 3) gains are above its, case by case."""
        figures = {f"{name}_{metric}": value for metric, value in self.told(ranks).items()}
        return figures | self.intervals(gains - ranking.gains(ranks, K), f"gain_over_{name}")

    def intervals(self, gains: ranking.Floats, name: str) -> dict[str, float]:
        """95% intervals of the means of (P, 3) gains, or of differences of gains, by test session."""
        ends = ranking.bootstrap_intervals(gains, self.groups, 1_000, seed=0)
        figures: dict[str, float] = {}
        for metric, (low, high) in zip(ranking.names(K), ends, strict=True):
            figures |= {f"{metric}_{name}_low": low, f"{metric}_{name}_high": high}
        return figures


def mean_gains(ours: Mapping[int, ranking.Floats]) -> ranking.Floats:
    """(P, 3) what each case brings to the metrics, in the mean over the seeds."""
    gains: ranking.Floats = np.mean([ranking.gains(ranks, K) for ranks in ours.values()], axis=0)
    return gains


def means(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Mean of each figure over the runs."""
    return {name: float(np.mean([run[name] for run in runs])) for name in runs[0]}


def coverage(found: ranking.Ranking) -> dict[str, float]:
    """Share of the catalogue that a ranking shows to anybody."""
    name = f"coverage_at_{K}"
    return {name: ranking.metrics(found, K)[name]}
