"""The ingest stage: a raw log in, the event contract and a quarantine out."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import Any

import ibis

from data.config import EngineConfig, IngestConfig, SourceConfig
from data.contract import COLUMNS, OPTIONAL, check
from data.duplicates import repeated
from data.engine import EngineError, engine, forget_rejects, read_parquet, with_position, write_parquet
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
    key = visitor_key() if rules.hash_visitors and not source.hashed else None
    found = find_input(source, path)
    with (
        tempfile.TemporaryDirectory(dir=out, prefix=".scratch-") as scratch,
        engine(engine_config, Path(scratch), keep_order=True, time_zone=source.time_zone) as backend,
        _readable(path),
    ):
        rows, numbering, notes = _stage(backend, found, source, Path(scratch) / "staged.parquet")
        again = repeated(rows) if source.duplicates != "keep" else None
        bad = quarantine(rows, numbering, again if source.duplicates == "reject" else None)
        reasons = reasons_of(bad)
        # A raw row has the visitor's id in it, or parts of it, wherever the row is broken.
        kept = bad if key is None else bad.mutate(raw=ibis.null(str))
        write_parquet(kept.drop("value"), out / "quarantine.parquet", ["file", "row", "reason", "raw"])
        good = rows.filter(rows.reason.isnull())
        if again is not None:
            good = good.anti_join(again, "position")
        accepted = _count(good)
        check_share(reasons, numbering.total, accepted, rules, source, out / "quarantine.parquet", quarantine_copy)
        events = numbering.numbered(good)
        if key is not None:
            events = events.mutate(**{name: pseudonyms(key, events[name]) for name in ("visitor_id", "session_id")})
        write_parquet(events.select(*COLUMNS), out / "events.parquet")
        events = read_parquet(backend, out / "events.parquet")
        check(events)  # of what was really written; the mapping keeps the contract by construction
        ignored = _count(rows.filter(rows.reason == IGNORED))
        result = _summary(found, numbering, reasons, events, ignored, notes)
    (out / "ingest.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    return result


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
    backend: ibis.BaseBackend, found: Input, source: SourceConfig, path: Path
) -> tuple[ibis.Table, Numbering, list[str]]:
    """Read and map the files once, into a file from which everything else is taken."""
    _write_staged(backend, found, source, path, by_line=False)
    rows = with_position(backend, path)
    numbering = number_rows(rows, found)
    if not (numbering.swallowed() or _count(rows.filter(rows.reason == LINE_BREAK))):
        return rows, numbering, []
    forget_rejects(backend)
    _write_staged(backend, found, source, path, by_line=True)
    rows = with_position(backend, path)
    note = "a quote seems to be left open, so every row was taken to end with its line, even within quotes"
    return rows, number_rows(rows, found), [note]


def _write_staged(backend: ibis.BaseBackend, found: Input, source: SourceConfig, path: Path, *, by_line: bool) -> None:
    tables, files = [], 0
    for family in found.families:
        mapped = map_events(backend, read(backend, family, by_line=by_line), source, family)
        tables.append(mapped.mutate(file=(mapped.file + files).cast("int32")))
        files += len(family.files)
    write_parquet(reduce(lambda one, other: one.union(other), tables), path, scratch=True)


def _count(table: ibis.Table) -> int:
    return int(table.count().to_pyarrow().as_py())


def _summary(
    found: Input,
    numbering: Numbering,
    reasons: Sequence[Reason],
    events: ibis.Table,
    ignored: int,
    notes: Sequence[str],
) -> dict[str, Any]:
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
        "notes": [*found.notes, *notes, *_empty(found, facts)],
    }


def _empty(found: Input, facts: dict[str, Any]) -> list[str]:
    mapped = {field for family in found.families for field in family.fields}
    return [
        f"`{field}` is mapped to a column but empty in every row"
        for field in OPTIONAL
        if field in mapped and not facts[f"has_{field}"]
    ]
