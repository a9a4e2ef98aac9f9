"""Where a row stands in its file and in the whole source, lines that could not be read included."""

from dataclasses import dataclass

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data.engine import lent, rejects
from data.raw.readers import OPEN_QUOTE, TOO_FEW, TOO_MANY
from data.raw.sources import Input

Numbers = npt.NDArray[np.int64]
BLOCK = 4096
NOT_UTF8 = "not UTF-8"
KINDS = {
    "MISSING COLUMNS": TOO_FEW,
    "TOO MANY COLUMNS": TOO_MANY,
    "UNQUOTED VALUE": OPEN_QUOTE,
    "INVALID ENCODING": NOT_UTF8,
    "LINE SIZE OVER MAXIMUM": "line too long",
}
"""The engine's kinds of lines that it cannot read, in our words."""
OPEN_ENDED = (OPEN_QUOTE, KINDS["LINE SIZE OVER MAXIMUM"])


@dataclass(frozen=True)
class Numbering:
    """Rows of a source that were read, lines that were not, and the numbers of both."""

    files: ibis.Table
    """One row a file: `file` (its position), `name`, `start` (rows of the files before it)."""

    total: int
    """Rows of the source, lines that were not read included."""

    unread: ibis.Table | None
    """Lines that were not read, with `file` (name), `row` (in the file), `reason`, `raw`; none where all were."""

    shifts: ibis.Table | None
    """How far unread lines move the rows of each block of `BLOCK`; none where all lines were read."""

    def swallowed(self) -> bool:
        """Whether an open quote may have swallowed lines, or the engine's account of a line is not to be trusted."""
        if self.unread is None:
            return False
        doubtful = self.unread.reason.isin(OPEN_ENDED) | self.unread.raw.re_search('["\n]')
        return bool(self.unread.filter(doubtful).count().to_pyarrow().as_py())

    def numbered(self, rows: ibis.Table) -> ibis.Table:
        """`rows`, which have a `position`, with `row`, the 1-based position in the source."""
        if self.shifts is None:
            return rows.mutate(row=rows.position + 1)
        joined = rows.join(self.shifts, (rows.position // BLOCK).cast("int64") == self.shifts.block)
        before = joined.within.filter(lambda unread: unread <= joined.position).length()
        return joined.mutate(row=joined.position + 1 + joined.base + before).drop("block", "base", "within")


def number_rows(rows: ibis.Table, found: Input) -> Numbering:
    """Number what was read.

    Args:
        rows: the rows that were read, with `position` (0-based) and `file` (position in `found.files`).
        found: the files.
    """
    backend = rows.get_backend()
    names = [found.name(file) for file in found.files]
    read = np.zeros(len(names), dtype=np.int64)
    if len(names) == 1:
        read[0] = rows.count().to_pyarrow().as_py()
    else:
        counted = rows.group_by("file").aggregate(n=rows.count()).to_pyarrow().to_pydict()
        read[counted["file"]] = counted["n"]
    unread = _unread(backend, found)
    lines = np.empty((0, 2), dtype=np.int64)
    if unread is not None:
        columns = unread.select("position", "row").order_by("position", "row").to_pyarrow()
        lines = np.stack([column.to_numpy() for column in columns.columns], axis=1).astype(np.int64)
    lost = np.bincount(lines[:, 0], minlength=len(names))
    starts = np.concatenate([[0], np.cumsum(read + lost)[:-1]])
    files = lent(backend, pa.table({"file": np.arange(len(names), dtype=np.int32), "name": names, "start": starts}))
    return Numbering(
        files=files,
        total=int(read.sum() + lost.sum()),
        unread=None if unread is None or not len(lines) else unread.drop("position"),
        shifts=_shifts(backend, lines, read, lost) if len(lines) else None,
    )


def _unread(backend: ibis.BaseBackend, found: Input) -> ibis.Table | None:
    lines = rejects(backend)
    if lines is None:
        return None
    headers = [int(family.header and family.delimited) for family in found.families for _ in family.files]
    files = lent(
        backend,
        pa.table(
            {
                "path": [str(file) for file in found.files],
                "position": np.arange(len(headers)),
                "header": np.array(headers, dtype=np.int64),
                "name": [found.name(file) for file in found.files],
            }
        ),
    )
    joined = lines.join(files, "path")
    reason = joined.kind.cases(*KINDS.items(), else_="line not readable")
    return joined.select("position", file=joined.name, row=joined.line - joined.header, reason=reason, raw=joined.raw)


def _shifts(backend: ibis.BaseBackend, lines: Numbers, read: Numbers, lost: Numbers) -> ibis.Table:
    """Per block of read rows: unread lines before it, and the positions within it that unread lines precede.

    Args:
        backend: the engine.
        lines: (m, 2) file and row in the file of each unread line, in order.
        read: rows read of each file.
        lost: lines not read of each file.
    """
    files = lines[:, 0]
    earlier_in_file = np.arange(len(files)) - (np.cumsum(lost) - lost)[files]
    before = np.clip(lines[:, 1] - 1 - earlier_in_file, 0, read[files])
    positions = np.maximum.accumulate((np.cumsum(read) - read)[files] + before)
    blocks = np.arange(int(read.sum()) // BLOCK + 1)
    bounds = np.searchsorted(positions, np.append(blocks, len(blocks)) * BLOCK)
    within = pa.ListArray.from_arrays(bounds.astype(np.int32), positions)
    return lent(backend, pa.table({"block": blocks, "base": bounds[:-1], "within": within}))
