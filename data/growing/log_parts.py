"""A log that grows by parts, each of them in the contract's form: which rows are new, and all of them as one log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from pathlib import Path

import ibis

from data.config import ColumnConfig, EngineConfig, SourceConfig
from data.engine import engine, read_parquet, write_parquet
from data.growing.log_profile import DAY
from data.moments import naive_utc
from data.raw.duplicates import MAPPED

LOG_SOURCE = SourceConfig(
    kind="events",
    format="parquet",
    columns=ColumnConfig(**{name: name for name in MAPPED}),
    duplicates="keep",
    hashed=True,  # where ids are hashed at all, they were when the parts were taken in
)
"""How the log that `write_log` writes is read, by the same door as any log."""


@dataclass(frozen=True)
class Added:
    """What a part adds to a log."""

    events: int
    """Rows that the log has not."""

    late: int
    """Those of them that lie at or before the log's last event."""

    first: datetime | None
    """Time of the first of them, UTC; None where there is none."""

    last: datetime | None
    """Time of the last of them."""


def added_rows(part: ibis.Table, earlier: ibis.Table | None) -> ibis.Table:
    """The rows of a part that no earlier part has; rows that it repeats within itself stay.

    Rows are compared in all of the contract's columns but `row`, and only where both reach in time: a part that begins
    where the log ends costs nothing.

    Args:
        part: the contract's columns.
        earlier: the rows of the parts before; None where there are none.
    """
    if earlier is None:
        return part
    last = earlier.ts.max().to_pyarrow().as_py()
    overlap = part.filter(part.ts <= last)
    begin = overlap.ts.min().to_pyarrow().as_py()
    if begin is None:
        return part
    same = [overlap[name].identical_to(earlier[name]) for name in MAPPED]
    return part.filter(part.ts > last).union(overlap.anti_join(earlier.filter(earlier.ts >= begin), same))


def leave_out_future(part: Path, now: datetime, config: EngineConfig, scratch: Path) -> int:
    """Rewrite a part without events of a day from now or later: one of them would be the log's newest for years.

    Args:
        part: `events.parquet` of an ingest; another name of the same file keeps all of it.
        now: the present moment, UTC without a zone.
        config: the SQL engine.
        scratch: folder for temporary files.

    Returns:
        How many were left out.
    """
    with engine(config, scratch) as backend:
        rows = read_parquet(backend, part)
        future = int((rows.ts > now + DAY).sum().fill_null(0).to_pyarrow().as_py())
        if future:
            whole = scratch / f"{part.name}.partial"
            write_parquet(rows.filter(rows.ts <= now + DAY), whole)
            whole.replace(part)
    return future


def measure_added(part: Path, earlier: Sequence[Path], config: EngineConfig, scratch: Path) -> Added:
    """Count what a part adds to the log that the earlier parts make."""
    with engine(config, scratch) as backend:
        before = _joined(backend, earlier)
        rows = added_rows(read_parquet(backend, part), before)
        last = None if before is None else before.ts.max().to_pyarrow().as_py()
        late = ibis.literal(0) if last is None else (rows.ts <= last).sum().fill_null(0)
        counted = rows.aggregate(events=rows.count(), late=late, first=rows.ts.min(), last=rows.ts.max())
        return Added(**counted.to_pyarrow().to_pylist()[0])


def begin_of_latest(
    parts: Sequence[Path], since: datetime, share: float, config: EngineConfig, scratch: Path
) -> datetime:
    """When the latest share of the events since a moment begins; that moment where there is none.

    Events are counted, and not days, since a log may have gaps.

    Args:
        parts: `events.parquet` of each part's ingest, one or more, the oldest first.
        since: events before it do not count, UTC without a zone.
        share: above 0, at most 1.
        config: the SQL engine.
        scratch: folder for temporary files.
    """
    with engine(config, scratch) as backend:
        rows = _joined(backend, parts)
        assert rows is not None
        new = rows.filter(rows.ts >= since)
        before = int((1.0 - share) * new.count().to_pyarrow().as_py())
        found = new.order_by("ts").select("ts").limit(1, offset=before).to_pyarrow()["ts"].to_pylist()
    return since if before == 0 or not found else naive_utc(found[0])


def write_log(
    parts: Sequence[Path], out: Path, config: EngineConfig, scratch: Path, days: int | None = None
) -> datetime:
    """Write the events of all parts, in order of time, as one file that `LOG_SOURCE` reads.

    Args:
        parts: `events.parquet` of each part's ingest, one or more, the oldest first.
        out: the file.
        config: the SQL engine.
        scratch: folder for temporary files.
        days: days to keep, back from the newest event; all where None.

    Returns:
        The newest event's time, UTC.
    """
    with engine(config, scratch) as backend:
        rows = _joined(backend, parts)
        assert rows is not None
        newest: datetime = rows.ts.max().to_pyarrow().as_py()
        if days is not None:
            rows = rows.filter(rows.ts > newest - timedelta(days=days))
        ordered = rows.order_by(["ts", "part", "row"]).select(*MAPPED)
        write_parquet(ordered, out)
    return newest


def _joined(backend: ibis.BaseBackend, parts: Sequence[Path]) -> ibis.Table | None:
    """The rows of parts without what an earlier one has, with `part`, the position of each row's."""
    found: list[ibis.Table] = []
    for place, path in enumerate(parts):
        earlier = reduce(lambda one, other: one.union(other), found) if found else None
        rows = added_rows(read_parquet(backend, path), earlier.drop("part") if earlier is not None else None)
        found.append(rows.mutate(part=ibis.literal(place)))
    return reduce(lambda one, other: one.union(other), found) if found else None
