"""What was known of a visitor, an item and a category as of then.

Everything here runs over the log in (`ts`, `row`) order and looks strictly backwards: an event never counts itself.
"""

import ibis

from data.features.exact import count_where, price_units, ratio_units
from data.features.scales import PRIOR_CARTS, PRIOR_PURCHASES


def visitor_history(sessions: ibis.Table, points: ibis.Table) -> ibis.Table:
    """What the points' visitors had done before those sessions started.

    Returns:
        `session_id`, `visitor_sessions`, `visitor_carts` and `visitor_purchases` (float32), one row per session of
        `points` and of those visitors' others.
    """
    told = (sessions.step == 0) | sessions.event.isin(["cart", "purchase"])
    visitors = points.select("visitor_id").distinct()
    events = sessions.filter(told).semi_join(visitors, "visitor_id")
    before = ibis.window(group_by="visitor_id", order_by=["ts", "row"], rows=(None, 0))

    def earlier(condition: ibis.Value) -> ibis.Value:
        return count_where(condition).over(before) - condition.cast("int64")

    counted = events.select(
        "session_id", "step",
        visitor_sessions=earlier(events.step == 0).cast("float32"),
        visitor_carts=earlier(events.event == "cart").cast("float32"),
        visitor_purchases=earlier(events.event == "purchase").cast("float32"),
    )  # fmt: skip
    return counted.filter(counted.step == 0).drop("step")


def item_history(sessions: ibis.Table, cart_events: ibis.Table) -> ibis.Table:
    """What the items of cart events had seen before those events.

    Args:
        sessions: the whole log; needs no sessions.
        cart_events: the cart events asked for, with `item_id`.

    Returns:
        `row` of every cart event of those items, `popularity` (events the item had before) and `conversion`
        (purchases per cart event before, smoothed, in billionths); int64.
    """
    events = sessions.join(_numbered(cart_events, "item_id"), "item_id")
    seen = events.select("row", is_cart=events.event == "cart", popularity=_earlier())
    # Counting among all events would take a tree of sums for each item; the rows of sales alone are few.
    sales = events.filter(events.event.isin(["cart", "purchase"]))
    before = ibis.window(group_by="number", order_by=["ts", "row"], rows=(None, 0))
    is_cart = sales.event == "cart"
    counted = sales.select(
        "row",
        is_cart=is_cart,
        carts=count_where(is_cart).over(before) - 1,
        purchases=count_where(~is_cart).over(before),
    )
    carted = counted.filter(counted.is_cart)
    conversion = ratio_units(carted.purchases + PRIOR_PURCHASES, carted.carts + PRIOR_CARTS)
    popular = seen.filter(seen.is_cart).select("row", "popularity")
    return popular.join(carted.select("row", conversion=conversion), "row")


def category_history(sessions: ibis.Table, cart_events: ibis.Table) -> ibis.Table:
    """The price of cart events relative to what their category had cost before.

    Args:
        sessions: the whole log; needs no sessions.
        cart_events: the cart events asked for, with `category`.

    Returns:
        `row` of every priced cart event of those categories and `price_ratio`: its price divided by the mean price
        over the category's earlier events, in billionths (int64), null where the category had no priced event.
    """
    asked = _numbered(cart_events.filter(cart_events.price.notnull()), "category")
    events = sessions.filter(sessions.price.notnull()).join(asked, "category")
    events = events.select("row", "ts", "number", is_cart=events.event == "cart", units=price_units(events.price))
    before = ibis.window(group_by="number", order_by=["ts", "row"], rows=(None, 0))
    counted = events.select(
        "row", "is_cart", "units",
        total=events.units.sum().over(before) - events.units,
        priced=_earlier(),
    )  # fmt: skip
    carted = counted.filter(counted.is_cart)
    return carted.select("row", price_ratio=ratio_units(carted.units * carted.priced, carted.total))


def _numbered(events: ibis.Table, name: str) -> ibis.Table:
    """The values of a column with a `number` each (int32): a window sorts by it in a third of the time of a text."""
    values = events.filter(events[name].notnull()).select(name).distinct()
    return values.mutate(number=ibis.row_number().over(order_by=name).cast("int32"))


def _earlier() -> ibis.Value:
    """How many events of the same `number` lie before each."""
    return ibis.row_number().over(group_by="number", order_by=["ts", "row"])
