"""Sessions from what a client sends, as ingest and sessionize would make them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from data.errors import InputError
from data.features.live import LiveEvent
from pipeline.serving.bodies import CartBody, EventBody

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class LiveCart:
    """A session with an open cart."""

    visitor: str
    session: str | None
    events: list[LiveEvent]
    """Oldest first."""

    @property
    def items(self) -> list[str]:
        """Items of the events."""
        return [event.item_id for event in self.events]

    @property
    def kinds(self) -> list[str]:
        """Kinds of the events."""
        return [event.event for event in self.events]

    @property
    def gaps(self) -> list[float]:
        """Seconds since the event before, 0 for the first."""
        return [0.0, *((later.ts - earlier.ts) / 1e6 for earlier, later in pairwise(self.events))]


def live_carts(carts: Sequence[CartBody], gap_minutes: float, drop_duplicates: bool) -> list[LiveCart]:
    """The carts in order of time.

    Args:
        carts: what the client sent.
        gap_minutes: longest pause within a session that has no id.
        drop_duplicates: whether ingest drops events that are the same in all fields.

    Raises:
        InputError: events of several visitors or sessions, no cart event, or a purchase.
    """
    return [
        _cart(cart.events, f"carts.{place}.events", gap_minutes, drop_duplicates) for place, cart in enumerate(carts)
    ]


def _cart(told: Sequence[EventBody], where: str, gap_minutes: float, drop_duplicates: bool) -> LiveCart:
    for name in ("visitor_id", "session_id"):
        ids = dict.fromkeys(getattr(event, name) for event in told)
        if len(ids) > 1:
            raise InputError(f"`{where}` should have one {name}. Received: {len(ids)} different ones")
    events = sorted((_event(event) for event in told), key=lambda event: event.ts)
    events = list(dict.fromkeys(events)) if drop_duplicates else events
    kinds = {event.event for event in events}
    if "cart" not in kinds:
        raise InputError(f"`{where}` should have a cart event. Received: {', '.join(sorted(kinds))}")
    if "purchase" in kinds:
        raise InputError(f"`{where}` should be of an open cart. Received: a session with a purchase")
    if told[0].session_id is None:
        _check_gaps(events, where, gap_minutes)
    return LiveCart(told[0].visitor_id, told[0].session_id, events)


def _check_gaps(events: Sequence[LiveEvent], where: str, gap_minutes: float) -> None:
    longest = max((later.ts - earlier.ts for earlier, later in pairwise(events)), default=0)
    if longest > round(gap_minutes * 60e6):
        raise InputError(
            f"`{where}` should be of one session, which ends {gap_minutes:g} minutes after its last event, or have a "
            f"session_id. Received: a pause of {longest / 60e6:,.1f} minutes"
        )


def _event(told: EventBody) -> LiveEvent:
    moment = (told.ts - EPOCH) // timedelta(microseconds=1)
    return LiveEvent(moment, told.event, told.item_id, told.category, told.price, told.quantity)
