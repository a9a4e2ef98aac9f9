"""What happens from the first cart event on: the visitor's intent, the steps it shapes, and the end."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from data.demo import truth
from data.demo.browsing import next_items, short_gaps
from data.demo.cart import Carts, Item
from data.demo.catalogue import Bools, Catalogue, Floats, Ints
from data.demo.log import CART, CART_SLOTS, FAVOURITE, MOST_AFTER, PURCHASE, UNCART, VIEW, Log
from data.demo.options import Options, chance_to_go_on
from data.demo.visitors import DAY, Visits

LOOK_AGAIN, LOOK_AROUND, ADD, REMOVE, MARK = range(5)
STEP = np.array([0.20, 0.47, 0.20, 0.08, 0.05])
"""Chances of the next step before effects weigh in: view a cart item, view another item, add the latest other item
viewed, take out the item added last, mark the first cart item as favourite."""

PAUSE = np.array([0.88, 0.12])
"""Chances that a step comes soon, or after a pause, before effects weigh in."""

MOST_PAUSES = 3
PAUSE_SECONDS = (250.0, 1_080.0)
"""Range of a pause: longer than any other gap, too short to end the session."""


@dataclass(frozen=True)
class Deciding:
    """The M sessions of a chunk that have a cart, at their first cart event."""

    catalogue: Catalogue
    visits: Visits
    log: Log
    rng: np.random.Generator
    rows: Ints
    """(M,) their rows in the log."""

    moment: Floats
    """(M,) time of the first cart event, in seconds since `FIRST_DAY`."""

    days: int
    """Days over which `exposure` counts."""

    exposure: Floats
    """(I,) events of each item over `days`, relative to the mean over items."""

    season: truth.Season
    """What the causes weigh."""

    def item(self, carts: Ints, number: Ints, pieces: Ints | int = 1) -> Item:
        """What is to know of item `number` of each of the given carts."""
        price = self.catalogue.price[number]
        known = (self.moment[carts] - self.catalogue.joined[number] * DAY) / (self.days * DAY)
        return Item(
            number=number,
            price=price,
            ratio=price / self.catalogue.typical_price[self.catalogue.category[number]],
            seen=self.exposure[number] * np.maximum(known, 0.02),
            views=self.log.views_of(self.rows[carts], number),
            pieces=np.broadcast_to(pieces, number.shape),
        )

    def latest_other(self) -> Ints:
        """(M,) the latest item viewed that is not the one in the cart, −1 where there is none."""
        item = self.log.item[self.rows]
        other = (self.log.kind[self.rows] == VIEW) & (item != self.log.latest(self.rows)[:, None])
        latest = other.shape[1] - 1 - np.argmax(other[:, ::-1], axis=1)
        return np.where(other.any(axis=1), item[np.arange(len(item)), latest], -1).astype(np.int64)


@dataclass
class Decisions:
    """Decision points as they come up: row in the log, k and the causes' values."""

    rows: list[Ints] = field(default_factory=list)
    points: list[Ints] = field(default_factory=list)
    values: list[dict[str, Floats]] = field(default_factory=list)

    def add(self, rows: Ints, point: int, values: dict[str, Floats]) -> None:
        """Note decision point k = `point` of the given rows."""
        self.rows.append(rows)
        self.points.append(np.full(len(rows), point, np.int32))
        self.values.append(values)

    def frame(self) -> pd.DataFrame:
        """All of them: `row`, `decision_point` and one column of values per cause."""
        keys = {"row": np.concatenate(self.rows), "decision_point": np.concatenate(self.points)}
        values = {name: np.concatenate([v[name] for v in self.values]) for name in truth.NAMES}
        return pd.DataFrame(keys | values)


