"""What visitors look at, up to the first thing that goes into their cart."""

import numpy as np

from data.demo.catalogue import Catalogue, Floats, Ints
from data.demo.log import CART, FAVOURITE, MOST_BEFORE, VIEW, Log
from data.demo.visitors import Visits

EXIT = 0.125
"""Chance to leave after an event."""

MARK = 0.03
"""Chance to mark the item just viewed as favourite."""

PUT_IN = np.array([0.039, 0.097, 0.16])
"""Chance to put the item just viewed into the cart, by its views so far: 1, 2, 3 or more."""

PIECES = np.array([0.8, 0.15, 0.05])
"""Chances of 1, 2, 3 pieces."""

AGAIN, PARTNER, PARTNER_BEFORE, MISSION, WANDER = range(5)
STEP = np.array([0.27, 0.27, 0.13, 0.27, 0.06])
"""Chances of the next view: an item seen before, a partner of the latest item, a partner of the item before it,
an item of the session's category and price tier, or anything."""

RECENCY = 0.45
"""Parameter of the geometric law by which an item seen before is chosen, latest first."""


def browse(catalogue: Catalogue, visits: Visits, rng: np.random.Generator) -> tuple[Log, Ints]:
    """Simulate every session until its first cart event or its end.

    Nothing here depends on whether a cart will be abandoned.

    Returns:
        The log, and the sessions (ascending) that end with a cart event, all others being over.
    """
    sessions = len(visits.visitor)
    log = Log.empty(sessions)
    active = np.arange(sessions)
    log.append(active, VIEW, catalogue.draw_tier(rng, visits.category, visits.tier), 0)
    carted = []
    for _ in range(MOST_BEFORE):
        item, latest = log.latest(active), log.kind[active, log.length[active] - 1]
        chance = PUT_IN[np.clip(log.views_of(active, item), 1, len(PUT_IN)) - 1] * (latest == VIEW)
        cart = rng.random(len(active)) < chance
        pieces = rng.choice(len(PIECES), len(active), p=PIECES) + 1
        log.append(active[cart], CART, item[cart], short_gaps(rng, int(cart.sum())), pieces[cart])
        carted.append(active[cart])
        stay = ~cart & (rng.random(len(active)) >= EXIT) & (log.length[active] < MOST_BEFORE)
        active, item, latest = active[stay], item[stay], latest[stay]
        mark = (rng.random(len(active)) < MARK) & (latest == VIEW)
        item = np.where(mark, item, next_items(catalogue, visits, log, active, rng))
        log.append(active, np.where(mark, FAVOURITE, VIEW), item, short_gaps(rng, len(active)))
    return log, np.sort(np.concatenate(carted))


def next_items(catalogue: Catalogue, visits: Visits, log: Log, rows: Ints, rng: np.random.Generator) -> Ints:
    """Draw the item that each of the given sessions looks at next.

    The session's category and tier last through it, and partners of the item before the latest one come up:
    the whole sequence says more than its latest item.
    """
    size, length = len(rows), log.length[rows]
    step = rng.choice(len(STEP), size, p=STEP)
    back = np.minimum(rng.geometric(RECENCY, size), length - 1)
    candidates = np.stack([
        log.latest(rows, back),
        catalogue.draw_partner(rng, log.latest(rows)),
        catalogue.draw_partner(rng, log.latest(rows, np.minimum(1, length - 1))),
        catalogue.draw_tier(rng, visits.category[rows], visits.tier[rows]),
        catalogue.draw(rng, size),
    ])  # fmt: skip
    return candidates[step, np.arange(size)]


def short_gaps(rng: np.random.Generator, size: int) -> Ints:
    """Microseconds between two events of a visitor who stays: log-normal, median 22 s, between 1 and 120 s."""
    seconds: Floats = np.clip(rng.lognormal(np.log(22.0), 0.8, size), 1.0, 120.0)
    return (seconds * 1e6).astype(np.int64)
