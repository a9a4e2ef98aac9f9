"""The whole simulation: from a configuration to events and their truth."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from data.config import DemoConfig
from data.demo import truth
from data.demo.browsing import browse
from data.demo.catalogue import Catalogue, Floats, Ints, build_catalogue
from data.demo.deciding import Deciding, decide
from data.demo.log import CART, EVENTS, PURCHASE, Log
from data.demo.truth import USUAL, Season
from data.demo.visitors import DAY, FIRST_DAY, Visits, visit

CHUNK = 25_000
"""Sessions simulated at once; bounds the memory, whatever the size of the shop."""


@dataclass(frozen=True)
class Shop:
    """A simulated log and the truth about it."""

    events: pd.DataFrame
    """visitor_id, ts, event, item_id, category, price, quantity as the event contract has them; ordered by time. The
    shop gives no session ids: a visitor's sessions lie hours apart, and no pause within one lasts 30 minutes."""

    truth: pd.DataFrame
    """One row per decision point: visitor_id, ts, decision_point, abandoned, p_abandon, p_if_nudged, the effect of
    each cause (log-odds, centred) under its name, and its value under `value_<name>`."""

    catalogue: pd.DataFrame
    """One row per item: item_id, category, tier, price, popularity (share of visits it draws), typical_price."""


@dataclass(frozen=True)
class Period:
    """Where a log lies in the shop's life."""

    season: Season = USUAL
    """What the causes weigh."""

    first_day: int = 0
    """Days since `FIRST_DAY` when it starts; whole weeks, or weekdays are not what they are called."""

    first_visitor: int = 0
    """Number of its first visitor."""


def simulate(config: DemoConfig, catalogue: Catalogue | None = None, period: Period = Period()) -> Shop:
    """Simulate a shop in memory; the same seed gives the same shop.

    Args:
        config: size and seed.
        catalogue: its items; those of the seed where not given.
        period: where the log lies in the shop's life.
    """
    catalogue = catalogue or build_catalogue(config)
    events, truths = zip(*chunks(config, catalogue, period), strict=True)
    joined = pd.concat(events, ignore_index=True).sort_values(["ts", "visitor_id"], ignore_index=True)
    return Shop(joined, pd.concat(truths, ignore_index=True), catalogue_frame(catalogue))


def chunks(
    config: DemoConfig,
    catalogue: Catalogue,
    period: Period = Period(),
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Events and truth of one chunk of visitors after another, each ordered by time."""
    yield from visitors_of(config, catalogue, exposure_of(config, catalogue), (2,), period)


def visitors_of(
    config: DemoConfig, catalogue: Catalogue, exposure: Floats, crowd: tuple[int, ...], period: Period = Period()
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """`chunks` of one of many crowds of visitors; (2,) is the crowd of the shop's own log."""
    base = period.first_visitor
    for number, first in enumerate(range(0, config.sessions, CHUNK)):
        rng = np.random.default_rng([config.seed, *crowd, number])
        visits = visit(config, catalogue, rng, min(CHUNK, config.sessions - first), base)
        visits = replace(visits, start=visits.start + period.first_day * DAY)
        base = int(visits.visitor[-1]) + 1
        log, carted = browse(catalogue, visits, rng)
        moment = visits.start[carted] + log.gap[carted].sum(axis=1) / 1e6
        deciding = Deciding(catalogue, visits, log, rng, carted, moment, config.days, exposure, period.season)
        points = decide(deciding)
        yield _events(catalogue, visits, log), _truth(visits, log, points, period.season)


def exposure_of(config: DemoConfig, catalogue: Catalogue) -> Floats:
    """How often each item is met relative to the average item, measured on browsing of its own.

    Popularity alone does not tell: partners and categories pull visitors to some items.
    """
    rng = np.random.default_rng([config.seed, 1])
    log, _ = browse(catalogue, visit(config, catalogue, rng, CHUNK, 0), rng)
    met = np.bincount(log.item[log.item >= 0], minlength=len(catalogue.price)) + 2.0
    exposure: Floats = met / met.mean()
    return exposure


def _times(visits: Visits, log: Log) -> Ints:
    """(N, CAPACITY) microseconds since 1970 of each event."""
    first = FIRST_DAY.astype(np.int64) + (visits.start * 1e6).astype(np.int64)
    times: Ints = first[:, None] + log.gap.cumsum(axis=1)
    return times


def _names(prefix: str, numbers: Ints) -> pd.Series:
    known, place = np.unique(numbers, return_inverse=True)
    return pd.Series([f"{prefix}{number:07d}" for number in known], dtype="str").take(place).reset_index(drop=True)


def _events(catalogue: Catalogue, visits: Visits, log: Log) -> pd.DataFrame:
    happened = log.kind >= 0
    item = log.item[happened].astype(np.int64)
    visitor = np.repeat(visits.visitor, log.length)
    frame = pd.DataFrame({
        "visitor_id": _names("v", visitor),
        "ts": pd.Series(_times(visits, log)[happened]).astype("datetime64[us]"),
        "event": pd.Series(EVENTS, dtype="str").take(log.kind[happened]).reset_index(drop=True),
        "item_id": _names("i", catalogue.number[item]),
        "category": _names("c", catalogue.category[item]),
        "price": catalogue.price[item],
        "quantity": log.quantity[happened].astype(np.int32),
    })  # fmt: skip
    return frame.sort_values(["ts", "visitor_id"], ignore_index=True)


def _truth(visits: Visits, log: Log, points: pd.DataFrame, season: Season) -> pd.DataFrame:
    row, point = points["row"].to_numpy(), points["decision_point"].to_numpy()
    first_cart, bought = np.argmax(log.kind == CART, axis=1), (log.kind == PURCHASE).any(axis=1)
    values = points[list(truth.NAMES)]
    keys = pd.DataFrame({
        "visitor_id": _names("v", visits.visitor[row]),
        "ts": pd.Series(_times(visits, log)[row, first_cart[row] + point]).astype("datetime64[us]"),
        "decision_point": point,
        "abandoned": (~bought[row]).astype(np.int8),
        "p_abandon": truth.p_abandon(values, season),
        "p_if_nudged": truth.p_if_nudged(values, season),
    })  # fmt: skip
    frame = pd.concat([keys, truth.effects(values, season), values.add_prefix("value_")], axis=1)
    return frame.sort_values(["ts", "visitor_id"], ignore_index=True)


def catalogue_frame(catalogue: Catalogue) -> pd.DataFrame:
    """The catalogue as a table."""
    return pd.DataFrame({
        "item_id": _names("i", catalogue.number),
        "category": _names("c", catalogue.category),
        "tier": catalogue.tier,
        "price": catalogue.price,
        "popularity": catalogue.weight,
        "typical_price": catalogue.typical_price[catalogue.category],
    })  # fmt: skip
