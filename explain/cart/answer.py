"""What is answered about a live cart, whoever asks: the HTTP server's clients or those of a registered model."""

import math

from pydantic import BaseModel

from data.live.live_cart import LiveCart
from explain.cart.scorer import Scored
from models.nudging.decision import Nudge
from models.recommending.catalogue import Catalogue
from models.recommending.recommendation import Recommendation


class ShownItem(BaseModel):
    """An item to show."""

    item_id: str
    score: float
    category: str | None
    price: float | None


class CartAnswer(BaseModel):
    """What is known of one cart."""

    visitor_id: str | None
    session_id: str | None
    visitor_known: bool
    """Whether the log has the visitor."""

    decision_point: int
    """Events after the first cart event."""

    abandonment_probability: float
    cart_value: float | None
    nudge: Nudge
    reasons: list[str] | None
    items: list[ShownItem] | None
    skipped: int | None
    """Events whose item the recommender does not know."""


def cart_answer(
    cart: LiveCart,
    known: bool,
    scored: Scored,
    why: list[str] | None,
    found: Recommendation | None,
    items: list[ShownItem] | None,
) -> CartAnswer:
    """The answer about a cart.

    Args:
        cart: the cart.
        known: whether the log has its visitor.
        scored: what the model says.
        why: the reasons, where asked for.
        found: what the recommender found, where asked for.
        items: what of it is shown.
    """
    return CartAnswer(
        visitor_id=cart.visitor,
        session_id=cart.session,
        visitor_known=known,
        decision_point=int(scored.features["decision_point"]),
        abandonment_probability=scored.probability,
        cart_value=None if math.isnan(scored.cart_value) else scored.cart_value,
        nudge=scored.nudge,
        reasons=why,
        items=items,
        skipped=found.skipped if found else None,
    )


def shown_items(found: Recommendation, facts: Catalogue | None, k: int | None = None) -> list[ShownItem]:
    """The best k of the items (all where not given), with what is known of them."""
    return [
        ShownItem(
            item_id=item,
            score=score,
            category=facts.category(item) if facts else None,
            price=facts.price(item) if facts else None,
        )
        for item, score in found.ranked[:k]
    ]
