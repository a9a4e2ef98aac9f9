"""How high the session's own items rank among all others, put right on sessions that training has not seen.

The transitions of the training sessions are partly learned by heart: there the right new item is easier to tell than it
will ever be again. On later sessions the new items that come first are trusted too much, and the session's own items
rank too low. One number mends it, as Platt's two do a classifier.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.recommending.cases import Prefixes, make_prefixes
from models.recommending.recommender import Recommender
from models.recommending.retrieval import TopItems
from models.sessions.sequences import Sequences

SHIFTS = np.round(np.arange(-1.0, 5.01, 0.1), 1)
"""Shifts that are tried, in logits."""

MOST = 10_000
"""Latest held-out cases that choose among them."""

BATCH = 512
"""Cases ranked at once."""

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Contest:
    """Where n targets stand, as far as a shift can change it."""

    own: Scores
    """(n, L) scores of the session's items, minus infinity where there is none."""

    times: npt.NDArray[np.int64]
    """(n, L) how often each of them occurs in the session."""

    others: Scores
    """(n, m) the best scores of other items."""

    target: Scores
    """(n,) score of the target."""

    repeated: npt.NDArray[np.int64]
    """(n,) times that the target occurs in the session; 0 where it is new."""

    def ndcg(self, shift: float, k: int) -> float:
        """Mean NDCG@k with a shift."""
        target = (self.target + shift * self.repeated)[:, None]
        better = ((self.own + shift * self.times) > target).sum(axis=1) + (self.others > target).sum(axis=1)
        return float(np.where(better < k, 1.0 / np.log2(better + 2.0), 0.0).mean())


def fit_own_shift(recommender: Recommender, held_out: Sequences) -> float:
    """The shift with the highest NDCG at `top_k` on held-out sessions, the one nearest to 0 of equal ones.

    Args:
        recommender: a trained recommender.
        held_out: sessions that training has not seen, in order of time.

    Returns:
        What each occurrence of an item in its session should get on top, in logits; 0 with nothing to go by.
    """
    cases = make_prefixes(held_out, recommender.vocabulary, recommender.config.max_length)
    usable = np.flatnonzero((cases.targets > 0) & (cases.inputs[:, 0] > 0))[-MOST:]
    if not len(usable):
        return 0.0
    contest = _contest(recommender, cases, usable)
    tried = sorted(SHIFTS.tolist(), key=abs)
    return float(max(tried, key=lambda shift: contest.ndcg(shift, recommender.config.top_k)))


def shift_own_items(recommender: Recommender, by: float) -> None:
    """Give each occurrence of an item in its session so much on top, from now on."""
    bias = recommender.model.get_layer("head").get_layer("bonus").bias
    bias.assign(bias + by)


def _contest(recommender: Recommender, cases: Prefixes, rows: npt.NDArray[np.int64]) -> Contest:
    inputs, targets = cases.inputs[rows], cases.targets[rows]
    query, own = recommender.query(cases.seen.rows(rows))
    table = recommender.table
    others, places = _top(TopItems(table), query, recommender.config.top_k + inputs.shape[1])
    seen = (places[:, :, None] + 1 == inputs[:, None, :]).any(axis=2)
    times = ((inputs[:, :, None] == inputs[:, None, :]) & (inputs > 0)[:, :, None]).sum(axis=1)
    hit = (inputs == targets[:, None]) & np.isfinite(own)
    fresh = (query * table[targets - 1]).sum(axis=1)
    repeat = hit.any(axis=1)
    return Contest(
        own=own,
        times=times,
        others=np.where(seen, -np.inf, others),
        target=np.where(repeat, np.where(hit, own, 0.0).sum(axis=1), fresh),
        repeated=np.where(hit, times, 0).sum(axis=1),
    )


def _top(index: TopItems, query: Scores, k: int) -> tuple[Scores, npt.NDArray[np.int32]]:
    """Best scores and places, some sessions at a time: the scores of all items for all of them take gigabytes."""
    parts = [index(query[start : start + BATCH], k) for start in range(0, len(query), BATCH)]
    scores, places = zip(*parts, strict=True)
    return np.concatenate(scores), np.concatenate(places)
