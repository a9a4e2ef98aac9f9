"""Item sequences of all sessions, for the recommender."""

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
    # Spark refuses an ordered collect: collect structs, whose first field is the order, and sort those.
    event = ibis.struct({"step": sessions.step, "item": sessions.item_id, "event": sessions.event})
    grouped = sessions.group_by("session_id").agg(
        visitor_id=sessions.visitor_id.arbitrary(),
        session_start=sessions.ts.min(),
        session_end=sessions.ts.max(),
        taken=event.collect(),
    )
    latest = grouped.mutate(taken=grouped.taken.sort()[-longest:])
    return latest.select(
        "session_id", "visitor_id", "session_start", "session_end",
        items=latest.taken.map(lambda taken: taken["item"]),
        events=latest.taken.map(lambda taken: taken["event"]),
    )  # fmt: skip
