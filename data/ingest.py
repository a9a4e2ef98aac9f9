"""The ingest stage: a raw log in, the event contract and a quarantine out."""

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial, reduce
from pathlib import Path
from typing import Any

import ibis

from data.config import EngineConfig, IngestConfig, SourceConfig
from data.contract import COLUMNS, OPTIONAL, check
from data.duplicates import repeated
from data.engine import (
    EngineError,
    disregard_order,
    engine,
    forget_rejects,
    keep,
    keep_in_order,
    read_parquet,
    with_position,
    write_parquet,
)
from data.errors import InputError
from data.event import EVENTS
from data.mapping import IGNORED, LINE_BREAK, map_events
from data.numbering import Numbering, number_rows
from data.pseudonyms import pseudonyms, visitor_key
from data.quarantine import Reason, check_share, quarantine, reasons_of
from data.readers import read
from data.sources import Input, find_input


def ingest(
    source: SourceConfig,
    rules: IngestConfig,
    engine_config: EngineConfig,
    path: Path,
    out: Path,
    *,
    quarantine_copy: Path | None = None,
) -> dict[str, Any]:
    """Read a log, map it to the event contract and set aside the rows that break it.

    The files are read once, in a stream, into a typed table in a scratch folder; everything else works on that.

    Args:
        source: what the files are like and what their columns mean.
        rules: how many rows may break the contract.
        engine_config: memory and threads.
        path: a file, a folder or a glob.
        out: existing folder for `events.parquet` (the contract, in the order of the source),
            `quarantine.parquet` (`file`, `row`: 1-based data row in that file, blank lines not counted,
            `reason`, `raw`) and `ingest.json`.
        quarantine_copy: where to leave the quarantine when too many rows are bad and `out` is thrown away.

    Returns:
        What `ingest.json` holds: files, rows = accepted + bad + duplicates_dropped + ignored, reasons with examples,
        and what the events are.

    Raises:
        InputError: the input cannot be used, more than `rules.max_bad_share` of its rows break the contract, or
            visitors' ids should be hashed and there is no key.
    """
    found = find_input(source, path)
    with (
        tempfile.TemporaryDirectory(dir=out, prefix=".scratch-") as scratch,
        _reader(source, engine_config, Path(scratch)) as backend,
        _readable(path),
    ):
        staged = partial(_in_file, Path(scratch) / "staged.parquet")
        taken = _take(backend, found, source, rules, staged)
        taken.write_bad(out / "quarantine.parquet")
        check_share(
            taken.reasons,
            taken.numbering.total,
            taken.accepted,
            rules,
            source,
            out / "quarantine.parquet",
            quarantine_copy,
        )
        write_parquet(taken.events, out / "events.parquet")
        events = read_parquet(backend, out / "events.parquet")
        check(events)  # of what was really written; the mapping keeps the contract by construction
        ignored = _count(taken.rows.filter(taken.rows.reason == IGNORED))
        result = _summary(found, taken, events, ignored)
    (out / "ingest.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    return result


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
    with _reader(source, engine_config, scratch) as backend:
        with _readable(path):
            taken = _take(backend, find_input(source, path), source, rules, partial(keep_in_order, backend))
            written = scratch / "quarantine.parquet"
            if taken.reasons:
                taken.write_bad(written)
            check_share(taken.reasons, taken.numbering.total, taken.accepted, rules, source, written, quarantine_copy)
        disregard_order(backend)
        # Pseudonyms cost too much to be made anew each time the table is used.
        yield keep(backend, taken.events) if taken.hashed else taken.events


@dataclass(frozen=True)
class _Taken:
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


Staging = Callable[[ibis.Table], ibis.Table]
"""Holds rows in their order and gives them `position`."""


def _take(
    backend: ibis.BaseBackend, found: Input, source: SourceConfig, rules: IngestConfig, staging: Staging
) -> _Taken:
    """Read, map and judge a log.

    Raises:
        InputError: there is no key to hash with.
    """
    key = visitor_key() if rules.hash_visitors and not source.hashed else None
    rows, numbering, notes = _stage(backend, found, source, staging)
    again = repeated(rows) if source.duplicates != "keep" else None
    rejected = again if source.duplicates == "reject" else None
    bad = quarantine(rows, numbering, rejected)
    spotless = numbering.unread is None and rejected is None and not _count(rows.filter(rows.reason.notnull()))
    good = rows.filter(rows.reason.isnull())
    if again is not None:
        good = good.anti_join(again, "position")
    events = numbering.numbered(good)
    if key is not None:
        events = events.mutate(**{name: pseudonyms(key, events[name]) for name in ("visitor_id", "session_id")})
    reasons = () if spotless else reasons_of(bad)
    return _Taken(rows, events.select(*COLUMNS), bad, numbering, reasons, _count(good), notes, key is not None)


def _reader(source: SourceConfig, config: EngineConfig, scratch: Path) -> AbstractContextManager[ibis.BaseBackend]:
    return engine(config, scratch, keep_order=True, time_zone=source.time_zone)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
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
    if not (numbering.swallowed() or _count(rows.filter(rows.reason == LINE_BREAK))):
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


def _in_file(path: Path, rows: ibis.Table) -> ibis.Table:
    write_parquet(rows, path, scratch=True)
    return with_position(rows.get_backend(), path)


def _count(table: ibis.Table) -> int:
    return int(table.count().to_pyarrow().as_py())


def _summary(found: Input, taken: _Taken, events: ibis.Table, ignored: int) -> dict[str, Any]:
    numbering, reasons = taken.numbering, taken.reasons
    bad = sum(reason.count for reason in reasons)
    facts = (
        events.aggregate(
            accepted=events.count(),
            first_ts=events.ts.min(),
            last_ts=events.ts.max(),
            visitors=events.visitor_id.nunique(),
            items=events.item_id.nunique(),
            **{f"has_{name}": events[name].count() for name in OPTIONAL},
            **{name: (events.event == name).sum() for name in EVENTS},
        )
        .to_pyarrow()
        .to_pylist()[0]
    )
    return {
        "files": [found.name(file) for file in found.files],
        "rows": numbering.total,
        "accepted": facts["accepted"],
        "bad": bad,
        "bad_share": bad / numbering.total,
        "reasons": {
            reason.name: {"count": reason.count, "examples": list(reason.examples)}
            | ({"values": dict(reason.values)} if reason.values else {})
            for reason in reasons
        },
        "duplicates_dropped": numbering.total - bad - ignored - facts["accepted"],
        "ignored": ignored,
        "first_ts": facts["first_ts"].isoformat(),
        "last_ts": facts["last_ts"].isoformat(),
        "events": {name: facts[name] for name in EVENTS},
        "visitors": facts["visitors"],
        "items": facts["items"],
        "has_session_ids": facts["has_session_id"] > 0,
        "has_price": facts["has_price"] > 0,
        "has_category": facts["has_category"] > 0,
        "notes": [*found.notes, *taken.notes, *_empty(found, facts)],
    }


def _empty(found: Input, facts: dict[str, Any]) -> list[str]:
    mapped = {field for family in found.families for field in family.fields}
    return [
        f"`{field}` is mapped to a column but empty in every row"
        for field in OPTIONAL
        if field in mapped and not facts[f"has_{field}"]
    ]
