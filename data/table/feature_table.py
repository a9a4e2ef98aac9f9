"""A team's own table of examples: its columns become labels, keys and features."""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from data.config import SourceConfig, SplitConfig
from data.errors import InputError
from data.examples import Examples, from_frame
from data.feature import Feature, write_features
from data.features.catalogue import FEATURES
from data.splitting.splits import split_examples
from data.table.table_columns import example, keys, labels, texts
from data.table.table_file import read_table, require

RESERVED = ("session_id", "visitor_id", "decision_point", "ts", "session_start", "session_end", "abandoned")
DECISION_POINT = next(feature for feature in FEATURES if feature.name == "decision_point")


def split_feature_table(source: SourceConfig, path: Path, config: SplitConfig, out: Path) -> dict[str, Any]:
    """Read a feature table and write what `split_examples` writes.

    Args:
        source: which column is what.
        path: a file, a folder or a glob.
        config: shares, and by what to split.
        out: existing folder to write to.

    Returns:
        What `split.json` holds; its notes name the columns left out.

    Raises:
        InputError: the file or a column cannot be used, or a side of the split lacks one of the labels.
    """
    examples, specs, notes = feature_table(source, read_table(source, path))
    with tempfile.TemporaryDirectory(dir=out) as folder:
        examples.to_parquet(Path(folder) / "examples.parquet", index=False)
        write_features(specs, Path(folder) / "features.json")
        facts = split_examples(Path(folder), config, out)
    facts = {**facts, "notes": [*notes, *facts["notes"]]}
    (out / "split.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n")
    return facts


def feature_table(
    source: SourceConfig, table: pd.DataFrame
) -> tuple[pd.DataFrame, tuple[Feature, ...], tuple[str, ...]]:
    """Examples from a table, in its order.

    A number or a truth value is a feature, and so is a column named in `source.categorical`; the rest is left out.

    Args:
        source: which column is what.
        table: n rows.

    Returns:
        The frame that `examples.parquet` holds (n rows), the features, and notes on what was left out.

    Raises:
        InputError: a named column is missing or unusable, a column is all null, or all labels are the same.
    """
    _check_columns(source, table, needs_label=True)
    specs, notes = _specs(source, table)
    columns = keys(source, table) | {"abandoned": labels(source, table)}
    values = {spec.name: _values(table[_column(source, spec)], spec) for spec in specs}
    return pd.DataFrame(columns | values), specs, notes


def read_feature_rows(source: SourceConfig, path: Path, specs: tuple[Feature, ...]) -> Examples:
    """Rows to score: the features a model was trained on, whether or not the table has labels.

    Raises:
        InputError: a feature's column is missing or of another type than in training.
    """
    table = read_table(source, path)
    _check_columns(source, table, needs_label=False)
    require(table, [(f"feature {spec.name}", _column(source, spec)) for spec in specs], source.delimiter)
    values = {spec.name: _values(table[_column(source, spec)], spec) for spec in specs}
    return from_frame(pd.DataFrame(keys(source, table) | values), specs)


def _check_columns(source: SourceConfig, table: pd.DataFrame, *, needs_label: bool) -> None:
    named: list[tuple[str, str | None]] = [
        ("source.label", source.label if needs_label else None),
        ("source.group", source.group),
        ("source.time", source.time),
        ("source.decision_point", source.decision_point),
    ]
    if needs_label:
        named += [("source.categorical", name) for name in source.categorical]
        named += [("source.exclude", name) for name in source.exclude]
    require(table, named, source.delimiter)


def _column(source: SourceConfig, spec: Feature) -> str:
    return source.decision_point or spec.name if spec.name == DECISION_POINT.name else spec.name


def _specs(source: SourceConfig, table: pd.DataFrame) -> tuple[tuple[Feature, ...], tuple[str, ...]]:
    used = {source.label, source.group, source.time, source.decision_point, *source.exclude}
    specs = [DECISION_POINT] if source.decision_point else []
    left_out = []
    for name in (str(column) for column in table.columns if column not in used):
        column = table[name]
        if column.isna().all():
            raise InputError(
                f"Column `{name}` has no value in any of {len(table):,} rows. Leave it out: "
                f"--set source.exclude='{json.dumps([*source.exclude, name])}'"
            )
        if name in source.categorical:
            specs.append(Feature(name, name, "table", kind="categorical"))
        elif types.is_numeric_dtype(column) or types.is_bool_dtype(column) or _truth(column):
            specs.append(Feature(name, name, "table"))
        else:
            left_out.append(name)
            continue
        if name in RESERVED:
            raise InputError(f"A feature cannot be called `{name}`. Rename the column, or add it to `source.exclude`.")
    if not specs:
        raise InputError(f"No column can be a feature: none is numeric. Columns: {', '.join(map(str, table.columns))}.")
    notes = [
        f"Left out `{name}`: not numeric and not named in `source.categorical` ({table[name].nunique():,} values)."
        for name in left_out
    ]
    return tuple(specs), tuple(notes)


def _truth(column: "pd.Series[Any]") -> bool:
    """Whether a column of objects holds truth values only (that is how nulls among them arrive)."""
    return bool(column.dtype == object and column.dropna().map(lambda value: isinstance(value, bool | np.bool_)).all())


def _values(column: "pd.Series[Any]", spec: Feature) -> "pd.Series[Any]":
    if spec.kind == "categorical":
        return texts(column)
    try:
        values = column.astype("float32")
    except (ValueError, TypeError):
        raise InputError(f"Column `{spec.name}` should be numeric. Received e.g. {example(column)}.") from None
    if np.isinf(values).any():
        raise InputError(
            f"Column `{spec.name}` has infinite values in {int(np.isinf(values).sum()):,} rows. Mend them, or add it "
            "to `source.exclude`."
        )
    return values
