"""A demo shop that changes: its log week by week, each with its own truth.

Items join the catalogue, prices rise, a season changes what the causes weigh, and one week's log is broken on its way
here. `p_abandon` is exact in every week: the law of `data.demo.truth` holds with that week's prices and weights. Every
week has visitors of its own, since what a visitor bought in an earlier week would be a cause that its log does not
show.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from data.config import DemoConfig
from data.demo.catalogue import TIERS, Catalogue, Ints, build_catalogue, part_of
from data.demo.shop import Period, Shop, simulate
from data.demo.truth import USUAL, Season
from data.errors import InputError

DAYS = 7

Fault = Literal["milliseconds", "cents", "unpurchased"]

HOLIDAYS = {"shipping": 0.3, "late": -0.8, "loyalty": 0.3, "price": 1.6, "hesitation": 0.4, "comparing": 1.8}
"""People buy late at night and for others: fees, habit and second looks keep fewer of them, prices more."""


@dataclass(frozen=True)
class DriftingShop:
    """What changes, and when; weeks count from 1."""

    weeks: int = 12
    """Weeks there are."""

    sessions: int = 3_000
    """Sessions a week."""

    items: int = 1_000
    """Items of the catalogue in the last week."""

    joining: float = 0.02
    """Share of them that joins at the start of each week but the first."""

    price_week: int = 5
    """Week from which prices are higher."""

    price_rise: float = 0.15
    """By what share; visitors go on measuring them by what was usual before."""

    season_week: int = 7
    """Week from which the season is another one."""

    season: Mapping[str, float] = field(default_factory=lambda: dict(HOLIDAYS))
    """What the causes weigh in it, as factors of their usual effects."""

    seed: int = 7
    """Seed of the simulator."""


def simulate_week(shop: DriftingShop, week: int) -> Shop:
    """One week's events as they happened, their truth, and the catalogue of that week.

    Raises:
        InputError: there is no such week.
    """
    if not 1 <= week <= shop.weeks:
        raise InputError(f"`week` should be between 1 and {shop.weeks}. Received: {week}")
    whole = build_catalogue(DemoConfig(items=shop.items, seed=shop.seed))
    config = DemoConfig(sessions=shop.sessions, items=shop.items, days=DAYS, seed=1_000 * (shop.seed + 1) + week)
    period = Period(season_of(shop, week), DAYS * (week - 1), shop.sessions * (week - 1))
    return simulate(config, _catalogue(shop, whole, week), period)


def season_of(shop: DriftingShop, week: int) -> Season:
    """What the causes weigh in a week."""
    return Season(shop.season) if week >= shop.season_week else USUAL


def broken(events: pd.DataFrame, fault: Fault) -> pd.DataFrame:
    """The same events after a mistake upstream.

    Args:
        events: of one week, as `simulate_week` gives them.
        fault: "milliseconds", times taken for microseconds that are milliseconds, so that they lie in January 1970;
            "cents", prices a hundred times too high; "unpurchased", no purchase has arrived.
    """
    match fault:
        case "milliseconds":
            ticks = events["ts"].astype("int64") // 1_000
            return events.assign(ts=ticks.astype("datetime64[us]"))
        case "cents":
            return events.assign(price=events["price"] * 100)
        case "unpurchased":
            return events[events["event"] != "purchase"].reset_index(drop=True)


def _catalogue(shop: DriftingShop, whole: Catalogue, week: int) -> Catalogue:
    joins = _weeks_of_joining(shop, whole)
    rise = 1.0 + shop.price_rise if week >= shop.price_week else 1.0
    joined = ((joins - 1) * DAYS).astype(np.float64)
    return part_of(whole, joins <= week, joined, np.round(whole.price * rise, 2))


def _weeks_of_joining(shop: DriftingShop, whole: Catalogue) -> Ints:
    """(I,) week in which each item joins; the first of every category and tier is there from the start."""
    always = np.isin(np.arange(shop.items), whole.first[: whole.categories * TIERS])
    order = np.random.default_rng([shop.seed, 3]).permutation(np.flatnonzero(~always))
    a_week = round(shop.joining * shop.items)
    most = len(order) // max(shop.weeks - 1, 1)
    if a_week > most:
        raise InputError(
            f"`joining` should be at most {most / shop.items:.3f} where {shop.items:,} items join over {shop.weeks} "
            f"weeks. Received: {shop.joining:g}"
        )
    joins = np.ones(shop.items, dtype=np.int64)
    for week in range(2, shop.weeks + 1):
        joins[order[(week - 2) * a_week : (week - 1) * a_week]] = week
    return joins
