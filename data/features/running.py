"""Features that run along one session: counts, variety and time."""

import ibis

from data.features.exact import count_where, mean_of, micros, price_units, seconds
from data.features.scales import PRICE_SCALE


def past_of(sessions: ibis.Table, points: ibis.Table) -> ibis.Table:
    """The events of the points' sessions, up to each session's latest point.

    Args:
        sessions: events with `session_id` and `step`.
        points: `session_id` and `step`.
    """
    latest = points.group_by("session_id").agg(latest_point=points.step.max())
    joined = sessions.join(latest, "session_id")
    return joined.filter(joined.step <= joined.latest_point).drop("latest_point")


def running_features(past: ibis.Table, points: ibis.Table) -> ibis.Table:
    """What is known of the session itself at each point.

    Args:
        past: events with `session_id` and `step`, whole sessions from their first event on.
        points: `session_id` and `step`.

    Returns:
        `session_id`, `step`, `visitor_id`, `ts`, `session_start` and the features of the groups session and time, and
        `viewed_mean_price`; one row per point.
    """
    asked = points.select("session_id", point="step")
    before = ibis.window(group_by="session_id", order_by="step")
    timed = past.mutate(interval=micros(past.ts, past.ts.lag().over(before)))
    # Events are added up for each point anew: less work than running totals at every event, most of which nobody asks.
    t = timed.join(asked, "session_id").filter(lambda t: t.step <= t.point)
    is_cart = t.event == "cart"
    view_units = ibis.ifelse(t.event == "view", price_units(t.price), None)
    kinds = {"n_views": "view", "n_carts": "cart", "n_uncarts": "uncart", "n_favourites": "favourite"}
    running = t.group_by("session_id", step=t.point).agg(
        **{name: count_where(t.event == kind) for name, kind in kinds.items()},
        visitor_id=t.visitor_id.arbitrary(),
        ts=t.ts.max(),
        interval=t.interval.max(where=t.step == t.point),
        session_start=t.ts.min(),
        first_cart_ts=t.ts.min(where=is_cart),
        last_cart_ts=t.ts.max(where=is_cart),
        first_cart=t.step.min(where=is_cart),
        max_interval=t.interval.max(),
        view_units=view_units.sum(),
        priced_views=view_units.count(),
    )
    return _finished(running.join(_different(past, asked), ["session_id", "step"]))


def _different(past: ibis.Table, asked: ibis.Table) -> ibis.Table:
    """How many items and categories a session had at each point."""
    items = past.group_by("session_id", name=past.item_id).agg(first=past.step.min())
    known = past.filter(past.category.notnull())
    categories = known.group_by("session_id", name=known.category).agg(first=known.step.min())
    firsts = items.mutate(is_item=True).union(categories.mutate(is_item=False))
    t = firsts.join(asked, "session_id").filter(lambda t: t.first <= t.point)
    return t.group_by("session_id", step=t.point).agg(
        distinct_items=count_where(t.is_item), distinct_categories=count_where(~t.is_item)
    )


def _finished(running: ibis.Table) -> ibis.Table:
    t = running
    counts = ("n_views", "n_carts", "n_uncarts", "n_favourites", "distinct_items", "distinct_categories")
    elapsed = micros(t.ts, t.session_start)
    return t.select(
        "session_id", "visitor_id", "step", "ts", "session_start",
        decision_point=(t.step - t.first_cart).cast("int32"),
        events_so_far=(t.step + 1).cast("float32"),
        **{name: t[name].cast("float32") for name in counts},
        viewed_mean_price=mean_of(t.view_units, t.priced_views, PRICE_SCALE),
        seconds_since_first_event=seconds(elapsed),
        seconds_since_first_cart=seconds(micros(t.ts, t.first_cart_ts)),
        seconds_since_last_cart=seconds(micros(t.ts, t.last_cart_ts)),
        seconds_since_previous_event=seconds(t.interval),
        mean_interval=mean_of(elapsed, t.step, 1_000_000),
        max_interval=seconds(t.max_interval),
        hour=t.ts.hour().cast("float32"),
        weekday=t.ts.day_of_week.index().cast("float32"),
    )  # fmt: skip
