"""Sessions from what a client tells, as ingest and sessionize would make them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from data.errors import InputError
from data.features.live import LiveEvent
from data.live.told_event import ToldEvent
from data.raw.pseudonyms import pseudonym, visitor_key
from data.strict import StrictModel

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SessionRules(StrictModel):
    """How a log became sessions."""

    gap_minutes: float
    """Longest pause within a session that has no id."""

    drop_duplicates: bool
    """Whether ingest drops events that are the same in all fields."""

    hash_visitors: bool = False
    """Whether ingest put pseudonyms in the place of ids."""

    def check_key(self) -> None:
        """Look for the key, where one is needed, before the first cart comes.

        Raises:
            InputError: there is none.
        """
        if self.hash_visitors:
            visitor_key()

    def identity(self, told: str | None) -> str | None:
        """The id that the log has for a visitor's or session's own.

        Raises:
            InputError: it is a pseudonym, and there is no key.
        """
        return pseudonym(visitor_key(), told) if self.hash_visitors and told is not None else told


@dataclass(frozen=True)
class LiveCart:
    """A session with an open cart."""

    visitor: str | None
    """None where nobody knows."""
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


def live_cart(
    visitor: str | None, session: str | None, told: Sequence[ToldEvent], where: str, rules: SessionRules
) -> LiveCart:
    """A cart with its events in order of time.

    Args:
        visitor: whose it is, where known.
        session: the source's own id of the session, where it has one.
        told: what the client sent.
        where: the field it came in, for the error.
        rules: how the log became sessions.

    Raises:
        InputError: no cart event, a purchase, a pause that ends a session, or no key where ids are hashed.
    """
    events = sorted((_event(event) for event in told), key=lambda event: event.ts)
    events = list(dict.fromkeys(events)) if rules.drop_duplicates else events
    kinds = {event.event for event in events}
    if "cart" not in kinds:
        raise InputError(f"`{where}` should have a cart event. Received: {', '.join(sorted(kinds))}")
    if "purchase" in kinds:
        raise InputError(f"`{where}` should be of an open cart. Received: a session with a purchase")
    if session is None:
        _check_gaps(events, where, rules.gap_minutes)
    return LiveCart(rules.identity(visitor), rules.identity(session), events)


def _check_gaps(events: Sequence[LiveEvent], where: str, gap_minutes: float) -> None:
    longest = max((later.ts - earlier.ts for earlier, later in pairwise(events)), default=0)
    if longest > round(gap_minutes * 60e6):
        raise InputError(
            f"`{where}` should be of one session, which ends {gap_minutes:g} minutes after its last event, or have a "
            f"session_id. Received: a pause of {longest / 60e6:,.1f} minutes"
        )


def _event(told: ToldEvent) -> LiveEvent:
    moment = (told.ts - EPOCH) // timedelta(microseconds=1)
    return LiveEvent(moment, told.event, told.item_id, told.category, told.price, told.quantity)
