"""Events become sessions."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ibis

from data.config import EngineConfig, SessionConfig
from data.engine import engine, read_parquet, write_parquet

MARK = "#"
"""Stands between a visitor's id and the rest in the session ids made here."""


def sessionize(events: ibis.Table, config: SessionConfig) -> ibis.Table:
    """Assign each event to a session.

    A visitor's events belong to one session until `config.gap_minutes` pass without one; a session id from the
    source wins where it is not null. Such an id is kept as it is where one visitor uses it, and joined with the
    visitor's id where several do, so that no session has two visitors.

    Args:
        events: the event contract, any order.
        config: the gap.

    Returns:
        `events` with `session_id` (string, never null) and `step` (int32, 0-based position in the session by
        (`ts`, `row`)).
    """
    keys = ["visitor_id", "session_id"]
    numbered = placed(events, keys, events.session_id.notnull(), config)
    so_far = ibis.window(group_by=keys, order_by=["ts", "row"], rows=(None, 0))
    told = named(numbered.mutate(number=numbered.begin.count().over(so_far)), events)
    return told.select(
        **{name: told.name if name == "session_id" else told[name] for name in events.columns},
        step=(told.position - told.start).cast("int32"),
    )


def placed(events: ibis.Table, keys: Sequence[str], has_id: ibis.Value, config: SessionConfig) -> ibis.Table:
    """Add where each event stands among those of its visitor and source's own session id.

    Args:
        events: `ts` and `row`, the keys and whatever else.
        keys: columns that tell the visitors and the source's session ids apart.
        has_id: whether an event has an id of the source, which no gap ends.
        config: the gap.

    Returns:
        `events` with `position` (0-based), `start` (position of its session's first event) and `begin` (`start` where
        it is the first event, else null).
    """
    order = {"group_by": list(keys), "order_by": ["ts", "row"]}
    timed = events.mutate(
        has_id=has_id,
        previous=events.ts.lag().over(ibis.window(**order)),
        position=ibis.row_number().over(ibis.window(**order)),
    )
    gap = ibis.interval(microseconds=round(config.gap_minutes * 60e6))
    first = timed.previous.isnull() | (~timed.has_id & (timed.ts > timed.previous + gap))
    begun = timed.mutate(begin=ibis.ifelse(first, timed.position, None))
    return begun.mutate(start=begun.begin.max().over(ibis.window(**order, rows=(None, 0))))


def named(numbered: ibis.Table, events: ibis.Table) -> ibis.Table:
    """Add `name`, the session's id: unique over visitors and over the three ways to make one.

    The first mark that is not doubled parts a visitor's id from a number or from a colon and the source's id, so two
    sessions never get the same name, whatever the ids contain.

    Args:
        numbered: `visitor_id`, the source's `session_id`, and `number` (1-based) of the session among those of the two.
        events: the whole log, which tells what ids of the source several visitors share.
    """
    ids = events.filter(events.session_id.notnull())
    users = ids.group_by("session_id").agg(low=ids.visitor_id.min(), high=ids.visitor_id.max())
    shared = users.filter(users.low != users.high).select(shared_id="session_id")
    t = numbered.left_join(shared, numbered.session_id == shared.shared_id)
    visitor = t.visitor_id.replace(MARK, MARK + MARK)
    own = t.shared_id.isnull() & ~t.session_id.contains(MARK)
    return t.mutate(
        name=ibis.cases(
            (t.session_id.isnull(), visitor + MARK + t.number.cast("string")),
            (own, t.session_id),
            else_=visitor + f"{MARK}:" + t.session_id,
        )
    )


def write_sessions(events_path: Path, config: SessionConfig, engine_config: EngineConfig, out: Path) -> dict[str, Any]:
    """Write `events.parquet` with sessions, ordered by `row`, and `sessionize.json`.

    Args:
        events_path: the event contract, as ingest writes it.
        config: the gap.
        engine_config: the SQL engine.
        out: existing folder to write to.

    Returns:
        What `sessionize.json` holds: `events`, `sessions`, `cart_sessions`, `purchased_cart_sessions` and `notes`.
    """
    with tempfile.TemporaryDirectory(dir=out) as scratch, engine(engine_config, Path(scratch)) as backend:
        sessions = sessionize(read_parquet(backend, events_path), config)
        write_parquet(sessions, out / "events.parquet", sort_by=["row"])
        facts = _facts(read_parquet(backend, out / "events.parquet"))
    (out / "sessionize.json").write_text(json.dumps(facts, indent=1) + "\n")
    return facts


def _facts(sessions: ibis.Table) -> dict[str, Any]:
    starts = sessions.filter(sessions.step == 0)
    # Few sessions have a cart event: only theirs are grouped.
    carts = sessions.filter(sessions.event == "cart").select("session_id").distinct()
    bought = sessions.filter(sessions.event == "purchase").select("session_id").distinct()
    return {
        "events": sessions.count().to_pyarrow().as_py(),
        "sessions": starts.count().to_pyarrow().as_py(),
        "cart_sessions": carts.count().to_pyarrow().as_py(),
        "purchased_cart_sessions": carts.semi_join(bought, "session_id").count().to_pyarrow().as_py(),
        "notes": [],
    }
