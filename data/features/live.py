"""The features of one live session, by plain Python: what `at.features_at` computes for whole logs, bit for bit.

One query of those expressions costs 25 ms of a core even for three events and with its plan prepared, since it has a
hundred steps; this takes 0.1 ms. Sums are of whole numbers here as there (`exact`), so their order changes nothing, and
a test holds both to the same bits.
"""

import math
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple, Protocol

from data.features.scales import PRICE_SCALE, PRIOR_CARTS, PRIOR_PURCHASES, RATIO_SCALE
from data.live.log_memory import LogMemory, VisitorPast

MICRO = 1_000_000


class LiveEvent(NamedTuple):
    """An event of a live session: the event contract without the ids that all of its events share."""

    ts: int
    """µs since 1970, UTC."""

    event: str
    item_id: str
    category: str | None = None
    price: float | None = None
    quantity: int | None = None

    @property
    def units(self) -> float:
        """Price in ten-thousandths, NaN where unknown; as `exact.price_units`."""
        return math.nan if self.price is None else rounded(self.price * PRICE_SCALE)


def rounded(value: float) -> float:
    """The nearest whole number, halves away from zero as SQL has it; for values ≥ 0."""
    low = math.floor(value)
    return float(low + (value - low >= 0.5))


def live_features(visitor: str | None, events: Sequence[LiveEvent], memory: LogMemory) -> dict[str, float]:
    """Every feature of the catalogue, as of a session's last event.

    What the log holds of the visitor from the session's first event on does not count: the events given have the word.
    Events of others count up to the moment of each cart event.

    Args:
        visitor: whose session it is; None where nobody knows.
        events: the session from its first event on, in order, with a cart event.
        memory: the log of what came before.

    Returns:
        The features by name, as float64 that become float32; NaN where unknown.
    """
    begin = events[0].ts
    lines = _lines(events)
    told = _told(events, {places[-1] for places in lines.values()}, visitor, memory)
    return {**_running(events), **_visitor(memory.visitor(visitor, begin)), **_cart(events, lines, told)}


def _mean(total: float, count: int, scale: float = 1.0) -> float:
    return float(total) / count / scale if count else math.nan


def _known(values: Sequence[float]) -> list[float]:
    return [value for value in values if not math.isnan(value)]


