"""Items for live sessions."""

from collections.abc import Sequence
from dataclasses import dataclass

from data.errors import InputError
from data.live.live_cart import LiveCart
from data.live.log_memory import LogMemory
from models.recommending.cart_items import items_for_carts
from models.recommending.catalogue import Only
from models.recommending.recommendation import Recommendation
from models.recommending.recommender import Recommender
from pipeline.serving.bodies import SessionBody

END = 2**63 - 1


@dataclass(frozen=True)
class CartItems:
    """A request for items to show in carts."""

    carts: Sequence[LiveCart]
    k: int


class ItemFinder:
    """The recommender with what it needs of a run.

    Args:
        recommender: the recommender.
        memory: the log, for what visitors have bought.
        excluded: items never to show in a cart.
        hide_bought: whether a cart's visitor is not shown what they have bought before.
    """

    def __init__(
        self, recommender: Recommender, memory: LogMemory, excluded: Sequence[str] = (), hide_bought: bool = True
    ) -> None:
        self.recommender = recommender
        self._memory, self._excluded, self._hide = memory, excluded, hide_bought

    def for_carts(self, requests: Sequence[CartItems]) -> list[list[Recommendation]]:
        """The best items for the carts of some requests, as the rescue list has them."""
        carts = [cart for request in requests for cart in request.carts]
        k = max(request.k for request in requests)
        memory = self._memory if self._hide else None
        found = items_for_carts(self.recommender, carts, memory, k, self._excluded)
        answers = iter(found)
        return [[next(answers) for _ in request.carts] for request in requests]

    def for_session(self, body: SessionBody) -> Recommendation:
        """The best items for one session.

        Raises:
            InputError: what `Recommender.recommend` raises.
        """
        only = Only(tuple(body.categories), body.same_category, body.min_price, body.max_price)
        bought = [*body.bought, *(self._memory.bought(body.visitor_id, END) if body.visitor_id else [])]
        return self.recommender.recommend(
            [body.items], body.k, body.exclude_seen, body.exclude, [bought], only, [body.events], [body.gaps]
        )[0]

    def for_sessions(self, bodies: Sequence[SessionBody]) -> list[Recommendation | InputError]:
        """`for_session` for several, with the mistake in the place of an answer."""
        return [self._tried(body) for body in bodies]

    def _tried(self, body: SessionBody) -> Recommendation | InputError:
        try:
            return self.for_session(body)
        except InputError as error:
            return error
