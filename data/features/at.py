"""All features at given points: one function for training and scoring."""

from collections.abc import Callable

import ibis

from data.features.cart import cart_features
from data.features.catalogue import FEATURES
from data.features.history import category_history, item_history, visitor_history
from data.features.running import past_of, running_features

_EMPTY_CART = ("cart_items", "cart_quantity", "cart_value", "cart_item_views")


def _as_it_is(table: ibis.Table) -> ibis.Table:
    return table


def features_at(
    sessions: ibis.Table, points: ibis.Table, hold: Callable[[ibis.Table], ibis.Table] = _as_it_is
) -> ibis.Table:
    """Every feature of the catalogue, as of each point.

    A feature depends on the events at or before the point in (`ts`, `row`) order and on nothing after it, in this
    session or in any other.

    Args:
        sessions: the whole log, with `session_id` and `step`.
        points: `session_id` and `step` (int32), without duplicates, each an event of a session at or after its
            first cart event.
        hold: what to do with intermediate tables that are used several times or need a sort of their own; a long
            log wants them computed one by one (`data.engine.keep`), so that only one is in memory.

    Returns:
        One row per point: `session_id`, `visitor_id`, `step`, `ts`, `session_start`, `decision_point` (int32) and
        the other features (float32, null where unknown).
    """
    points = points.select("session_id", "step")
    return features_of(hold(past_of(sessions, points)), points, sessions, sessions, hold)


def features_of(
    past: ibis.Table,
    points: ibis.Table,
    sessions: ibis.Table,
    log: ibis.Table,
    hold: Callable[[ibis.Table], ibis.Table],
) -> ibis.Table:
    """`features_at`, for a log of which only some sessions are known.

    Args:
        past: what `running.past_of` gives: the events of the points' sessions, up to each session's latest point.
        points: `session_id` and `step`.
        sessions: `session_id`, `step`, `visitor_id`, `event`, `ts` and `row` of all events of the points' visitors.
        log: the whole log; its session ids, if it has any, do not matter.
        hold: what to do with intermediate tables.

    Returns:
        What `features_at` returns; ids have the types of `past`.
    """
    cart_events = past.filter(past.event == "cart")
    prices = hold(category_history(log, cart_events))
    items = hold(item_history(log, cart_events))
    history = items.left_join(prices, "row").drop("row_right")
    carts = hold(cart_features(past, points, history))
    visitors = hold(visitor_history(sessions, past))
    running = hold(running_features(past, points))
    joined = running.left_join(carts, ["session_id", "step"]).drop("session_id_right", "step_right")
    joined = joined.left_join(visitors, "session_id").drop("session_id_right")
    filled = joined.mutate(**{name: _filled(joined, name) for name in _EMPTY_CART})
    names = [feature.name for feature in FEATURES]
    return filled.select("session_id", "visitor_id", "step", "ts", "session_start", *names)


def _filled(joined: ibis.Table, name: str) -> ibis.Value:
    # No row of the cart's means an empty cart, which has 0 items and costs 0; an unknown price stays unknown.
    return ibis.ifelse(joined.cart_items.isnull(), 0.0, joined[name]).cast("float32")
