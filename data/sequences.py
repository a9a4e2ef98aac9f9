"""Item sequences of sessions: of all of them, for the recommender, and of those with a cart, as of each example."""

import ibis

from data.features.exact import micros, seconds

LISTS = ("items", "events", "gaps")
"""What a sequence tells of each of its events."""


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
    timed = _timed(sessions)
    grouped = timed.group_by("session_id").agg(
        visitor_id=timed.visitor_id.arbitrary(),
        session_start=timed.ts.min(),
        session_end=timed.ts.max(),
        taken=_taken(timed),
    )
    return _latest(grouped, longest).select("session_id", "visitor_id", "session_start", "session_end", *LISTS)


def example_sequences(sessions: ibis.Table, points: ibis.Table, longest: int) -> ibis.Table:
    """One row per decision point: the latest events of its session up to it, in order.

    Args:
        sessions: events with `session_id` and `step`.
        points: `session_id`, `step`, `decision_point` and `session_end`, without duplicates.
        longest: latest events kept at a point.

    Returns:
        What `item_sequences` returns, and `decision_point`. The lists hold the events at or before the point, of which
        there is one at least; `session_end` is that of the whole session, for the split alone.
    """
    asked = points.select("session_id", "decision_point", "session_end", at="step")
    timed = _timed(sessions.semi_join(asked, "session_id"))
    # Most events lie before the latest `longest` or after the point.
    joined = timed.join(asked, "session_id").filter(lambda t: (t.step <= t.at) & (t.step > t.at - longest))
    grouped = joined.group_by(["session_id", "decision_point"]).agg(
        visitor_id=joined.visitor_id.arbitrary(),
        session_end=joined.session_end.max(),
        taken=_taken(joined),
    )
    starts = sessions.filter(sessions.step == 0).select("session_id", session_start="ts")
    return _latest(grouped.join(starts, "session_id"), longest).select(
        "session_id", "visitor_id", "decision_point", "session_start", "session_end", *LISTS
    )


def _timed(sessions: ibis.Table) -> ibis.Table:
    """The events with `gap`, seconds since the session's previous one."""
    before = ibis.window(group_by="session_id", order_by="step")
    gap = seconds(micros(sessions.ts, sessions.ts.lag().over(before)))
    return sessions.mutate(gap=gap.fill_null(0.0).cast("float32"))


def _taken(events: ibis.Table) -> ibis.Value:
    # Spark refuses an ordered collect: collect structs, whose first field is the order, and sort those.
    event = {"step": events.step, "item": events.item_id, "event": events.event, "gap": events.gap}
    return ibis.struct(event).collect()


def _latest(grouped: ibis.Table, longest: int | None) -> ibis.Table:
    """The table with the lists, the latest of `taken` in order."""
    ordered = grouped.taken.sort()
    latest = grouped.mutate(taken=ordered if longest is None else ordered[-longest:])
    return latest.mutate(
        items=latest.taken.map(lambda taken: taken["item"]),
        events=latest.taken.map(lambda taken: taken["event"]),
        gaps=latest.taken.map(lambda taken: taken["gap"]),
    )
