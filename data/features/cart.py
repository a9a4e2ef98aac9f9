"""What is in the cart at a decision point."""

import ibis

from data.features.exact import count_where, mean_of, price_units
from data.features.scales import PRICE_SCALE, RATIO_SCALE

CART_FEATURES = (
    "cart_items", "cart_quantity", "cart_value", "cart_mean_price", "cart_max_price", "cart_item_views",
    "cart_price_to_category", "cart_item_popularity", "cart_item_conversion",
)  # fmt: skip


def cart_features(past: ibis.Table, points: ibis.Table, history: ibis.Table) -> ibis.Table:
    """The cart at each point, item by item and then in sum.

    An item is in the cart from its cart event until an uncart event, which takes it out whole. What a cart event
    adds is a line, of one piece where the quantity is unknown; an item's price and history are those of its latest
    line.

    Args:
        past: the events of the points' sessions.
        points: `session_id` and `step`.
        history: `row`, `popularity`, `conversion` and `price_ratio` of cart events.

    Returns:
        `session_id`, `step` and the features above (float32); no row where the cart is empty.
    """
    touched = _touched(past, history)
    asked = points.select("session_id", point="step")
    pairs = touched.join(asked, "session_id").filter(lambda t: t.step <= t.point)
    return _summed(_items(pairs))


def _touched(past: ibis.Table, history: ibis.Table) -> ibis.Table:
    """Views, carts and uncarts of items that were carted in the session, and until which step a line stands."""
    carted = past.filter(past.event == "cart").select("session_id", "item_id").distinct()
    events = past.semi_join(carted, ["session_id", "item_id"])
    later = ibis.window(group_by=["session_id", "item_id"], order_by="step", rows=(1, None))
    moved = events.filter(events.event.isin(["cart", "uncart"]))
    is_cart = moved.event == "cart"
    # A log that counts no pieces means one by an event (`ColumnConfig.quantity`).
    # Both below look ahead, but are only ever compared with a point: "had it been removed by then?"
    lines = moved.select(
        "session_id", "item_id", "step", "row", is_cart=is_cart,
        units=price_units(moved.price),
        quantity=moved.quantity.fill_null(1),
        removed=ibis.ifelse(is_cart, None, moved.step).min().over(later),
        renewed=ibis.ifelse(is_cart, moved.step, None).min().over(later),
    )  # fmt: skip
    lines = lines.filter(lines.is_cart).left_join(history, "row").drop("row_right", "row")
    views = events.filter(events.event == "view").select("session_id", "item_id", "step")
    nothing = {name: ibis.null(kind) for name, kind in lines.schema().items() if name not in views.columns}
    viewed = views.mutate(**nothing | {"is_cart": False}).select(lines.columns)
    return lines.union(viewed)


def _items(pairs: ibis.Table) -> ibis.Table:
    """One row per point and item in the cart."""
    t = pairs
    line = t.is_cart & (t.removed.isnull() | (t.removed > t.point))
    latest = line & (t.renewed.isnull() | (t.renewed > t.point))
    items = t.group_by("session_id", "point", "item_id").agg(
        lines=count_where(line),
        views=count_where(~t.is_cart),
        quantity=t.quantity.cast("int64").sum(where=line),
        value=(t.units * t.quantity).sum(where=line),
        unpriced=count_where(line & t.units.isnull()),
        units=t.units.max(where=latest),
        popularity=t.popularity.max(where=latest),
        conversion=t.conversion.max(where=latest),
        price_ratio=t.price_ratio.max(where=latest),
    )
    return items.filter(items.lines > 0)


def _summed(items: ibis.Table) -> ibis.Table:
    t = items
    value = ibis.ifelse(t.unpriced.sum() == 0, t.value.sum(), None)
    carts = t.group_by("session_id", step=t.point).agg(
        cart_items=t.count().cast("float32"),
        cart_quantity=t.quantity.sum().cast("float32"),
        cart_value=(value.cast("float64") / PRICE_SCALE).cast("float32"),
        cart_mean_price=mean_of(t.units.sum(), t.units.count(), PRICE_SCALE),
        cart_max_price=(t.units.max().cast("float64") / PRICE_SCALE).cast("float32"),
        cart_item_views=t.views.sum().cast("float32"),
        cart_price_to_category=mean_of(t.price_ratio.sum(), t.price_ratio.count(), RATIO_SCALE),
        cart_item_popularity=mean_of(t.popularity.sum(), t.popularity.count()),
        cart_item_conversion=mean_of(t.conversion.sum(), t.conversion.count(), RATIO_SCALE),
    )
    return carts.select("session_id", "step", *CART_FEATURES)
