"""Who comes to the demo shop, and when."""

from dataclasses import dataclass

import numpy as np

from data.config import DemoConfig
from data.demo.catalogue import TIERS, Catalogue, Floats, Ints

DAY = 86_400.0
FIRST_DAY = np.datetime64("2025-03-03T00:00:00", "us")
"""Start of the log, a Monday, UTC."""

WEEK = np.array([1.0, 0.95, 0.95, 1.0, 1.05, 1.3, 1.4])
"""Visits by weekday, Monday first, relative to a Monday."""

HOURS = np.array([1, 2, 3, 4, 5, 5, 5, 6, 5, 5, 5, 5, 6, 7, 8, 9, 8, 6, 4.0])
"""Visits by hour from 5:00 to midnight; the shop sleeps from there to 5:00, so days never run together."""


@dataclass(frozen=True)
class Visits:
    """N sessions of one chunk of visitors, ordered by visitor and start."""

    visitor: Ints
    """(N,) visitor's number, unique over the whole log."""

    ordinal: Ints
    """(N,) how many sessions the visitor had before."""

    start: Floats
    """(N,) start in seconds since `FIRST_DAY`."""

    category: Ints
    """(N,) category the visitor comes for."""

    tier: Ints
    """(N,) price tier the visitor looks for."""


def visit(config: DemoConfig, catalogue: Catalogue, rng: np.random.Generator, sessions: int, base: int) -> Visits:
    """Draw the visitors of a chunk and their sessions.

    A visitor's loyalty decides how often they come, their price sensitivity which price tier they look for, and
    two favourite categories what they mostly come for. Sessions of one visitor start on different days.

    Args:
        config: `days`.
        catalogue: the shop's items.
        rng: source of randomness of this chunk.
        sessions: N, sessions of the chunk.
        base: number of the chunk's first visitor.
    """
    loyalty = rng.gamma(0.9, 1.0, sessions)
    counts = np.minimum(1 + rng.poisson(2.2 * loyalty), config.days)
    visitors = int(np.searchsorted(np.cumsum(counts), sessions)) + 1
    counts = counts[:visitors]
    counts[-1] -= counts.sum() - sessions
    visitor = np.repeat(np.arange(visitors), counts)
    ordinal = np.arange(sessions) - np.repeat(np.cumsum(counts) - counts, counts)
    start = _days(config, rng, counts) * DAY + _time_of_day(rng, sessions)
    sensitivity = rng.beta(2.0, 2.0, visitors)[visitor]
    tier = rng.binomial(TIERS - 1, 1.0 - sensitivity)
    return Visits(visitor + base, ordinal, start, _missions(catalogue, rng, visitors, visitor), tier)


def _days(config: DemoConfig, rng: np.random.Generator, counts: Ints) -> Ints:
    """Different days for the sessions of one visitor, drawn by the weekly rhythm and ascending."""
    rhythm = np.log(WEEK[np.arange(config.days) % 7])
    keys = rhythm + rng.gumbel(size=(len(counts), config.days))
    # the `count` largest of Gumbel keys are a draw without replacement by the weights
    rank = np.argsort(np.argsort(-keys, axis=1), axis=1)
    return np.nonzero(rank < counts[:, None])[1]


def _time_of_day(rng: np.random.Generator, size: int) -> Floats:
    hour = rng.choice(len(HOURS), size, p=HOURS / HOURS.sum()) + 5.0
    return (hour + rng.random(size)) * 3_600.0


def _missions(catalogue: Catalogue, rng: np.random.Generator, visitors: int, visitor: Ints) -> Ints:
    """Category of each session: one of the visitor's two favourites, or any by its popularity."""
    favourites = catalogue.category[catalogue.draw(rng, 2 * visitors)].reshape(visitors, 2)
    anything = catalogue.category[catalogue.draw(rng, len(visitor))]
    choice = rng.choice(3, len(visitor), p=[0.45, 0.25, 0.3])
    return np.where(choice == 2, anything, favourites[visitor, np.minimum(choice, 1)])