def _running(events: Sequence[LiveEvent]) -> dict[str, float]:
    kinds = [event.event for event in events]
    carts = [place for place, kind in enumerate(kinds) if kind == "cart"]
    now, last = events[-1].ts, len(events) - 1
    waits = [later.ts - earlier.ts for earlier, later in pairwise(events)]
    viewed = _known([event.units for event in events if event.event == "view"])
    clock = datetime.fromtimestamp(now // MICRO, UTC)
    return {
        "decision_point": last - carts[0],
        "events_so_far": last + 1,
        "n_views": kinds.count("view"),
        "n_carts": len(carts),
        "n_uncarts": kinds.count("uncart"),
        "n_favourites": kinds.count("favourite"),
        "distinct_items": len({event.item_id for event in events}),
        "distinct_categories": len({event.category for event in events} - {None}),
        "viewed_mean_price": _mean(sum(viewed), len(viewed), PRICE_SCALE),
        "seconds_since_first_event": (now - events[0].ts) / MICRO,
        "seconds_since_first_cart": (now - events[carts[0]].ts) / MICRO,
        "seconds_since_last_cart": (now - events[carts[-1]].ts) / MICRO,
        "seconds_since_previous_event": waits[-1] / MICRO if waits else math.nan,
        "mean_interval": _mean(now - events[0].ts, last, MICRO),
        "max_interval": max(waits) / MICRO if waits else math.nan,
        "hour": clock.hour,
        "weekday": clock.weekday(),
    }


def _visitor(past: VisitorPast) -> dict[str, float]:
    return {"visitor_sessions": past.sessions, "visitor_carts": past.carts, "visitor_purchases": past.purchases}


def _cart(events: Sequence[LiveEvent], lines: dict[str, list[int]], told: Sequence["Told"]) -> dict[str, float]:
    every = [events[place] for places in lines.values() for place in places]
    units = _known([events[places[-1]].units for places in lines.values()])
    ratios = _known([one.price_ratio for one in told])
    return {
        "cart_items": len(lines),
        "cart_quantity": sum(_pieces(line) for line in every),
        "cart_value": sum(line.units * _pieces(line) for line in every) / PRICE_SCALE,
        "cart_mean_price": _mean(sum(units), len(units), PRICE_SCALE),
        "cart_max_price": max(units) / PRICE_SCALE if units else math.nan,
        "cart_item_views": sum(event.event == "view" and event.item_id in lines for event in events),
        "cart_price_to_category": _mean(sum(ratios), len(ratios), RATIO_SCALE),
        "cart_item_popularity": _mean(sum(one.popularity for one in told), len(told)),
        "cart_item_conversion": _mean(sum(one.conversion for one in told), len(told), RATIO_SCALE),
    }


def _lines(events: Sequence[LiveEvent]) -> dict[str, list[int]]:
    """Positions of the cart events that stand, by item."""
    lines: dict[str, list[int]] = {}
    for place, event in enumerate(events):
        if event.event == "cart":
            lines.setdefault(event.item_id, []).append(place)
        elif event.event == "uncart":
            lines.pop(event.item_id, None)
    return lines


def _pieces(line: LiveEvent) -> int:
    return 1 if line.quantity is None else line.quantity


class Told(NamedTuple):
    """What was known of a cart event's item and category at that moment."""

    popularity: int
    conversion: float
    """In billionths."""
    price_ratio: float
    """In billionths, NaN where unknown."""


def _told(events: Sequence[LiveEvent], asked: Collection[int], visitor: str | None, memory: LogMemory) -> list[Told]:
    """What was known at the cart events at some positions, in their order."""
    tally, replaced, told = Tally(), memory.since(visitor, events[0].ts), []
    position = 0
    for place, event in enumerate(events):
        while position < len(replaced) and replaced[position].ts <= event.ts:
            tally.add(replaced[position], -1)
            position += 1
        if place in asked:
            told.append(tally.told(event, memory))
        tally.add(event, 1)
    return told


class _Counted(Protocol):
    """What an event has to have to be counted."""

    @property
    def event(self) -> str: ...
    @property
    def item_id(self) -> str: ...
    @property
    def category(self) -> str | None: ...
    @property
    def units(self) -> float: ...


class Tally:
    """What a session adds to the log, and what of the log it replaces."""

    def __init__(self) -> None:
        self._kinds: Counter[tuple[str, str]] = Counter()
        self._items: Counter[str] = Counter()
        self._units: Counter[str | None] = Counter()
        self._priced: Counter[str | None] = Counter()

    def add(self, event: _Counted, sign: int) -> None:
        """Count an event, or count it out."""
        self._items[event.item_id] += sign
        self._kinds[event.item_id, event.event] += sign
        if not math.isnan(event.units):
            self._units[event.category] += sign * int(event.units)
            self._priced[event.category] += sign

    def told(self, line: LiveEvent, memory: LogMemory) -> Told:
        """What is known by now of a cart event's item and category."""
        past = memory.item(line.item_id, line.ts)
        carts = past.carts + self._kinds[line.item_id, "cart"]
        purchases = past.purchases + self._kinds[line.item_id, "purchase"]
        conversion = rounded((purchases + PRIOR_PURCHASES) / (carts + PRIOR_CARTS) * RATIO_SCALE)
        return Told(past.events + self._items[line.item_id], conversion, self._ratio(line, memory))

    def _ratio(self, line: LiveEvent, memory: LogMemory) -> float:
        if line.category is None or line.price is None:
            return math.nan
        total, priced = memory.category(line.category, line.ts)
        total, priced = total + self._units[line.category], priced + self._priced[line.category]
        return rounded(line.units * priced / total * RATIO_SCALE) if total else math.nan