def decide(shop: Deciding) -> pd.DataFrame:
    """Draw the intents, simulate what follows, and write it to the log.

    Given the intent, the number of further steps, the pauses and the kind of each step follow known chances, whose
    log-likelihood ratios (abandon against buy) add up to the change of the causes' effects (`Options`). What does
    not depend on the intent (which item, how long a gap) adds nothing. So the log-odds given everything visible are
    `truth.log_odds` at every decision point.

    Returns:
        The decision points: `row`, `decision_point`, one column of values per cause.
    """
    rng, log, everyone = shop.rng, shop.log, np.arange(len(shop.rows))
    pieces = log.quantity[shop.rows, log.length[shop.rows] - 1].astype(np.int64)
    carts = Carts.opened(shop.item(everyone, log.latest(shop.rows), pieces), log.views(shop.rows))
    fixed = {"late": shop.moment % DAY // 3_600.0}
    abandons, fixed["loyalty"] = _intents(shop, carts, fixed)
    decisions, other = Decisions(), shop.latest_other()
    active, point = everyone, 0
    while len(active) or point == 0:  # a table with its columns even where there is no cart
        now, intent = carts.take(active), abandons[active]
        decisions.add(shop.rows[active], point, now.values() | {name: value[active] for name, value in fixed.items()})
        after, steps = _steps(shop, now, active, other[active])
        pauses = _pauses(now, shop.season)
        going = rng.random(len(active)) < chance_to_go_on(steps.ratio * pauses.ratio, intent)
        going &= point < MOST_AFTER
        step, paused = steps.draw(rng, intent), pauses.draw(rng, intent) == 1
        _buy(shop, now.take(np.flatnonzero(~going & ~intent)), active[~going & ~intent])
        _go(shop, now.take(np.flatnonzero(going)), active[going], step[going], paused[going], other)
        for option, state in enumerate(after):
            chosen = np.flatnonzero(going & (step == option))
            carts.put(active[chosen], state.take(chosen))
        carts.pauses[active] = now.pauses + (going & paused)
        active, point = active[going], point + 1
    return decisions.frame()


def _intents(shop: Deciding, carts: Carts, fixed: dict[str, Floats]) -> tuple[Bools, Floats]:
    """Whether each cart will be abandoned, and its visitor's earlier sessions with a purchase."""
    visitor = shop.visits.visitor[shop.rows] - shop.visits.visitor[0]
    ordinal = shop.visits.ordinal[shop.rows]
    level, abandons = shop.rng.random(len(visitor)), np.zeros(len(visitor), dtype=bool)
    bought, purchases = np.zeros(len(visitor)), np.zeros(int(shop.visits.visitor[-1] - shop.visits.visitor[0]) + 1)
    # a visitor's sessions one after another, because what they bought earlier counts
    for turn in np.unique(ordinal):
        now = np.flatnonzero(ordinal == turn)
        bought[now] = purchases[visitor[now]]
        values = carts.take(now).values() | {name: value[now] for name, value in fixed.items()}
        abandons[now] = level[now] < truth.p_abandon(pd.DataFrame(values | {"loyalty": bought[now]}), shop.season)
        purchases[visitor[now]] += ~abandons[now]
    return abandons, bought


def _steps(shop: Deciding, now: Carts, active: Ints, other: Ints) -> tuple[tuple[Carts, ...], Options]:
    """The carts after each possible next step, and the options.

    The cart item looked at again is the first: which one it is must not depend on the intent, nor matter to it.
    """
    added = now.added(shop.item(active, np.maximum(other, 0)))
    after = (now.viewed(of_cart=True), now.viewed(of_cart=False), added, now.removed(), now)
    possible = np.ones((len(active), len(STEP)), dtype=bool)
    possible[:, ADD] = (other >= 0) & (now.items < CART_SLOTS)
    possible[:, REMOVE] = now.items > 1
    before = _potential(now, shop.season)
    moves = np.stack([_potential(state, shop.season) - before for state in after], axis=1)
    return after, Options.of(STEP, moves, possible)


def _pauses(now: Carts, season: truth.Season) -> Options:
    """No pause or a pause before the next step."""
    so_far = now.pauses.astype(np.float64)
    move = season.effect("pauses", so_far + 1.0) - season.effect("pauses", so_far)
    possible = np.stack([now.pauses >= 0, now.pauses < MOST_PAUSES], axis=1)
    return Options.of(PAUSE, np.stack([np.zeros_like(move), move], axis=1), possible)


def _potential(carts: Carts, season: truth.Season) -> Floats:
    """Sum of the effects that the carts' state decides."""
    effects = [season.effect(name, value) for name, value in carts.values().items()]
    total: Floats = np.sum(effects, axis=0)
    return total


def _go(shop: Deciding, now: Carts, active: Ints, step: Ints, paused: Bools, other: Ints) -> None:
    """Write the step of each active session to the log, and keep the latest other item viewed in `other` (M,)."""
    rng, rows = shop.rng, shop.rows[active]
    around = next_items(shop.catalogue, shop.visits, shop.log, rows, rng)
    while (inside := now.contains(around)).any():
        around[inside] = (around[inside] + 1) % len(shop.catalogue.price)
    first, last = now.first(), now.last()
    items = np.stack([first.number, around, other[active], last.number, first.number])[step, np.arange(len(step))]
    long = (rng.uniform(*PAUSE_SECONDS, len(active)) * 1e6).astype(np.int64)
    gaps = np.where(paused, long, short_gaps(rng, len(active)))
    kinds = np.array([VIEW, VIEW, CART, UNCART, FAVOURITE])[step]
    shop.log.append(rows, kinds, items, gaps, np.where(step == REMOVE, last.pieces, 1))
    other[active] = np.where(step == LOOK_AROUND, around, np.where(step == ADD, -1, other[active]))


def _buy(shop: Deciding, bought: Carts, buyers: Ints) -> None:
    """Purchase everything in the given carts."""
    for slot in range(CART_SLOTS):
        filled = np.flatnonzero(slot < bought.items)
        # one checkout: its rows are a millisecond apart
        gap = short_gaps(shop.rng, len(filled)) if slot == 0 else 1_000
        item = bought.item(slot, filled)
        shop.log.append(shop.rows[buyers[filled]], PURCHASE, item.number, gap, item.pieces)
