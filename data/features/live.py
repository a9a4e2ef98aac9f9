"""The features of one live session, by plain Python: what `at.features_at` computes for whole logs, bit for bit.

One query of those expressions costs 25 ms of a core even for three events and with its plan prepared, since it has a
hundred steps; this takes 0.1 ms. Sums are of whole numbers here as there (`exact`), so their order changes nothing, and
a test holds both to the same bits.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

from data.features.exact import PRICE_SCALE, RATIO_SCALE
from data.features.history import PRIOR_CARTS, PRIOR_PURCHASES
from data.log_memory import LogMemory, Own

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


def live_features(visitor: str, events: Sequence[LiveEvent], memory: LogMemory) -> dict[str, float]:
    """Every feature of the catalogue, as of a session's last event.

    What the log holds of the visitor from the session's first event on does not count: the events given have the word.
    Events of others count up to the moment of each cart event.

    Args:
        visitor: whose session it is.
        events: the session from its first event on, in order, with a cart event.
        memory: the log of what came before.

    Returns:
        The features by name, as float64 that become float32; NaN where unknown.
    """
    before, since = memory.own(visitor, events[0].ts)
    return {
        **_running(events),
        **_visitor(before),
        **_cart(events, since, memory),
    }


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


def _visitor(before: Sequence[Own]) -> dict[str, float]:
    return {
        "visitor_sessions": sum(event.starts for event in before),
        "visitor_carts": sum(event.kind == "cart" for event in before),
        "visitor_purchases": sum(event.kind == "purchase" for event in before),
    }


def _cart(events: Sequence[LiveEvent], since: Sequence[Own], memory: LogMemory) -> dict[str, float]:
    lines = _lines(events)
    latest = [places[-1] for places in lines.values()]
    every = [events[place] for places in lines.values() for place in places]
    units = _known([events[place].units for place in latest])
    pasts = [_item_past(events, place, since, memory) for place in latest]
    ratios = _known([_price_ratio(events, place, since, memory) for place in latest])
    return {
        "cart_items": len(lines),
        "cart_quantity": sum(_pieces(line) for line in every),
        "cart_value": sum(line.units * _pieces(line) for line in every) / PRICE_SCALE,
        "cart_mean_price": _mean(sum(units), len(units), PRICE_SCALE),
        "cart_max_price": max(units) / PRICE_SCALE if units else math.nan,
        "cart_item_views": sum(event.event == "view" and event.item_id in lines for event in events),
        "cart_price_to_category": _mean(sum(ratios), len(ratios), RATIO_SCALE),
        "cart_item_popularity": _mean(sum(popularity for popularity, _ in pasts), len(pasts)),
        "cart_item_conversion": _mean(sum(conversion for _, conversion in pasts), len(pasts), RATIO_SCALE),
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


def _item_past(
    events: Sequence[LiveEvent], place: int, since: Sequence[Own], memory: LogMemory
) -> tuple[int, float]:
    """Popularity, and conversion in billionths, of the item of a cart event."""
    line = events[place]
    kinds = [event.event for event in events[:place] if event.item_id == line.item_id]
    told = [event.kind for event in since if event.item == line.item_id and event.ts <= line.ts]
    past = memory.item(line.item_id, line.ts)
    carts = past.carts - told.count("cart") + kinds.count("cart")
    purchases = past.purchases - told.count("purchase") + kinds.count("purchase")
    conversion = rounded((purchases + PRIOR_PURCHASES) / (carts + PRIOR_CARTS) * RATIO_SCALE)
    return past.events - len(told) + len(kinds), conversion


def _price_ratio(events: Sequence[LiveEvent], place: int, since: Sequence[Own], memory: LogMemory) -> float:
    """Price of a cart event relative to its category, in billionths."""
    line = events[place]
    if line.category is None or line.price is None:
        return math.nan
    own = _known([event.units for event in events[:place] if event.category == line.category])
    told = _known([e.units for e in since if e.category == line.category and e.ts <= line.ts])
    total, priced = memory.category(line.category, line.ts)
    total, priced = total - sum(told) + sum(own), priced - len(told) + len(own)
    return rounded(line.units * priced / total * RATIO_SCALE) if total else math.nan
