"""Item sequences of all sessions, for the recommender."""

import ibis

from data.features.exact import micros, seconds


def item_sequences(sessions: ibis.Table, longest: int | None = None) -> ibis.Table:
    """One row per session: its latest items, events and the time between them, in order.

    Args:
        sessions: events with `session_id` and `step`.
        longest: latest events kept of a session; all where None.

    Returns:
        `session_id`, `visitor_id`, `session_start`, `session_end`, `items` (list of string), `events` (list of string,
        as long) and `gaps` (list of float32, as long): seconds since the session's previous event, whether that one is
        kept or not, and 0 for the session's first.
    """
    before = ibis.window(group_by="session_id", order_by="step")
    gap = seconds(micros(sessions.ts, sessions.ts.lag().over(before)))
    timed = sessions.mutate(gap=gap.fill_null(0.0).cast("float32"))
    # Spark refuses an ordered collect: collect structs, whose first field is the order, and sort those.
    event = ibis.struct({"step": timed.step, "item": timed.item_id, "event": timed.event, "gap": timed.gap})
    grouped = timed.group_by("session_id").agg(
        visitor_id=timed.visitor_id.arbitrary(),
        session_start=timed.ts.min(),
        session_end=timed.ts.max(),
        taken=event.collect(),
    )
    ordered = grouped.taken.sort()
    latest = grouped.mutate(taken=ordered if longest is None else ordered[-longest:])
    return latest.select(
        "session_id", "visitor_id", "session_start", "session_end",
        items=latest.taken.map(lambda taken: taken["item"]),
        events=latest.taken.map(lambda taken: taken["event"]),
        gaps=latest.taken.map(lambda taken: taken["gap"]),
    )  # fmt: skip
