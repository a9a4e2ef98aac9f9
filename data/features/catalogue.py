"""Every feature of an event source: what it means, and what a log must have for it.

Engine-free on purpose: reports read it without importing Ibis.
"""

from collections.abc import Collection

from data.feature import Feature

PRICES = ("cart_mean_price", "cart_max_price", "cart_price_to_category")


def _with_a_discount(price: str) -> tuple[str, ...]:
    """What goes down with one of the cart's prices where all of them are lowered by the same share."""
    return ("cart_value", *(name for name in PRICES if name != price))


FEATURES: tuple[Feature, ...] = (
    Feature(
        "decision_point", "Events since the first cart event", "session", unit="events",
        description="Number of events in the session after its first cart event.",
    ),
    Feature(
        "events_so_far", "Events so far", "session", unit="events",
        description="Number of events in the session so far.",
    ),
    Feature(
        "n_views", "Views", "session", unit="events",
        description="Number of views in the session so far.",
    ),
    Feature(
        "n_carts", "Cart events", "session", unit="events",
        description="Number of times something was put into the cart in the session so far.",
    ),
    Feature(
        "n_uncarts", "Removals from the cart", "session", unit="events",
        description="Number of times something was taken out of the cart in the session so far.",
    ),
    Feature(
        "n_favourites", "Favourites", "session", unit="events",
        description="Number of items marked as favourite in the session so far.",
    ),
    Feature(
        "distinct_items", "Different items", "session", unit="items",
        description="Number of different items the visitor has touched in the session so far.",
    ),
    Feature(
        "distinct_categories", "Different categories", "session", unit="categories",
        description="Number of different categories the visitor has touched in the session so far.",
    ),
    Feature(
        "cart_items", "Items in the cart", "cart", unit="items",
        description="Number of different items in the cart now.",
    ),
    Feature(
        "cart_quantity", "Pieces in the cart", "cart", unit="pieces",
        description="Number of pieces in the cart now; a cart event without a quantity counts as one.",
    ),
    Feature(
        "cart_value", "Cart value", "cart", unit="currency", actionable=True, way="raise",
        at_least=("cart_max_price",),
        description="Price times quantity (one if unknown), summed over the cart now; unknown if a price in it is.",
    ),
    Feature(
        "cart_mean_price", "Mean price in the cart", "cart", unit="currency", actionable=True,
        way="lower", along=_with_a_discount("cart_mean_price"),
        description="Mean price of the items in the cart now.",
    ),
    Feature(
        "cart_max_price", "Highest price in the cart", "cart", unit="currency", actionable=True,
        way="lower", along=_with_a_discount("cart_max_price"),
        description="Price of the most expensive item in the cart now.",
    ),
    Feature(
        "cart_item_views", "Views of cart items", "cart", unit="events",
        description="Number of views, so far in the session, of the items that are in the cart now.",
    ),
    Feature(
        "cart_price_to_category", "Cart prices relative to category", "price", unit="ratio", actionable=True,
        way="lower", along=_with_a_discount("cart_price_to_category"),
        description="Price of a cart item divided by the mean price seen in its category until then, "
        "as a mean over the items in the cart now.",
    ),
    Feature(
        "viewed_mean_price", "Mean price viewed", "price", unit="currency",
        description="Mean price over the views in the session so far.",
    ),
    Feature(
        "seconds_since_first_event", "Time in the session", "time", unit="s",
        description="Seconds since the first event of the session.",
    ),
    Feature(
        "seconds_since_first_cart", "Time since the first cart event", "time", unit="s",
        description="Seconds since something was first put into the cart in the session.",
    ),
    Feature(
        "seconds_since_last_cart", "Time since the last cart event", "time", unit="s",
        description="Seconds since something was last put into the cart in the session.",
    ),
    Feature(
        "seconds_since_previous_event", "Time since the previous event", "time", unit="s",
        description="Seconds between the event before and the latest event; unknown where there is only one.",
    ),
    Feature(
        "mean_interval", "Mean time between events", "time", unit="s",
        description="Mean number of seconds between one event of the session and the next, so far.",
    ),
    Feature(
        "max_interval", "Longest time between events", "time", unit="s",
        description="Longest time in seconds between one event of the session and the next, so far.",
    ),
    Feature(
        "hour", "Hour of the day", "time", unit="hour",
        description="Hour of the day in UTC, 0 to 23.",
    ),
    Feature(
        "weekday", "Day of the week", "time", unit="day",
        description="Day of the week in UTC, 0 for Monday to 6 for Sunday.",
    ),
    Feature(
        "visitor_sessions", "Earlier sessions of the visitor", "visitor", unit="sessions", cumulative=True,
        description="Number of sessions the visitor had started before this one.",
    ),
    Feature(
        "visitor_carts", "Earlier cart events of the visitor", "visitor", unit="events", cumulative=True,
        description="Number of times the visitor had put something into a cart before this session started.",
    ),
    Feature(
        "visitor_purchases", "Earlier purchases of the visitor", "visitor", unit="events", cumulative=True,
        description="Number of purchase events of the visitor before this session started.",
    ),
    Feature(
        "cart_item_popularity", "Popularity of cart items", "item", unit="events", cumulative=True,
        description="Events that anybody had with an item before it went into the cart, "
        "as a mean over the items in the cart now.",
    ),
    Feature(
        "cart_item_conversion", "Conversion of cart items", "item", unit="ratio", cumulative=True,
        description="Purchases per cart event that an item had before it went into the cart, smoothed, "
        "as a mean over the items in the cart now.",
    ),
)  # fmt: skip
"""Features of an event source, in column order."""

NEEDS_FIELD = {
    "price": frozenset({
        "cart_value", "cart_mean_price", "cart_max_price", "cart_price_to_category", "viewed_mean_price",
    }),
    "category": frozenset({"distinct_categories", "cart_price_to_category"}),
    "quantity": frozenset({"cart_quantity"}),
}  # fmt: skip
"""Features that a log does not have where no event has the field."""

NEEDS_EVENT = {
    "n_views": "view", "cart_item_views": "view", "viewed_mean_price": "view",
    "n_uncarts": "uncart", "n_favourites": "favourite",
}  # fmt: skip
"""Features that would be one constant in a log without such an event."""


def available_features(known: Collection[str], kinds: Collection[str]) -> tuple[tuple[Feature, ...], tuple[str, ...]]:
    """The features a log can give, and a note for each reason why others are left out.

    Args:
        known: optional fields of the event contract that at least one event has.
        kinds: kinds of event that occur in the log.

    Returns:
        The features, in column order, and the notes.
    """
    missing: dict[str, frozenset[str]] = {
        f"no {field}": names for field, names in NEEDS_FIELD.items() if field not in known
    }
    for kind in dict.fromkeys(NEEDS_EVENT.values()):
        if kind not in kinds:
            missing[f"no {kind} events"] = frozenset(name for name, needs in NEEDS_EVENT.items() if needs == kind)
    out = frozenset().union(*missing.values())
    notes = tuple(
        f"The log has {reason}: left out {', '.join(f'`{f.name}`' for f in FEATURES if f.name in names)}."
        for reason, names in missing.items()
    )
    return tuple(feature for feature in FEATURES if feature.name not in out), notes
