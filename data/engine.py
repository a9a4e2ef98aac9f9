"""The SQL engine: the only module of the package that knows which one runs the Ibis expressions."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import ibis

from data.config import EngineConfig


def connect(config: EngineConfig, scratch: Path, *, keep_order: bool = False) -> ibis.BaseBackend:
    """Open an engine in this process: bounded memory, spilling to disk, UTC, no network.

    Args:
        config: memory limit and threads.
        scratch: existing folder for what does not fit in memory; the caller removes it.
        keep_order: hand rows on in the order of the files even without a sort. Costs memory where much is
            written, so only for reading raw files, whose row order has a meaning.

    Returns:
        An Ibis backend. Close it with `backend.disconnect()`, or use `engine`.
    """
    settings: dict[str, object] = {
        "memory_limit": f"{config.memory_limit_mib}MiB",
        "temp_directory": str(scratch),
        "preserve_insertion_order": keep_order,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    if config.threads is not None:
        settings["threads"] = config.threads
    return ibis.duckdb.connect(**settings)  # Ibis sets the session's time zone to UTC


@contextlib.contextmanager
def engine(config: EngineConfig, scratch: Path, *, keep_order: bool = False) -> Iterator[ibis.BaseBackend]:
    """`connect`, and disconnect at the end."""
    backend = connect(config, scratch, keep_order=keep_order)
    try:
        yield backend
    finally:
        backend.disconnect()


def read_parquet(backend: ibis.BaseBackend, path: Path) -> ibis.Table:
    """A Parquet file as a table; nothing is read before the table is used."""
    return backend.read_parquet(str(path))


def write_parquet(table: ibis.Table, path: Path, sort_by: Sequence[str] = ()) -> None:
    """Write a table as one Parquet file (zstd).

    Args:
        table: what to write, bound to a backend from `connect`.
        path: the file; its folder exists.
        sort_by: columns that order the rows totally, so that the same rows give the same bytes. Empty only
            where the table has a fixed order already (`keep_order`).
    """
    ordered = table.order_by(list(sort_by)) if sort_by else table
    backend = table.get_backend()
    # Ibis's own to_parquet writes the path with Python's quotes, which SQL reads otherwise.
    query = backend.compile(ordered)
    backend.raw_sql(f"COPY ({query}) TO {quote(path)} (FORMAT parquet, COMPRESSION zstd)")


def quote(text: object) -> str:
    """A value as an SQL string."""
    return "'" + str(text).replace("'", "''") + "'"
