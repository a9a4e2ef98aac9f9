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


def running_features(past: ibis.Table) -> ibis.Table:
    """What is known of the session itself after each of its events.

    Args:
        past: events with `session_id` and `step`, whole sessions from their first event on.

    Returns:
        `session_id`, `step`, `visitor_id`, `ts`, `session_start` and the features of the groups session and time, and
        `viewed_mean_price`; one row per event.
    """
    events = _with_firsts(past)
    so_far = ibis.window(group_by="session_id", order_by="step", rows=(None, 0))

    def count(kind: str) -> ibis.Value:
        return count_where(events.event == kind).over(so_far)

    view_units = ibis.ifelse(events.event == "view", price_units(events.price), None)
    cart_ts = ibis.ifelse(events.event == "cart", events.ts, None)
    running = events.select(
        "session_id", "visitor_id", "step", "ts", "interval",
        n_views=count("view"), n_carts=count("cart"), n_uncarts=count("uncart"), n_favourites=count("favourite"),
        distinct_items=count_where(events.new_item).over(so_far),
        distinct_categories=count_where(events.new_category).over(so_far),
        session_start=events.ts.min().over(so_far),
        first_cart_ts=cart_ts.min().over(so_far),
        last_cart_ts=cart_ts.max().over(so_far),
        first_cart=ibis.ifelse(events.event == "cart", events.step, None).min().over(so_far),
        max_interval=events.interval.max().over(so_far),
        view_units=view_units.sum().over(so_far),
        priced_views=view_units.count().over(so_far),
    )  # fmt: skip
    return _finished(running)


def _with_firsts(past: ibis.Table) -> ibis.Table:
    """Whether an event is the session's first with its item and with its category, and the time since the previous."""
    of_item = ibis.window(group_by=["session_id", "item_id"], order_by="step")
    of_category = ibis.window(group_by=["session_id", "category"], order_by="step")
    before = ibis.window(group_by="session_id", order_by="step")
    return past.mutate(
        new_item=ibis.row_number().over(of_item) == 0,
        new_category=past.category.notnull() & (ibis.row_number().over(of_category) == 0),
        interval=micros(past.ts, past.ts.lag().over(before)),
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
