"""From a request to its answer, by one set of models."""

import asyncio
from collections.abc import Sequence

from data.errors import InputError
from data.live.live_cart import LiveCart, SessionRules, live_cart
from explain.cart.answer import CartAnswer, cart_answer, shown_items
from explain.cart.scorer import Scored
from models.recommending.recommendation import Recommendation
from pipeline.serving.bodies import CartBody, CartsAnswer, CartsBody, ItemsAnswer, SessionBody
from pipeline.serving.items import CartItems, ItemFinder
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
    rules = now.served.rules.session
    carts = [_cart(cart, f"carts.{place}.events", rules) for place, cart in enumerate(body.carts)]
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
    visitor = now.served.rules.session.identity(body.visitor_id)
    found = await now.session_items(body.model_copy(update={"visitor_id": visitor}))
    if isinstance(found, InputError):
        raise found
    return ItemsAnswer(
        items=shown_items(found, finder.recommender.catalogue),
        source=found.source,
        skipped=found.skipped,
        unknown=finder.recommender.unknown(body.items),
        category=found.category,
        versions=now.served.versions,
    )


def _cart(cart: CartBody, where: str, rules: SessionRules) -> LiveCart:
    for name in ("visitor_id", "session_id"):
        ids = dict.fromkeys(getattr(event, name) for event in cart.events)
        if len(ids) > 1:
            raise InputError(f"`{where}` should have one {name}. Received: {len(ids)} different ones")
    return live_cart(cart.events[0].visitor_id, cart.events[0].session_id, cart.events, where, rules)


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
    items = shown_items(shown, finder.recommender.catalogue, k) if finder and shown else None
    return cart_answer(cart, now.served.carts.memory.knows(cart.visitor), scored, why, shown, items)
