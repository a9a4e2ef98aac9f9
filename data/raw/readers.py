"""Raw files as tables of the event contract's fields, still in the source's own words."""

import re
from collections.abc import Sequence

import ibis

from data.engine import (
    barrier,
    find_all,
    is_json,
    json_field,
    json_fields,
    json_items,
    scan_delimited,
    scan_lines,
    scan_parquet,
)
from data.raw.layout import FIELDS, Family

RAW = "raw"
NOT_JSON = "not valid JSON"
TOO_FEW = "too few columns"
TOO_MANY = "too many columns"
OPEN_QUOTE = "quote not closed"
NO_EVENTS = "no events in the session"


def read(backend: ibis.BaseBackend, family: Family, *, by_line: bool = False) -> ibis.Table:
    """Read files of one form; the engine streams them when the table is used.

    Args:
        backend: the engine, opened with `keep_order`.
        family: the files, of one form.
        by_line: end a delimited row at the end of its line even within quotes. Slower, and needed where a quote
            is left open: the engine then loses the rows up to the next quote without a trace.

    Returns:
        In the order of the files: each of `FIELDS` (text, or for Parquet the file's own type; null where the
        source has none or an empty one), `raw0`, `raw1`, … (the row as text; `raw_text` joins them), `broken`
        (what is wrong with the row as a whole, or null) and `file` (position in `family.files`).
    """
    if family.format == "parquet":
        return _parquet(backend, family)
    if family.format == "jsonl":
        return _json_lines(backend, family)
    if family.format == "otto":
        return _otto(backend, family)
    return _delimited_by_line(backend, family) if by_line else _delimited(backend, family)


def _delimited(backend: ibis.BaseBackend, family: Family) -> ibis.Table:
    table = scan_delimited(backend, family.files, len(family.columns), delimiter=family.delimiter, header=family.header)
    cells = [table[f"c{i}"] for i in range(len(family.columns))]
    fields = {field: cells[position] for field, position in family.fields.items()}
    return _select(table, fields, cells)


def _delimited_by_line(backend: ibis.BaseBackend, family: Family) -> ibis.Table:
    lines = scan_lines(backend, family.files, header=family.header)
    lines = lines.filter(lines.line.notnull())
    mark = re.escape(family.delimiter)
    # A cell is in quotes, where two stand for one, or has no delimiter. A delimiter in front of the line makes
    # every cell begin with one.
    found = find_all(family.delimiter + lines.line, f'{mark}("(?:[^"]|"")*"|[^{mark}]*)', 1)
    lines = barrier(
        backend, lines.mutate(found=found, quotes=lines.line.length() - lines.line.replace('"', "").length())
    )
    width = len(family.columns)
    broken = ibis.cases(
        (lines.quotes % 2 == 1, OPEN_QUOTE),
        (lines.found.length() < width, TOO_FEW),
        (lines.found.length() > width, TOO_MANY),
    )
    fields = {field: _unquoted(lines.found[position]) for field, position in family.fields.items()}
    return _select(lines, fields, [lines.line], broken)


def _unquoted(cell: ibis.Value) -> ibis.Value:
    inner = cell.substr(1, cell.length() - 2).replace('""', '"')
    return ibis.ifelse(cell.startswith('"') & (cell.length() > 1), inner, cell).nullif("")


def _json_lines(backend: ibis.BaseBackend, family: Family) -> ibis.Table:
    lines = scan_lines(backend, family.files)
    lines = lines.filter(lines.line.notnull())
    lines = lines.mutate(valid=is_json(lines.line))
    lines = lines.mutate(cells=_cells(lines.line, lines.valid, family.columns))
    fields = {field: lines.cells[position].nullif("") for field, position in family.fields.items()}
    return _select(lines, fields, [lines.line], ibis.ifelse(lines.valid, ibis.null(str), NOT_JSON))


def _cells(text: ibis.Value, valid: ibis.Value, keys: tuple[str, ...]) -> ibis.Value:
    return ibis.ifelse(valid, json_fields(text, [f'$."{key}"' for key in keys]), ibis.null("array<string>"))


def _otto(backend: ibis.BaseBackend, family: Family) -> ibis.Table:
    """Lines of `{"session": id, "events": [{"aid", "ts", "type"}, …]}`: one row an event, one for a broken line."""
    lines = scan_lines(backend, family.files)
    lines = lines.filter(lines.line.notnull())
    lines = lines.mutate(valid=is_json(lines.line))
    nothing = ibis.null(str)
    session = ibis.ifelse(lines.valid, json_field(lines.line, "$.session"), nothing)
    listed = ibis.ifelse(lines.valid, json_field(lines.line, "$.events").startswith("["), False).fill_null(False)
    lines = lines.mutate(session=session, listed=listed)
    items = ibis.ifelse(lines.listed, json_items(lines.line, "$.events[*]"), ibis.array([nothing]))
    broken = ibis.cases((~lines.valid, NOT_JSON), (~lines.listed, NO_EVENTS), else_=nothing)
    events = lines.select("file", "session", broken=broken, line=lines.line, item=items.unnest())
    events = events.mutate(cells=_cells(events.item, events.item.notnull(), family.columns))
    fields = {
        field: events.session if family.columns[position] == "session" else events.cells[position].nullif("")
        for field, position in family.fields.items()
    }
    return _select(events, fields, [events.session, events.item.fill_null(events.line)], events.broken)


def _parquet(backend: ibis.BaseBackend, family: Family) -> ibis.Table:
    table = scan_parquet(backend, family.files)
    fields = {}
    for field, position in family.fields.items():
        column = table[family.columns[position]]
        fields[field] = column.nullif("") if column.type().is_string() else column
    return _select(table, fields, list(dict.fromkeys(fields.values())))


def _select(
    table: ibis.Table, fields: dict[str, ibis.Value], raw: Sequence[ibis.Value], broken: ibis.Value | None = None
) -> ibis.Table:
    columns = {field: fields.get(field, ibis.null(str)) for field in FIELDS}
    parts = {f"{RAW}{i}": cell for i, cell in enumerate(raw)}
    return table.select(**columns, **parts, broken=ibis.null(str) if broken is None else broken, file=table.file)


def raw_text(rows: ibis.Table, family: Family) -> ibis.Value:
    """A row as text, for rows that have the `raw` columns of `read`."""
    parts = [rows[name].cast(str).fill_null("") for name in rows.columns if name.startswith(RAW)]
    return ibis.literal(family.delimiter if family.delimited else " ").join(parts)
