"""Items to show in live carts."""

from collections.abc import Sequence

from data.live.live_cart import LiveCart
from data.live.log_memory import LogMemory
from models.recommending.recommendation import Recommendation
from models.recommending.recommender import Recommender

ITEMS = 5
"""Items shown for a cart where nobody says how many."""


def items_for_carts(
    recommender: Recommender,
    carts: Sequence[LiveCart],
    memory: LogMemory | None,
    k: int = ITEMS,
    excluded: Sequence[str] = (),
) -> list[Recommendation]:
    """The best items for each cart, without what its session or its visitor has already.

    Args:
        recommender: the recommender.
        carts: the carts.
        memory: the log that tells what visitors have bought; None where that is shown again.
        k: items of each.
        excluded: items never to show.
    """
    return recommender.recommend(
        [cart.items for cart in carts],
        k,
        exclude_seen=True,  # what the session has seen includes all that is in its cart
        exclude=excluded,
        bought=None if memory is None else [memory.bought(cart.visitor, cart.events[0].ts) for cart in carts],
        events=[cart.kinds for cart in carts],
        gaps=[cart.gaps for cart in carts],
    )
