"""The ingest stage: a raw log in, the event contract and a quarantine out."""

import json
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import ibis

from data.config import EngineConfig, IngestConfig, SourceConfig
from data.contract import OPTIONAL, check
from data.engine import read_parquet, with_position, write_parquet
from data.event import EVENTS
from data.raw.intake import Taken, count, readable, reader, take
from data.raw.mapping import IGNORED
from data.raw.quarantine import check_share
from data.raw.sources import Input, find_input

EPOCH_YEAR = 1970


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
        reader(source, engine_config, Path(scratch)) as backend,
        readable(path),
    ):
        staged = partial(_in_file, Path(scratch) / "staged.parquet")
        taken = take(backend, found, source, rules, staged)
        bad = out / "quarantine.parquet"
        taken.write_bad(bad)
        check_share(taken.reasons, taken.numbering.total, taken.accepted, rules, source, bad, quarantine_copy)
        write_parquet(taken.events, out / "events.parquet")
        events = read_parquet(backend, out / "events.parquet")
        check(events)  # of what was really written; the mapping keeps the contract by construction
        ignored = count(taken.rows.filter(taken.rows.reason == IGNORED))
        result = _summary(found, source, taken, events, ignored)
    (out / "ingest.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    return result


def _in_file(path: Path, rows: ibis.Table) -> ibis.Table:
    write_parquet(rows, path, scratch=True)
    return with_position(rows.get_backend(), path)


def _summary(found: Input, source: SourceConfig, taken: Taken, events: ibis.Table, ignored: int) -> dict[str, Any]:
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
        "notes": [*found.notes, *taken.notes, *_empty(found, facts), *_early(source, facts)],
    }


def _empty(found: Input, facts: dict[str, Any]) -> list[str]:
    mapped = {field for family in found.families for field in family.fields}
    return [
        f"`{field}` is mapped to a column but empty in every row"
        for field in OPTIONAL
        if field in mapped and not facts[f"has_{field}"]
    ]


def _early(source: SourceConfig, facts: dict[str, Any]) -> list[str]:
    """What a log in seconds looks like that is read as one in milliseconds: no shop's, unless its times are moved."""
    if source.time_unit is None or facts["last_ts"].year > EPOCH_YEAR:
        return []
    return [f'the latest event is of {facts["last_ts"]:%Y-%m-%d}: is `source.time_unit` really "{source.time_unit}"?']
