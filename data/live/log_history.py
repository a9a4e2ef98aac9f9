"""A log as a live session's features need it, in a folder: who did what to which item and when."""

import json
import secrets
import tempfile
from pathlib import Path

import pyarrow as pa

from data.config import EngineConfig
from data.engine import engine, lent, read_parquet, write_parquet
from data.features.exact import price_units
from data.live.log_memory import HISTORY, SALT, hidden


def write_history(path: Path, folder: Path, config: EngineConfig) -> None:
    """Write the history of a log, for `log_memory.read_memory`; about 12 bytes an event.

    It holds no id of a visitor or a session. What stands for a visitor (`log_memory.hidden`) is another one each time,
    and the rows are in its order, since the order of ids tells of them too.

    Args:
        path: events with `session_id` and `step`, as sessionize writes them.
        folder: existing folder to write to.
        config: the SQL engine that sorts them.
    """
    salt = secrets.token_bytes(16)
    with tempfile.TemporaryDirectory() as scratch, engine(config, Path(scratch)) as backend:
        events = read_parquet(backend, path)
        ids = events.select("visitor_id").distinct().to_pyarrow()["visitor_id"]
        keys = pa.array([hidden(one, salt) for one in ids.to_pylist()], pa.binary())
        visitors = lent(backend, pa.table({"visitor_id": ids, "visitor": keys}))
        told = events.inner_join(visitors, "visitor_id")
        history = told.select(
            "visitor", "ts", "event", "item_id", "category", units=price_units(told.price), starts=told.step == 0
        )
        write_parquet(history, folder / HISTORY, sort_by=["visitor", "ts"])
    (folder / SALT).write_text(json.dumps({"salt": salt.hex()}) + "\n")
