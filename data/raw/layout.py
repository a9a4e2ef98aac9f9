"""What one file of a log is like: its form and where in it the contract's fields are."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from data.config import ColumnConfig, SourceConfig
from data.engine import EngineError, first_lines, parquet_columns
from data.errors import InputError
from data.raw.sniff import check_content, check_packing, is_packed, nearest, other_delimiter, quoted

Format = Literal["csv", "tsv", "jsonl", "otto", "parquet"]

ENDINGS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
FIELDS = ("visitor_id", "session_id", "ts", "event", "item_id", "category", "price", "quantity")
REQUIRED = ("visitor_id", "ts", "item_id")


@dataclass(frozen=True)
class Family:
    """Files of one form, read in one go."""

    files: tuple[Path, ...]
    """The files, in the order of their rows."""

    format: Format
    """Their form."""

    columns: tuple[str, ...]
    """Names of their columns in order (positions where there is no header); for JSON lines the mapped keys."""

    fields: dict[str, int]
    """Position in `columns` of each field of the event contract that the source has."""

    event_fixed: str | None = None
    """The event that every row is, where the files say none."""

    delimiter: str = ","
    """Delimiter, for delimited files."""

    header: bool = True
    """Whether the first line names the columns, for delimited files."""

    @property
    def delimited(self) -> bool:
        """Whether the files are lines of delimited cells."""
        return self.format in ("csv", "tsv")


def format_of(file: Path) -> Format | None:
    """The form that a file's ending tells, if any."""
    name = Path(file.stem) if is_packed(file) else file
    return ENDINGS.get(name.suffix.lower())


def look(file: Path, source: SourceConfig, columns: ColumnConfig, event_fixed: str | None) -> Family:
    """One file's family, from its ending and its first lines.

    Raises:
        InputError: the file is not what `source` says, or lacks a column it names.
    """
    check_packing(file)
    form = source.format or format_of(file)
    if form is None:
        raise InputError(
            f"The form of `{file}` is not clear from its ending (known: {' '.join(ENDINGS)}, each also .gz or .zst). "
            "Set `source.format` to csv, tsv, jsonl, otto or parquet."
        )
    check_content(file, binary=form == "parquet")
    wanted = {name: value for name in FIELDS if (value := getattr(columns, name)) is not None}
    if "event" not in wanted and event_fixed is None:
        raise InputError("`source.columns.event` is needed: the column that holds the kind of event.")
    delimiter = source.delimiter or ("\t" if form == "tsv" else ",")
    header = source.header or form in ("jsonl", "otto", "parquet")
    found = _columns_found(file, form, delimiter, header)
    if form in ("jsonl", "otto"):
        if form == "jsonl":
            _check_keys(file, found, wanted)
        names = tuple(dict.fromkeys(str(value) for value in wanted.values()))
        fields = {field: names.index(str(value)) for field, value in wanted.items()}
    else:
        names = tuple(found)
        fields = _positions(file, names, wanted, header=header, delimiter=None if form == "parquet" else delimiter)
    return Family((file,), form, names, fields, event_fixed, delimiter, header)


def _columns_found(file: Path, form: Format, delimiter: str, header: bool) -> list[str]:
    try:
        if form == "parquet":
            return parquet_columns(file)
        lines = [line.lstrip("\ufeff") for line in first_lines(file, 100)]
    except EngineError as error:
        raise InputError(f"`{file}` could not be read as {form}: {first_sentence(error)}") from error
    lines = [line for line in lines if line.strip()]
    if not lines:
        raise InputError(f"`{file}` has no line with anything in it. Expected a log with one event a line.")
    if form == "otto":
        return []
    if form == "jsonl":
        return _keys(file, lines)
    first = next(csv.reader(lines[:1], delimiter=delimiter))
    return [name.strip() for name in first] if header else [str(i) for i in range(len(first))]


def first_sentence(error: BaseException) -> str:
    """The engine's own words, without its suggestions of settings we do not have."""
    return str(error).strip().splitlines()[0]


def _keys(file: Path, lines: Iterable[str]) -> list[str]:
    keys: dict[str, None] = {}
    for line in lines:
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            keys.update(dict.fromkeys(value))
    if not keys:
        raise InputError(f"`{file}` has no JSON object in its first lines. Expected one JSON object a line.")
    return list(keys)


def _check_keys(file: Path, found: Sequence[str], wanted: dict[str, str | int]) -> None:
    missing = [(f, str(v)) for f, v in wanted.items() if f in (*REQUIRED, "event") and str(v) not in found]
    if missing:
        raise InputError(_missing(file, missing, found, "keys"))


def _missing(file: Path, missing: Sequence[tuple[str, str]], found: Sequence[str], what: str) -> str:
    lines = []
    for field, name in missing:
        near = nearest(name, found)
        lines.append(f'  {field} should be in "{name}"' + (f'; did you mean "{near}"?' if near else ""))
    return "\n".join(
        [
            f"`{file}` lacks {what} that `source.columns` names:",
            *lines,
            f"The {what} found: {quoted(found)}. Set `source.columns` accordingly.",
        ]
    )


def _positions(
    file: Path, names: Sequence[str], wanted: dict[str, str | int], *, header: bool, delimiter: str | None
) -> dict[str, int]:
    fields: dict[str, int] = {}
    missing: list[tuple[str, str]] = []
    for field, value in wanted.items():
        if isinstance(value, int) and 0 <= value < len(names):
            fields[field] = value
        elif names.count(str(value)) > 1:
            raise InputError(
                f'`{file}` has {names.count(str(value))} columns called "{value}", which `source.columns.{field}` '
                "names. Rename all but one in the file."
            )
        elif str(value) in names:
            fields[field] = names.index(str(value))
        else:
            missing.append((field, str(value)))
    if not missing:
        return fields
    message = _missing(file, missing, names, "columns" if header else "column positions")
    if delimiter is not None:
        message += _hint(file, delimiter, header)
    raise InputError(message)


def _hint(file: Path, delimiter: str, header: bool) -> str:
    other = other_delimiter(first_lines(file, 1)[0], delimiter)
    if other is not None:
        shown = "\\t" if other == "\t" else other
        return f'\nThe first line looks delimited by "{shown}": set `source.delimiter = "{shown}"`.'
    if header:
        return "\nIf the first line is data, set `source.header = false` and give positions (0, 1, …)."
    return ""
