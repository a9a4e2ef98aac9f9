"""Carts much like one cart that ended otherwise: how little separates the two outcomes.

Near is meant in SHAP values, not in the features themselves: there every feature counts by what it does to the
prediction, in one unit, whether it is a number, a category or unknown, so that nothing has to be weighed or filled in.
Two carts at distance 0 are one and the same to the model.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.neighbors import NearestNeighbors

from data.examples import Examples
from explain.attributing.explanations import Attributions
from explain.wording import unique_titles, value_text

DIFFERENCES = 3


@dataclass(frozen=True)
class Difference:
    """A feature in which two carts differ."""

    title: str
    """Its name for a reader."""

    here: str
    """The value of the cart that is explained."""

    there: str
    """The value of the other one."""

    log_odds: float
    """What the feature adds to the other cart's log-odds, less what it adds to this one's."""


@dataclass(frozen=True)
class SimilarCart:
    """A training cart that ended otherwise."""

    session_id: str | None
    """Its session, where the source names one."""

    decision_point: int | None
    """Events since its first cart event."""

    abandoned: bool
    """How it ended."""

    probability: float
    """The predicted probability that it is left."""

    distance: float
    """Euclidean distance of the SHAP values, in log-odds."""

    differences: tuple[Difference, ...]
    """What differs, the most important first; features of the same value are left out."""


@dataclass(frozen=True)
class Pool:
    """Training carts to look among."""

    examples: Examples
    """m examples."""

    attributions: Attributions
    """Their SHAP values."""


def similar_carts(cart: Examples, values: npt.NDArray[np.float64], pool: Pool, count: int) -> tuple[SimilarCart, ...]:
    """The nearest training carts, one a session, that ended otherwise than a cart did, the nearest first.

    Args:
        cart: one example.
        values: (F,) its SHAP values.
        pool: where to look; the cart's own session is passed over.
        count: carts wanted.
    """
    keys, session = pool.examples.keys, cart.keys["session_id"].iloc[0]
    own = (keys["session_id"] == session).fillna(False).to_numpy(dtype=bool)
    others = np.flatnonzero((pool.examples.abandoned != cart.abandoned[0]) & ~own)
    if not len(others):
        return ()
    search = NearestNeighbors().fit(pool.attributions.values[others])
    distances, places = search.kneighbors(values[None], n_neighbors=len(others))
    sessions = keys["session_id"].to_numpy(dtype=object)
    chosen, seen = [], set()
    for distance, row in zip(distances[0], others[places[0]], strict=True):
        name = row if pd.isna(sessions[row]) else sessions[row]
        if name not in seen:
            seen.add(name)
            chosen.append(_similar(cart, values, pool, int(row), float(distance)))
        if len(chosen) == count:
            break
    return tuple(chosen)


def _similar(cart: Examples, values: npt.NDArray[np.float64], pool: Pool, row: int, distance: float) -> SimilarCart:
    key = pool.examples.keys.iloc[row]
    return SimilarCart(
        session_id=None if pd.isna(key["session_id"]) else str(key["session_id"]),
        decision_point=None if pd.isna(key["decision_point"]) else int(key["decision_point"]),
        abandoned=bool(pool.examples.abandoned[row]),
        probability=float(pool.attributions.probability[row]),
        distance=distance,
        differences=tuple(_differences(cart, values, pool, row))[:DIFFERENCES],
    )


def _differences(cart: Examples, values: npt.NDArray[np.float64], pool: Pool, row: int) -> Iterator[Difference]:
    gaps = pool.attributions.values[row] - values
    titles = unique_titles(cart.specs)
    for f in np.argsort(-np.abs(gaps), kind="stable"):
        spec = cart.specs[f]
        here, there = (value_text(e.features[spec.name].iloc[i], spec) for e, i in ((cart, 0), (pool.examples, row)))
        if here != there:
            yield Difference(titles[f], here, there, float(gaps[f]))
