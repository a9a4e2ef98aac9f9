"""A team's own table of examples, read whole: types, and nothing else, are settled here."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from data.config import EngineConfig, SourceConfig
from data.engine import EngineError, engine, read_typed
from data.errors import InputError
from data.raw.layout import format_of
from data.raw.sniff import check_content, nearest, other_delimiter, quoted
from data.raw.sources import source_files


def read_table(source: SourceConfig, path: Path) -> pd.DataFrame:
    """All rows of a feature table, in file order; a column's type is what fits all of its values.

    Args:
        source: format, delimiter and header.
        path: a file, a folder or a glob.

    Raises:
        InputError: no file, an empty or broken one, or one without rows.
    """
    files = source_files(source, path)
    form = source.format or format_of(files[0])
    if form is None or form == "otto":
        raise InputError(
            f"A feature table should be CSV, TSV, JSON lines or Parquet. Received: {files[0]}. Set `source.format`."
        )
    for file in files:
        if file.stat().st_size == 0:
            raise InputError(f"`{file}` is empty. Expected a table with one example a row.")
        check_content(file, binary=form == "parquet")
    delimiter = source.delimiter or ("\t" if form == "tsv" else ",")
    with tempfile.TemporaryDirectory() as scratch, engine(EngineConfig(), Path(scratch), keep_order=True) as backend:
        try:
            table = read_typed(backend, files, form, delimiter=delimiter, header=source.header)
            decimals = {name: "float64" for name, kind in table.schema().items() if kind.is_decimal()}
            frame: pd.DataFrame = table.cast(decimals).to_pyarrow().to_pandas()
        except EngineError as error:
            first, *others = str(error).strip().splitlines()
            widths = "".join(f". {line}" for line in others if line.startswith("Expected Number of Columns"))
            raise InputError(f"`{path}` could not be read as {form}: {first}{widths}") from None
    if frame.empty:
        raise InputError(f"`{path}` has {len(frame.columns)} columns and no row. Expected one example a row.")
    return frame


def require(frame: pd.DataFrame, names: Sequence[tuple[str, str | None]], delimiter: str | None = None) -> None:
    """Check that the columns a configuration names exist.

    Args:
        frame: the table.
        names: pairs of a configuration key and the column it names, None where it names none.
        delimiter: what the file was split by, to tell a wrong one.

    Raises:
        InputError: a column is missing; the message has the nearest one.
    """
    columns = [str(column) for column in frame.columns]
    for key, name in names:
        if name is None or name in columns:
            continue
        other = other_delimiter(columns[0], delimiter or ",") if len(columns) == 1 else None
        near = nearest(name, columns)
        hint = f" Did you mean `{near}`?" if near else ""
        if other:
            hint = f' The only column looks like several, parted by "{other}": set `source.delimiter`.'
        raise InputError(f"`{key}` should name a column. Received: {name}.{hint} Columns: {quoted(columns)}.")
