"""What the served recommender is worth from week to week, for `benchmarks.retraining --recommender`."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.recommending import ranking
from models.recommending.cases import make_prefixes
from models.recommending.evaluation import sampled
from models.recommending.recommender import Recommender
from models.sessions.sequences import Sequences, read_sequences
from pipeline.champion import own_folder
from pipeline.tracking import fetch_model

K, MOST, RESAMPLES = 20, 6_000, 1_000
FIRST = "1"
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Served:
    """What there is of one model after a retrain."""

    week: int
    """The newest week it took in."""

    champion: str
    """Version served."""

    versions: tuple[str, ...]
    """All versions."""


def tell_recommender(name: str, weeks: Sequence[Served], home: Path) -> dict[str, float]:
    """Print Recall@20 of champion, first model and best version on the sessions of each following week; the figures.

    All rank the same events (of whole sessions, drawn where there are more than `MOST`); an item that a version does
    not know is a miss for it. Which version is best is chosen on those very events, so that it is flattered.

    Args:
        name: of the recommender in the registry.
        weeks: what was served after each retrain.
        home: folder with each week's `sequences-WEEK.parquet`, and where to put what is fetched.
    """
    models = {version: _fetched(name, version, home / "recommenders" / version) for version in weeks[-1].versions}
    rows, gains, groups, worse, before = [], [], [], 0, FIRST
    for one in weeks:
        test = read_sequences(home / f"sequences-{one.week + 1:02d}.parquet")
        hits = {version: _hits(models[version], test) for version in one.versions}
        recall = {version: float(found.mean()) for version, (found, _) in hits.items()}
        best = max(recall, key=lambda version: recall[version])
        (champion, sessions), (first, _), (top, _) = hits[one.champion], hits[FIRST], hits[best]
        below, over = (_interval(change, sessions) for change in (champion - top, champion - first))
        worse += one.champion != before and _interval(champion - hits[before][0], sessions)[1] < 0
        rows.append({
            "week": one.week, "champion": one.champion, "recall": recall[one.champion], "best": recall[best],
            "first": recall[FIRST], "less_best": recall[one.champion] - recall[best], "best_low": below[0],
            "best_high": below[1], "less_first": recall[one.champion] - recall[FIRST], "first_low": over[0],
            "first_high": over[1],
        })  # fmt: skip
        gains.append(champion - first)
        groups.append(sessions + one.week * 10**9)  # sessions of two weeks are different ones
        before = one.champion
    table = pd.DataFrame(rows)
    print(table.to_string(index=False, float_format="{:.4f}".format))
    low, high = _interval(np.concatenate(gains), np.concatenate(groups))
    champions = [FIRST, *table["champion"]]
    return {
        "recommender_promoted": float(sum(old != new for old, new in pairwise(champions))),
        "recommender_most_below_best": float((table["best"] - table["recall"]).max()),
        "recommender_mean_below_best": float((table["best"] - table["recall"]).mean()),
        "recommender_gain_over_first": float(np.concatenate(gains).mean()),
        "recommender_gain_over_first_low": low,
        "recommender_gain_over_first_high": high,
        "recommender_surely_worse_promoted": float(worse),
    }


def _fetched(name: str, version: str, place: Path) -> Recommender:
    place.mkdir(parents=True)
    address = f"models:/{name}/{version}"
    return Recommender.load(own_folder("recommender", fetch_model(address, place, "tracking.recommender_name")))


def _hits(model: Recommender, test: Sequences) -> tuple[Floats, npt.NDArray[np.int64]]:
    """(P,) 1 where the next item is among the best 20, and (P,) the sessions of the events."""
    cases = sampled(make_prefixes(test, model.vocabulary, model.config.max_length), MOST, 0)

    def scores(start: int, stop: int) -> npt.NDArray[np.floating]:
        return model.scores(*cases.seen.rows(slice(start, stop)))

    found = ranking.rank_all(scores, cases.targets - 1, len(model.vocabulary), K)
    return ranking.gains(found.ranks, K)[:, 0], cases.sessions


def _interval(change: Floats, sessions: npt.NDArray[np.int64]) -> tuple[float, float]:
    edges = ranking.bootstrap_intervals(change[:, None], sessions, RESAMPLES, 0)[0]
    return float(edges[0]), float(edges[1])
