"""The SQL engine: the only module of the package that knows which one runs the Ibis expressions."""
# mypy: disable-error-code="untyped-decorator, valid-type"
# (Ibis declares the engine's own functions by decorators that have no types.)

import contextlib
import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import ibis
import ibis.expr.datatypes as dt
import pyarrow as pa

from data.config import EngineConfig
from data.errors import InputError

EngineError = duckdb.Error
"""Base of the engine's own exceptions."""

SMALL = "COMPRESSION zstd, COMPRESSION_LEVEL 1"  # level 3 takes 15% longer for files 3% smaller

LINE_LIMIT = 2 << 20
"""Longest line of a text file, in bytes."""


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


def read_parquet(backend: ibis.BaseBackend, path: Path) -> ibis.Table:
    """A Parquet file as a table; nothing is read before the table is used."""
    return backend.read_parquet(str(path))


def write_parquet(table: ibis.Table, path: Path, sort_by: Sequence[str] = (), *, scratch: bool = False) -> None:
    """Write a table as one Parquet file (zstd).

    Args:
        table: what to write, bound to a backend from `connect`.
        path: the file; its folder exists.
        sort_by: columns that order the rows totally, so that the same rows give the same bytes. Empty only
            where the table has a fixed order already (`keep_order`).
        scratch: write fast instead of small, for a file that is read once and removed.
    """
    ordered = table.order_by(list(sort_by)) if sort_by else table
    backend = table.get_backend()
    # Writing is what costs most in a pass over many events; without dictionaries and compression it halves.
    form = "PARQUET_VERSION v2, COMPRESSION uncompressed, DICTIONARY_SIZE_LIMIT 1" if scratch else SMALL
    # Ibis's own to_parquet writes the path with Python's quotes, which SQL reads otherwise.
    backend.raw_sql(f"COPY ({backend.compile(ordered)}) TO {quote(path)} (FORMAT parquet, {form})")


def quote(value: object) -> str:
    """A value as an SQL string."""
    return "'" + str(value).replace("'", "''") + "'"


def barrier(backend: ibis.BaseBackend, table: ibis.Table) -> ibis.Table:
    """The same table, computed as one step.

    Ibis inlines one projection into the next, so that a column used three times is computed three times; a view
    between them stops that.
    """
    return _view(backend, backend.compile(table))


def keep(backend: ibis.BaseBackend, table: ibis.Table) -> ibis.Table:
    """The table's rows, computed now and held (in memory, or on disk where they do not fit) until disconnecting."""
    name = ibis.util.gen_name("kept")
    backend.raw_sql(f"CREATE TEMP TABLE {name} AS {backend.compile(table)}")
    return backend.table(name)


def keep_in_order(backend: ibis.BaseBackend, table: ibis.Table) -> ibis.Table:
    """`keep`, with the column `position`, the 0-based position of each row; for a backend opened with `keep_order`."""
    kept = keep(backend, table)
    return _view(backend, f"SELECT *, rowid AS position FROM {kept.get_name()}")


def lent(backend: ibis.BaseBackend, rows: pa.Table) -> ibis.Table:
    """Rows in memory as a table, until disconnecting."""
    name = ibis.util.gen_name("lent")
    backend.con.register(name, rows)
    return backend.table(name)


def _view(backend: ibis.BaseBackend, query: str) -> ibis.Table:
    name = ibis.util.gen_name("view")
    backend.raw_sql(f"CREATE TEMP VIEW {name} AS {query}")
    return backend.table(name)


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
    return _view(backend, f"SELECT *, file_index AS file FROM read_csv([{listed}], {settings})")


def scan_parquet(backend: ibis.BaseBackend, paths: Sequence[Path]) -> ibis.Table:
    """Parquet files of one schema as their columns and `file`, the position in `paths`."""
    listed = ", ".join(quote(path) for path in paths)
    return _view(backend, f"SELECT *, file_index AS file FROM read_parquet([{listed}])")


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
    return _view(
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
    return _view(
        backend,
        "SELECT s.file_path AS path, e.line::BIGINT AS line, min(e.error_type::VARCHAR) AS kind, "
        "min(trim(e.csv_line, chr(10) || chr(13))) AS raw "
        "FROM reject_errors e JOIN reject_scans s USING (scan_id, file_id) GROUP BY ALL",
    )


def forget_rejects(backend: ibis.BaseBackend) -> None:
    """Empty `rejects`, before the same files are scanned again."""
    backend.raw_sql("DROP TABLE IF EXISTS reject_errors")
    backend.raw_sql("DROP TABLE IF EXISTS reject_scans")


@ibis.udf.scalar.builtin(name="try_strptime")
def parse_time(text: str, form: str) -> dt.Timestamp(scale=6):
    """A time from text in a strptime format, null where it does not fit."""


@ibis.udf.scalar.builtin(name="try_strptime")
def parse_instant(text: str, form: str) -> dt.Timestamp(timezone="UTC", scale=6):
    """A time from text in a strptime format that has an offset, null where it does not fit."""


@ibis.udf.scalar.builtin(name="timezone")
def at_zone(zone: str, ts: dt.Timestamp(scale=6)) -> dt.Timestamp(timezone="UTC", scale=6):
    """The instant at which clocks in a zone show a time."""


@ibis.udf.scalar.builtin(name="timezone")
def wall_time(zone: str, ts: dt.Timestamp(timezone="UTC", scale=6)) -> dt.Timestamp(scale=6):
    """What clocks in a zone show at an instant."""


@ibis.udf.scalar.builtin(name="make_timestamp")
def from_microseconds(microseconds: dt.int64) -> dt.Timestamp(scale=6):
    """A time from microseconds since 1970."""


@ibis.udf.scalar.builtin(name="json_valid")
def is_json(text: str) -> bool:
    """Whether a text is JSON."""
    return bool(text)


@ibis.udf.scalar.builtin(name="json_extract_string")
def json_fields(text: str, paths: list[str]) -> list[str]:
    """Values at JSON paths as text, null where absent; raises where `text` is not JSON."""
    return [text, *paths]


@ibis.udf.scalar.builtin(name="json_extract_string")
def json_field(text: str, path: str) -> str:
    """The value at a JSON path as text, null where absent; raises where `text` is not JSON."""
    return text + path


@ibis.udf.scalar.builtin(name="json_extract_string")
def json_items(text: str, path: str) -> list[str]:
    """The JSON texts that a path with a `*` matches; raises where `text` is not JSON."""
    return [text, path]


@ibis.udf.scalar.builtin(name="regexp_extract_all")
def find_all(text: str, pattern: str, group: int) -> list[str]:
    """What a group of a regular expression holds at each of its matches."""
    return [text, pattern, str(group)]


@ibis.udf.scalar.builtin(name="sha256")
def sha256_hex(value: dt.binary) -> str:
    """SHA-256 of bytes, in hexadecimal digits."""
    return str(value)


@ibis.udf.scalar.builtin(name="unhex")
def unhex(digits: str) -> dt.binary:
    """The bytes that hexadecimal digits stand for."""
    return bytes.fromhex(digits)


@ibis.udf.scalar.builtin(name="hex")
def hex_digits(text: str) -> str:
    """A text's bytes in UTF-8, in hexadecimal digits."""
    return text.encode().hex()
