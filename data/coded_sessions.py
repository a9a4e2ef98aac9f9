"""Sessions told by whole numbers, for a log that is asked of few of its sessions.

Windows over whole numbers take a third of the time of windows over the whole rows and their texts, and the names are
made for those sessions alone that somebody wants to see.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import ibis

from data.config import SessionConfig
from data.sessions import named, placed

STARTS = 1 << 32
"""More than the events of any visitor: a session's code is its owner's times this, and where it starts."""


@dataclass(frozen=True)
class CodedSessions:
    """The sessions of some visitors of a log."""

    events: ibis.Table
    """`session_id` (int64), `visitor_id` (int32), `step`, `ts`, `row` and `event` of each of their events."""

    owners: ibis.Table
    """`owner` (int32), and the `visitor_id` and the source's own `session_id`, null or not, that it stands for."""

    log: ibis.Table
    """The whole log, in the contract's form."""

    def of(self, points: ibis.Table) -> ibis.Table:
        """The events of the points' sessions, as `sessions.sessionize` gives them but for the ids."""
        asked = self.events.semi_join(points, "session_id").select("session_id", "visitor_id", "step", "row")
        return self.log.drop("session_id", "visitor_id").join(asked, "row")

    def decoded(self, table: ibis.Table, points: ibis.Table) -> ibis.Table:
        """A table with `session_id` and `visitor_id`, none but the points' sessions, with ids in the place of codes."""
        joined = table.join(self._names(points), "session_id")
        ids = {"session_id": joined.name, "visitor_id": joined.visitor}
        return joined.select(**{name: ids.get(name, joined[name]) for name in table.columns})

    def _names(self, points: ibis.Table) -> ibis.Table:
        """`session_id` of the points, and the `name` and the `visitor` that `sessions.sessionize` has for it."""
        starts = self.events.filter(self.events.step == 0)
        starts = starts.select("session_id", owner=(starts.session_id // STARTS).cast("int32"))
        number = ibis.row_number().over(group_by="owner", order_by="session_id") + 1
        asked = starts.mutate(number=number).semi_join(points, "session_id").rename(code="session_id")
        told = named(asked.join(self.owners, "owner"), self.log)
        return told.select(session_id="code", name="name", visitor="visitor_id")


def code_sessions(
    log: ibis.Table, since: datetime, config: SessionConfig, hold: Callable[[ibis.Table], ibis.Table]
) -> CodedSessions:
    """The sessions of visitors with an event since a moment and a cart event at any time, as `sessions.sessionize` has.

    Args:
        log: the event contract, any order.
        since: the moment.
        config: the gap.
        hold: what to do with tables that are used several times (`data.engine.keep`).
    """
    pairs = log.group_by("visitor_id", "session_id").agg(carts=(log.event == "cart").any(), last=log.ts.max())
    whole = ibis.window(group_by="visitor_id")
    pairs = pairs.mutate(carts=pairs.carts.any().over(whole), last=pairs["last"].max().over(whole))
    asked = pairs.filter(pairs.carts & (pairs["last"] >= since)).select("visitor_id", "session_id")
    owners = hold(
        asked.mutate(
            owner=ibis.row_number().over(order_by=["visitor_id", "session_id"]).cast("int32"),
            visitor=ibis.dense_rank().over(order_by="visitor_id").cast("int32"),
        )
    )
    same = [log.visitor_id == owners.visitor_id, log.session_id.identical_to(owners.session_id)]
    told = log.join(owners, same).select("owner", "visitor", "ts", "row", "event", has_id=log.session_id.notnull())
    t = placed(told, ["owner"], told.has_id, config)
    events = t.select(
        "ts", "row", "event",
        session_id=t.owner.cast("int64") * STARTS + t.start,
        visitor_id="visitor",
        step=(t.position - t.start).cast("int32"),
    )  # fmt: skip
    return CodedSessions(hold(events), owners, log)
