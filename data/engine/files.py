"""Files of any form as tables, and what could not be read of them."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import duckdb
import ibis

from data.engine.tables import quote, view

LINE_LIMIT = 2 << 20
"""Longest line of a text file, in bytes."""


def scan_delimited(
    backend: ibis.BaseBackend, paths: Sequence[Path], width: int, *, delimiter: str, header: bool
) -> ibis.Table:
    """Delimited text files (plain, gzip or zstd) as text columns `c0`, `c1`, … and `file`, the position in `paths`.

    Lines that do not have `width` fields, are not UTF-8 or leave a quote open are left out; once the table has
    been used they are in `rejects`.
    """
    quotes = {"quote": quote('"'), "escape": quote('"')}
    return _scan_text(backend, paths, [f"c{i}" for i in range(width)], delimiter=delimiter, header=header, **quotes)


def scan_lines(backend: ibis.BaseBackend, paths: Sequence[Path], *, header: bool = False) -> ibis.Table:
    """Text files (plain, gzip or zstd) as `line` (null where empty) and `file`, the position in `paths`."""
    # No text of interest holds the control character 1: JSON forbids it.
    return _scan_text(backend, paths, ["line"], delimiter="\x01", header=header, quote="''", escape="''")


def _scan_text(
    backend: ibis.BaseBackend,
    paths: Sequence[Path],
    columns: Sequence[str],
    *,
    delimiter: str,
    header: bool,
    **quotes: str,
) -> ibis.Table:
    options = {
        "columns": "{" + ", ".join(f"{quote(name)}: 'VARCHAR'" for name in columns) + "}",
        "auto_detect": "false",
        "header": str(header).lower(),
        "delim": quote(delimiter),
        "max_line_size": str(LINE_LIMIT),
        "store_rejects": "true",
        **quotes,
    }
    listed = ", ".join(quote(path) for path in paths)
    settings = ", ".join(f"{key}={value}" for key, value in options.items())
    return view(backend, f"SELECT *, file_index AS file FROM read_csv([{listed}], {settings})")


def scan_parquet(backend: ibis.BaseBackend, paths: Sequence[Path]) -> ibis.Table:
    """Parquet files of one schema as their columns and `file`, the position in `paths`."""
    listed = ", ".join(quote(path) for path in paths)
    return view(backend, f"SELECT *, file_index AS file FROM read_parquet([{listed}])")


def read_typed(
    backend: ibis.BaseBackend, paths: Sequence[Path], form: str, *, delimiter: str, header: bool
) -> ibis.Table:
    """Files of one form, each column of the type that fits all of its values; a broken row raises `EngineError`.

    Args:
        backend: the engine.
        paths: the files.
        form: csv, tsv, jsonl or parquet.
        delimiter: of delimited files.
        header: whether their first line names the columns.
    """
    names = [str(path) for path in paths]
    if form == "parquet":
        return backend.read_parquet(names)
    if form == "jsonl":
        return backend.read_json(names, format="newline_delimited", sample_size=-1)
    # Left to itself the engine would skip lines until the rest looks like a table.
    fixed = {"quote": '"', "escape": '"', "skip": 0, "comment": ""}
    return backend.read_csv(names, delim=delimiter, header=header, sample_size=-1, **fixed)


def with_position(backend: ibis.BaseBackend, path: Path) -> ibis.Table:
    """A Parquet file with the column `position`, the 0-based position of each row in it."""
    return view(
        backend, f"SELECT * RENAME (file_row_number AS position) FROM read_parquet({quote(path)}, file_row_number=true)"
    )


def first_lines(path: Path, count: int) -> list[str]:
    """The first lines of a text file (plain, gzip or zstd), without line ends; bytes that are not UTF-8 raise."""
    with contextlib.closing(duckdb.connect()) as connection:
        rows = connection.execute(
            "SELECT line FROM read_csv(?, columns={'line': 'VARCHAR'}, auto_detect=false, header=false, delim='\x01', "
            f"quote='', escape='', max_line_size={LINE_LIMIT}, ignore_errors=true) LIMIT {count}",
            [str(path)],
        ).fetchall()
    return [line or "" for (line,) in rows]


def parquet_columns(path: Path) -> list[str]:
    """Names of a Parquet file's columns."""
    with contextlib.closing(duckdb.connect()) as connection:
        rows = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
    return [row[0] for row in rows]


def rejects(backend: ibis.BaseBackend) -> ibis.Table | None:
    """Lines that scans so far left out: `path`, `line` (1-based record, the header included), `kind`, `raw`."""
    if not backend.raw_sql("SELECT 1 FROM duckdb_tables() WHERE table_name = 'reject_errors'").fetchall():
        return None
    return view(
        backend,
        "SELECT s.file_path AS path, e.line::BIGINT AS line, min(e.error_type::VARCHAR) AS kind, "
        "min(trim(e.csv_line, chr(10) || chr(13))) AS raw "
        "FROM reject_errors e JOIN reject_scans s USING (scan_id, file_id) GROUP BY ALL",
    )


def forget_rejects(backend: ibis.BaseBackend) -> None:
    """Empty `rejects`, before the same files are scanned again."""
    backend.raw_sql("DROP TABLE IF EXISTS reject_errors")
    backend.raw_sql("DROP TABLE IF EXISTS reject_scans")
