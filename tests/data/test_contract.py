from datetime import datetime
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pytest
from pandera.errors import SchemaErrors
from pyarrow import parquet

from data.config import EngineConfig
from data.contract import COLUMNS, check, validate
from data.engine import engine, read_parquet

GOOD = {
    "visitor_id": "v", "session_id": None, "ts": datetime(2024, 1, 1), "event": "cart", "item_id": "i",
    "category": None, "price": 1.5, "quantity": 2, "row": 1,
}  # fmt: skip


def table_of(backend: ibis.BaseBackend, folder: Path, **changes: Any) -> ibis.Table:
    rows = pa.Table.from_pylist([GOOD | changes], schema=ibis.schema(COLUMNS).to_pyarrow())
    parquet.write_table(rows, folder / "events.parquet")
    return read_parquet(backend, folder / "events.parquet")


@pytest.mark.parametrize("changes", [{}, {"price": None}, {"quantity": None}, {"price": 0.0}, {"session_id": "s"}])
def test_events_that_keep_the_contract_pass(tmp_path: Path, changes: dict[str, Any]) -> None:
    with engine(EngineConfig(), tmp_path) as backend:
        check(table_of(backend, tmp_path, **changes))
        validate(table_of(backend, tmp_path, **changes))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("visitor_id", None),
        ("item_id", None),
        ("event", "wishlist"),
        ("event", None),
        ("ts", None),
        ("ts", datetime(1899, 12, 31)),
        ("ts", datetime(2200, 1, 1)),
        ("price", -0.01),
        ("price", float("inf")),
        ("price", float("nan")),
        ("quantity", 0),
        ("row", 0),
    ],
)
def test_what_breaks_the_contract_is_named(tmp_path: Path, column: str, value: object) -> None:
    with engine(EngineConfig(), tmp_path) as backend:
        table = table_of(backend, tmp_path, **{column: value})
        for judge in (check, validate):
            with pytest.raises(SchemaErrors, match=f'"column": "{column}"'):
                judge(table)


def test_a_table_with_other_columns_is_refused(tmp_path: Path) -> None:
    with engine(EngineConfig(), tmp_path) as backend:
        table = table_of(backend, tmp_path)
        with pytest.raises(SchemaErrors, match="extra"):
            check(table.mutate(extra=1))
        with pytest.raises(SchemaErrors, match="category"):
            check(table.drop("category"))
        with pytest.raises(SchemaErrors, match="quantity"):
            check(table.mutate(quantity=table.quantity.cast("int64")))
