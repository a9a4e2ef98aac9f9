"""A raw log read, mapped to the event contract and judged, row by row; nothing is written but the quarantine."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial, reduce
from pathlib import Path

import ibis

from data.config import EngineConfig, IngestConfig, SourceConfig
from data.contract import COLUMNS
from data.engine import EngineError, disregard_order, engine, forget_rejects, keep, keep_in_order, write_parquet
from data.errors import InputError
from data.raw.duplicates import repeated
from data.raw.mapping import LINE_BREAK, map_events
from data.raw.numbering import Numbering, number_rows
from data.raw.pseudonyms import pseudonyms, visitor_key
from data.raw.quarantine import Reason, check_share, quarantine, reasons_of
from data.raw.readers import read
from data.raw.sources import Input, find_input

Staging = Callable[[ibis.Table], ibis.Table]
"""Holds rows in their order and gives them `position`."""


@contextmanager
def accepted(
    source: SourceConfig,
    rules: IngestConfig,
    engine_config: EngineConfig,
    path: Path,
    scratch: Path,
    quarantine_copy: Path,
) -> Iterator[ibis.Table]:
    """The events that `ingest` would write, as a table of an engine that closes with the context.

    Writing them takes as long as reading the log does; who wants them once and not all of their columns at a time does
    without.

    Args:
        source: what the files are like and what their columns mean.
        rules: how many rows may break the contract.
        engine_config: memory and threads.
        path: a file, a folder or a glob.
        scratch: existing folder for what does not fit in memory; the caller removes it.
        quarantine_copy: where to leave the rows that break the contract when they are too many.

    Raises:
        InputError: as `ingest`.
    """
    with reader(source, engine_config, scratch) as backend:
        with readable(path):
            taken = take(backend, find_input(source, path), source, rules, partial(keep_in_order, backend))
            written = scratch / "quarantine.parquet"
            if taken.reasons:
                taken.write_bad(written)
            check_share(taken.reasons, taken.numbering.total, taken.accepted, rules, source, written, quarantine_copy)
        disregard_order(backend)
        # Pseudonyms cost too much to be made anew each time the table is used.
        yield keep(backend, taken.events) if taken.hashed else taken.events


@dataclass(frozen=True)
class Taken:
    """What was read of a log."""

    rows: ibis.Table
    """Every row, mapped and judged."""
    events: ibis.Table
    """The rows that keep the contract, in its form."""
    bad: ibis.Table
    """Those that break it."""
    numbering: Numbering
    reasons: tuple[Reason, ...]
    accepted: int
    """Events."""
    notes: list[str]
    hashed: bool
    """Whether ids are made pseudonyms here."""

    def write_bad(self, path: Path) -> None:
        """Write the quarantine."""
        # A raw row has the visitor's id in it, or parts of it, wherever the row is broken.
        kept = self.bad.mutate(raw=ibis.null(str)) if self.hashed else self.bad
        write_parquet(kept.drop("value"), path, ["file", "row", "reason", "raw"])


def take(backend: ibis.BaseBackend, found: Input, source: SourceConfig, rules: IngestConfig, staging: Staging) -> Taken:
    """Read, map and judge a log.

    Raises:
        InputError: there is no key to hash with.
    """
    key = visitor_key() if rules.hash_visitors and not source.hashed else None
    rows, numbering, notes = _stage(backend, found, source, staging)
    again = repeated(rows) if source.duplicates != "keep" else None
    rejected = again if source.duplicates == "reject" else None
    bad = quarantine(rows, numbering, rejected)
    spotless = numbering.unread is None and rejected is None and not count(rows.filter(rows.reason.notnull()))
    good = rows.filter(rows.reason.isnull())
    if again is not None:
        good = good.anti_join(again, "position")
    events = numbering.numbered(good)
    if key is not None:
        events = events.mutate(**{name: pseudonyms(key, events[name]) for name in ("visitor_id", "session_id")})
    reasons = () if spotless else reasons_of(bad)
    return Taken(rows, events.select(*COLUMNS), bad, numbering, reasons, count(good), notes, key is not None)


def reader(source: SourceConfig, config: EngineConfig, scratch: Path) -> AbstractContextManager[ibis.BaseBackend]:
    """An engine to read a log with."""
    return engine(config, scratch, keep_order=True, time_zone=source.time_zone)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what the engine says about a file into words for the user."""
    try:
        yield
    except EngineError as error:
        first = str(error).strip().splitlines()[0]
        if first.startswith("Out of Memory"):
            raise  # nothing is wrong with the file; the engine has its own words for that
        raise InputError(f"`{path}` could not be read: {first}") from error


def _stage(
    backend: ibis.BaseBackend, found: Input, source: SourceConfig, staging: Staging
) -> tuple[ibis.Table, Numbering, list[str]]:
    """Read and map the files once, into a table from which everything else is taken."""
    rows = staging(_mapped(backend, found, source, by_line=False))
    numbering = number_rows(rows, found)
    if not (numbering.swallowed() or count(rows.filter(rows.reason == LINE_BREAK))):
        return rows, numbering, []
    forget_rejects(backend)
    rows = staging(_mapped(backend, found, source, by_line=True))
    note = "a quote seems to be left open, so every row was taken to end with its line, even within quotes"
    return rows, number_rows(rows, found), [note]


def _mapped(backend: ibis.BaseBackend, found: Input, source: SourceConfig, *, by_line: bool) -> ibis.Table:
    tables, files = [], 0
    for family in found.families:
        mapped = map_events(backend, read(backend, family, by_line=by_line), source, family)
        tables.append(mapped.mutate(file=(mapped.file + files).cast("int32")))
        files += len(family.files)
    return reduce(lambda one, other: one.union(other), tables)


def count(table: ibis.Table) -> int:
    """Rows of a table."""
    return int(table.count().to_pyarrow().as_py())
