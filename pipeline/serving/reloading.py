"""The models that answer now, replaced as a whole when there are others."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from data.errors import InputError
from data.features.live import LiveEvent
from data.live.live_cart import LiveCart
from explain.cart.scorer import Scored
from models.recommending.recommendation import Recommendation
from pipeline.serving.batches import Batches
from pipeline.serving.bodies import SessionBody
from pipeline.serving.items import CartItems
from pipeline.serving.sources import Served, State

log = logging.getLogger(__name__)


class Provider(Protocol):
    """What `sources.Source` does."""

    def state(self) -> State:
        """What would be served now."""

    def load(self, state: State) -> Served:
        """Load it."""


@dataclass(frozen=True)
class Answering:
    """A set of models and the queues before them. A request keeps to the set it began with, so a swap loses none."""

    served: Served
    score: Batches[Sequence[LiveCart], list[Scored]] | None
    reasons: Batches[Sequence[dict[str, float]], list[list[str]]] | None
    cart_items: Batches[CartItems, list[Recommendation]] | None
    session_items: Batches[SessionBody, Recommendation | InputError] | None


def answering(served: Served) -> Answering:
    """Queues for a set of models."""
    carts, items = served.carts, served.items
    return Answering(
        served=served,
        score=Batches(carts.score) if carts else None,
        reasons=Batches(carts.reasons) if carts else None,
        cart_items=Batches(items.for_carts) if items else None,
        session_items=Batches(items.for_sessions) if items else None,
    )


class Reloader:
    """Looks for other models every so often.

    Args:
        source: where they come from.
        seconds: between one look and the next.
    """

    def __init__(self, source: Provider, seconds: float) -> None:
        self._source, self._seconds = source, seconds
        self.current: Answering | None = None
        self.reloads = 0
        self.failures = 0
        """Looks since the last good one that failed, as while a run is at work."""

    async def first(self) -> None:
        """Load for the first time.

        Raises:
            InputError: there is nothing to serve.
        """
        self.current = await asyncio.to_thread(self._load, await asyncio.to_thread(self._source.state))

    async def watch(self) -> None:
        """Look until cancelled; what fails is logged, and the models stay as they are."""
        while True:
            await asyncio.sleep(self._seconds)
            await self.look()

    async def look(self) -> None:
        """Replace the models if there are others."""
        try:
            state = await asyncio.to_thread(self._source.state)
            if self.current is None or state != self.current.served.state:
                self.current = await asyncio.to_thread(self._load, state)
                self.reloads += 1
                log.warning("Now serving %s", self.current.served.versions.model_dump())
            self.failures = 0
        except Exception as error:
            self.failures += 1
            log.warning("Still serving the models from before: %s", error, exc_info=not isinstance(error, InputError))

    def _load(self, state: State) -> Answering:
        served = self._source.load(state)
        warm(served)
        return answering(served)


def warm(served: Served) -> None:
    """Answer once, so that no client waits for graphs to be traced."""
    cart = LiveCart(None, None, [LiveEvent(0, "view", "", None, 1.0), LiveEvent(1, "cart", "", None, 1.0, 1)])
    if served.carts:
        served.carts.reasons([[served.carts.score([[cart]])[0][0].features]])
    if served.items:
        served.items.for_carts([CartItems([cart], 1)])
