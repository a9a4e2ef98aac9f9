"""Who has bought what."""

import tempfile
from pathlib import Path

import ibis

from data.config import EngineConfig
from data.engine import engine, read_parquet
from data.errors import InputError


def purchases(events: ibis.Table) -> ibis.Table:
    """`visitor_id` and `item_id`, one row for each item that a visitor has bought.

    Args:
        events: the event contract, any order.
    """
    return events.filter(events.event == "purchase").select("visitor_id", "item_id").distinct()


def bought_by(path: Path, visitor: str, config: EngineConfig) -> list[str] | None:
    """The items that a visitor has bought in a log, in alphabetical order.

    Args:
        path: `events.parquet` of ingest.
        visitor: the visitor's id.
        config: the SQL engine.

    Returns:
        The items; None where the log has no event of the visitor.

    Raises:
        InputError: the file is missing.
    """
    if not path.is_file():
        raise InputError(f"There are no events at {path}. Write them first: python -m pipeline run --from ingest")
    with tempfile.TemporaryDirectory() as scratch, engine(config, Path(scratch)) as backend:
        events = read_parquet(backend, path)
        own = events.filter(events.visitor_id == visitor)
        if not own.count().to_pyarrow().as_py():
            return None
        items: list[str] = purchases(own).order_by("item_id").to_pyarrow()["item_id"].to_pylist()
        return items
