"""From a request to its answer, by one set of models."""

import asyncio
import math
from collections.abc import Sequence

from data.errors import InputError
from models.recommender import Recommendation
from pipeline.serving.bodies import CartAnswer, CartsAnswer, CartsBody, ItemsAnswer, SessionBody
from pipeline.serving.carts import Scored
from pipeline.serving.items import CartItems, ItemFinder
from pipeline.serving.live_session import LiveCart, live_carts
from pipeline.serving.reloading import Answering


class NotServed(Exception):
    """What was asked for is not there: 404, or 503 where it will be."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


async def about_carts(now: Answering, body: CartsBody) -> CartsAnswer:
    """Probability, nudge and what else is asked for of each cart.

    Raises:
        InputError: a cart is no session with an open cart.
        NotServed: the run has no abandonment model, or items are asked for and it has no recommender.
    """
    if now.score is None:
        raise NotServed(404, "The run has no abandonment model: `abandonment.enabled` is false.")
    config = now.served.config
    carts = live_carts(body.carts, config.session.gap_minutes, config.source.duplicates == "drop")
    finder = _finder(now) if body.items else None
    scored, shown = await asyncio.gather(now.score(carts), _shown(now, carts, body.items))
    why = await _reasons(now, scored) if body.reasons else [None] * len(carts)
    answers = [_about(now, finder, body.items, *one) for one in zip(carts, scored, why, shown, strict=True)]
    return CartsAnswer(carts=answers, versions=now.served.versions)


async def about_session(now: Answering, body: SessionBody) -> ItemsAnswer:
    """The items most likely to come next.

    Raises:
        InputError: kinds or gaps that do not go with the items, or a filter that the catalogue cannot answer.
        NotServed: the run has no recommender.
    """
    finder = _finder(now)
    assert now.session_items is not None
    found = await now.session_items(body)
    if isinstance(found, InputError):
        raise found
    return ItemsAnswer(
        items=finder.shown(found),
        source=found.source,
        skipped=found.skipped,
        unknown=finder.recommender.unknown(body.items),
        category=found.category,
        versions=now.served.versions,
    )


def _finder(now: Answering) -> ItemFinder:
    if now.served.items is None:
        raise NotServed(404, f"The run has no recommender: {now.served.no_items}.")
    return now.served.items


async def _shown(now: Answering, carts: Sequence[LiveCart], k: int | None) -> Sequence[Recommendation | None]:
    if k is None or now.cart_items is None:
        return [None] * len(carts)
    return await now.cart_items(CartItems(carts, k))


async def _reasons(now: Answering, scored: Sequence[Scored]) -> Sequence[list[str]]:
    assert now.reasons is not None
    return await now.reasons([one.features for one in scored])


def _about(
    now: Answering,
    finder: ItemFinder | None,
    k: int | None,
    cart: LiveCart,
    scored: Scored,
    why: list[str] | None,
    shown: Recommendation | None,
) -> CartAnswer:
    assert now.served.carts is not None
    return CartAnswer(
        visitor_id=cart.visitor,
        session_id=cart.session,
        visitor_known=now.served.carts.memory.knows(cart.visitor),
        decision_point=int(scored.features["decision_point"]),
        abandonment_probability=scored.probability,
        cart_value=None if math.isnan(scored.cart_value) else scored.cart_value,
        nudge=scored.nudge,
        reasons=why,
        items=finder.shown(shown, k) if finder and shown else None,
        skipped=shown.skipped if shown else None,
    )
