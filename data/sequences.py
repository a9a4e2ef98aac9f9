"""Item sequences of sessions: of all of them, for the recommender, and of those with a cart, as of each example."""

import ibis


def item_sequences(sessions: ibis.Table, longest: int) -> ibis.Table:
    """One row per session: its latest items and events, in order.

    Args:
        sessions: events with `session_id` and `step`.
        longest: latest events kept of a session.

    Returns:
        `session_id`, `visitor_id`, `session_start`, `session_end`, `items` (list of string) and `events` (list of
        string, as long).
    """
    grouped = sessions.group_by("session_id").agg(
        visitor_id=sessions.visitor_id.arbitrary(),
        session_start=sessions.ts.min(),
        session_end=sessions.ts.max(),
        taken=_taken(sessions),
    )
    return _latest(grouped, longest).select(
        "session_id", "visitor_id", "session_start", "session_end", "items", "events"
    )


def example_sequences(sessions: ibis.Table, points: ibis.Table, longest: int) -> ibis.Table:
    """One row per decision point: the latest items and events of its session up to it, in order.

    Args:
        sessions: events with `session_id` and `step`.
        points: `session_id`, `step`, `decision_point` and `session_end`, without duplicates.
        longest: latest events kept at a point.

    Returns:
        What `item_sequences` returns, and `decision_point`. `items` and `events` hold the events at or before the
        point, of which there is one at least; `session_end` is that of the whole session, for the split alone.
    """
    asked = points.select("session_id", "decision_point", "session_end", at="step")
    # Most sessions have no point, and most events of the others lie before the latest `longest` or after the point.
    joined = sessions.join(asked, "session_id").filter(lambda t: (t.step <= t.at) & (t.step > t.at - longest))
    grouped = joined.group_by(["session_id", "decision_point"]).agg(
        visitor_id=joined.visitor_id.arbitrary(),
        session_end=joined.session_end.max(),
        taken=_taken(joined),
    )
    starts = sessions.filter(sessions.step == 0).select("session_id", session_start="ts")
    return _latest(grouped.join(starts, "session_id"), longest).select(
        "session_id", "visitor_id", "decision_point", "session_start", "session_end", "items", "events"
    )


def _taken(events: ibis.Table) -> ibis.Value:
    # Spark refuses an ordered collect: collect structs, whose first field is the order, and sort those.
    return ibis.struct({"step": events.step, "item": events.item_id, "event": events.event}).collect()


def _latest(grouped: ibis.Table, longest: int) -> ibis.Table:
    """The table with `items` and `events`, the latest of `taken` in order."""
    latest = grouped.mutate(taken=grouped.taken.sort()[-longest:])
    return latest.mutate(
        items=latest.taken.map(lambda taken: taken["item"]),
        events=latest.taken.map(lambda taken: taken["event"]),
    )
