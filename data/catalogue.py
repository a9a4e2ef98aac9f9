"""What the log says of each item: its category, its price and how much happened to it."""

from pathlib import Path

import ibis

from data.engine import write_parquet


def item_facts(sessions: ibis.Table) -> ibis.Table:
    """One row per item, with the latest category and price that any of its events knows.

    Args:
        sessions: events of the event contract, any order.

    Returns:
        `item_id`, `category` (string, null where no event has one), `price` (float64 in the shop's currency, null
        likewise) and `events` (int64).
    """
    # Rows tell events of the same moment apart, so that the answer does not hang on the order of reading.
    moment = ibis.struct({"ts": sessions.ts, "row": sessions.row})
    return sessions.group_by("item_id").agg(
        category=sessions.category.argmax(moment, where=sessions.category.notnull()),
        price=sessions.price.argmax(moment, where=sessions.price.notnull()),
        events=sessions.count(),
    )


def write_catalogue(sessions: ibis.Table, path: Path) -> None:
    """Write `item_facts` as Parquet, by item."""
    write_parquet(item_facts(sessions), path, sort_by=["item_id"])
