"""The challenger of the recommender against its champion, on sessions that neither has learnt from."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from data.errors import InputError
from models.config.retraining import RetrainConfig
from models.promotion.challenge import CHALLENGER, CHAMPION
from models.promotion.verdict import SLICE_SESSIONS, Check, Verdict, decided, gained, kept, moved, slices_held, too_few
from models.recommending import ranking
from models.recommending.cases import make_prefixes
from models.recommending.evaluation import sampled
from models.recommending.recommender import Recommender
from models.recommending.slices import PrefixSlice, prefix_slices
from models.sessions.sequences import Sequences

K = 20


def judge_recommenders(
    champion: Recommender,
    challenger: Recommender,
    test: Sequences,
    config: RetrainConfig,
    seed: int,
    k: int = K,
    max_prefixes: int | None = None,
) -> Verdict:
    """Let both rank their whole catalogue at the same events of the same sessions, and judge.

    An item that a model does not know is a miss for it: knowing new items is a reason to be promoted.

    Args:
        champion: the recommender that is served.
        challenger: the new one.
        test: new sessions, which neither has learnt from.
        config: margins and levels.
        seed: of the draws and of the sample.
        k: length of the list.
        max_prefixes: events to rank at; where there are more, whole sessions with about as many are drawn.
    """
    ranks = {}
    for name, model in ((CHAMPION, champion), (CHALLENGER, challenger)):
        # The events are the same ones for both: which there are does not depend on the vocabulary.
        cases = sampled(make_prefixes(test, model.vocabulary, model.config.max_length), max_prefixes, seed)
        found = ranking.rank_all(
            lambda start, stop, model=model, cases=cases: model.scores(*cases.seen.rows(slice(start, stop))),  # type: ignore[misc]
            cases.targets - 1, len(model.vocabulary), k,
        )  # fmt: skip
        ranks[name] = found.ranks
        if name == CHAMPION:
            sessions, slices = cases.sessions, prefix_slices(cases, model.vocabulary)
    return judge_ranks(ranks[CHAMPION], ranks[CHALLENGER], sessions, config, seed, slices, k)


def judge_ranks(
    champion_ranks: npt.NDArray[np.floating],
    challenger_ranks: npt.NDArray[np.floating],
    sessions: npt.NDArray[np.integer],
    config: RetrainConfig,
    seed: int,
    slices: Sequence[PrefixSlice] = (),
    k: int = K,
) -> Verdict:
    """Promote where recall surely rises, MRR does not surely fall, and recall surely falls in no slice.

    Args:
        champion_ranks: (P,) rank of the next item by the champion at each event, infinite where it cannot rank it.
        challenger_ranks: (P,) by the challenger at the same events.
        sessions: (P,) session of each event; they are drawn whole.
        config: `recommender_margin`, levels and `max_slice_fall`.
        seed: of the draws.
        slices: parts of the events to look at by themselves.
        k: length of the list.

    Raises:
        InputError: the three are not of one length.
    """
    if not len(champion_ranks) == len(challenger_ranks) == len(sessions):
        raise InputError(
            "The ranks of both recommenders and the sessions should be of the same events. Received: "
            f"{len(champion_ranks):,}, {len(challenger_ranks):,} and {len(sessions):,} of them"
        )
    count = len(np.unique(sessions))
    evidence: dict[str, Any] = {
        "events": len(sessions), "sessions": count, "k": k,
        "confidence": config.confidence, "resamples": config.resamples,
    }  # fmt: skip
    ranks = {CHAMPION: champion_ranks, CHALLENGER: challenger_ranks}
    why = too_few(count, config) or _no_rank(ranks)
    if why:
        return kept(why, evidence)
    gains = {name: ranking.gains(np.asarray(values, dtype=np.float64), k) for name, values in ranks.items()}
    names = ranking.names(k)
    for name, values in gains.items():
        evidence[name] = {metric: float(mean) for metric, mean in zip(names, values.mean(axis=0), strict=True)}
    change = gains[CHALLENGER] - gains[CHAMPION]
    evidence["differences"] = dict(zip(names, _changes(change, sessions, config, seed), strict=True))
    evidence["slices"] = [_slice(one, gains, sessions, config, seed) for one in slices]
    return decided(_checks(evidence, names, k, config), evidence)


def _no_rank(ranks: dict[str, npt.NDArray[np.floating]]) -> str | None:
    for name in (CHALLENGER, CHAMPION):
        bad = ~(ranks[name] >= 1)
        if bad.any():
            return f"The {name} gives no rank for {bad.sum():,} of {len(bad):,} events, so that it cannot be compared."
    return None


def _changes(
    change: ranking.Floats, sessions: npt.NDArray[np.integer], config: RetrainConfig, seed: int
) -> list[list[float]]:
    edges = ranking.bootstrap_intervals(change, sessions, config.resamples, seed, config.confidence)
    return [[float(value) for value in row] for row in np.column_stack([change.mean(axis=0), edges])]


def _slice(
    part: PrefixSlice,
    gains: dict[str, ranking.Floats],
    sessions: npt.NDArray[np.integer],
    config: RetrainConfig,
    seed: int,
) -> dict[str, Any]:
    recall = {name: values[part.rows][:, :1] for name, values in gains.items()}
    own = sessions[part.rows]
    count = len(np.unique(own))
    change = recall[CHALLENGER] - recall[CHAMPION]
    return {
        "title": part.title,
        "slice": part.label,
        "n": len(own),
        "sessions": count,
        CHAMPION: float(recall[CHAMPION].mean()),
        CHALLENGER: float(recall[CHALLENGER].mean()),
        "difference": _changes(change, own, config, seed)[0] if count >= SLICE_SESSIONS else None,
    }


def _checks(evidence: dict[str, Any], names: tuple[str, str, str], k: int, config: RetrainConfig) -> list[Check]:
    recall, mrr, _ = names
    change = evidence["differences"]
    both = (evidence[CHAMPION][recall], evidence[CHALLENGER][recall])
    held = change[mrr][2] >= 0
    told = moved(change[mrr], config.confidence)
    return [
        gained(f"recall@{k}", change[recall], both, config.recommender_margin, config.confidence, evidence["sessions"]),
        Check(held, f"MRR@{k} {'does not surely fall' if held else 'surely falls'}: {told}."),
        slices_held(f"recall@{k}", evidence["slices"], config),
    ]
