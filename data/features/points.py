"""Decision points: the moments at which the model is asked."""

from datetime import datetime

import ibis

from data.config import FeatureConfig


def cart_sessions(sessions: ibis.Table) -> ibis.Table:
    """What a session with a cart event is in whole, outcome included.

    Args:
        sessions: events with `session_id` and `step`.

    Returns:
        One row per session with a cart event: `session_id`, `visitor_id`, `session_start`, `session_end` (timestamps
        of its first and last event), `last_step`, `first_cart` (step), `first_purchase` (step, null without one)
        and `purchase_ts` (of that purchase).
    """
    # Most sessions have no cart event: dropping them before the aggregation is what makes it cheap.
    events = sessions.semi_join(sessions.filter(sessions.event == "cart").select("session_id"), "session_id")
    bought = events.event == "purchase"
    return events.group_by("session_id").agg(
        visitor_id=events.visitor_id.min(),
        session_start=events.ts.min(),
        session_end=events.ts.max(),
        last_step=events.step.max(),
        first_cart=events.step.min(where=events.event == "cart"),
        first_purchase=events.step.min(where=bought),
        purchase_ts=events.ts.min(where=bought),
    )


def decision_points(carts: ibis.Table, config: FeatureConfig) -> ibis.Table:
    """The decision points of sessions whose outcome is known.

    A point is the event k events after the first cart event, for each k of `config.decision_points` that the session
    reaches before its first purchase: with a purchase the cart is bought, and the session's examples end.

    Args:
        carts: what `cart_sessions` returns.
        config: the numbers k.

    Returns:
        `carts` with one row per decision point and `step` (int32), its event's position in the session.
    """
    reached = [
        carts.mutate(step=(carts.first_cart + k).cast("int32")).filter(
            lambda t: (t.step <= t.last_step) & (t.first_purchase.isnull() | (t.step < t.first_purchase))
        )
        for k in sorted(set(config.decision_points))
    ]
    return ibis.union(*reached) if len(reached) > 1 else reached[0]


def open_carts(sessions: ibis.Table, since: datetime | None = None) -> ibis.Table:
    """The point to score for every open cart: the last event of a session with a cart event and no purchase.

    Args:
        sessions: events with `session_id` and `step`.
        since: the session's last event is not before this moment; any moment where None.

    Returns:
        `session_id` and `step` (int32), one row per session.
    """
    carts = cart_sessions(sessions)
    carts = carts if since is None else carts.filter(carts.session_end >= since)
    return carts.filter(carts.first_purchase.isnull()).select("session_id", step=carts.last_step)
