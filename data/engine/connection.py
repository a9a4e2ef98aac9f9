"""A connection to the engine: bounded memory, spilling to disk, no network."""

import contextlib
import difflib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import ibis

from data.config import EngineConfig
from data.engine.tables import quote
from data.errors import InputError

EngineError = duckdb.Error
"""Base of the engine's own exceptions."""


def connect(
    config: EngineConfig, scratch: Path, *, keep_order: bool = False, time_zone: str = "UTC"
) -> ibis.BaseBackend:
    """Open an engine in this process: bounded memory, spilling to disk, no network.

    Args:
        config: memory limit and threads.
        scratch: existing folder for what does not fit in memory; the caller removes it.
        keep_order: hand rows on in the order of the files even without a sort. Costs memory where much is
            written, so only for reading raw files, whose row order has a meaning.
        time_zone: IANA name of the zone in which a time without an offset is read.

    Returns:
        An Ibis backend. Close it with `backend.disconnect()`, or use `engine`.

    Raises:
        InputError: the time zone is unknown.
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
    backend = ibis.duckdb.connect(**settings)  # Ibis sets the session's time zone to UTC
    if time_zone != "UTC":
        _set_time_zone(backend, time_zone)
    return backend


def _set_time_zone(backend: ibis.BaseBackend, name: str) -> None:
    known = [zone for (zone,) in backend.raw_sql("SELECT name FROM pg_timezone_names()").fetchall()]
    if name not in known:
        backend.disconnect()
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        raise InputError(
            f'`source.time_zone` should be an IANA time zone such as "Europe/Berlin". Received: "{name}".'
            + (f' Did you mean "{near[0]}"?' if near else "")
        )
    backend.raw_sql(f"SET TimeZone = {quote(name)}")


def disregard_order(backend: ibis.BaseBackend) -> None:
    """Stop keeping the order of files, which costs memory, once it is told by a column."""
    backend.raw_sql("SET preserve_insertion_order = false")


@contextlib.contextmanager
def engine(
    config: EngineConfig, scratch: Path, *, keep_order: bool = False, time_zone: str = "UTC"
) -> Iterator[ibis.BaseBackend]:
    """`connect`, and disconnect at the end.

    Raises:
        InputError: what `connect` raises, or the work needs more memory than allowed even with spilling.
    """
    backend = connect(config, scratch, keep_order=keep_order, time_zone=time_zone)
    try:
        yield backend
    except duckdb.OutOfMemoryException as error:
        raise InputError(
            f"The log is too long for {config.memory_limit_mib} MiB of memory. Raise `engine.memory_limit_mib`, or "
            f"lower `engine.threads`, each of which holds a part. The engine said: {str(error).splitlines()[0]}"
        ) from error
    finally:
        backend.disconnect()
