"""The demo shop as files."""

from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from data.config import ColumnConfig, DemoConfig, SourceConfig
from data.demo.catalogue import build_catalogue
from data.demo.shop import catalogue_frame, chunks

Format = Literal["parquet", "csv"]

DEMO_SOURCE = SourceConfig(
    kind="events",
    format="parquet",
    columns=ColumnConfig(
        visitor_id="visitor_id",
        ts="ts",
        event="event",
        item_id="item_id",
        category="category",
        price="price",
        quantity="quantity",
    ),
)
"""How `events.parquet` is read: by the same door as any log. It has no session ids; the gap rule finds the sessions."""


def write_demo(config: DemoConfig, out: Path, format: Format = "parquet") -> dict[str, Any]:
    """Simulate a shop and write `events`, `truth` and `catalogue` files; memory does not grow with the shop.

    The same config gives the same bytes. Times are UTC. Events are in order of time within each 25,000 sessions.

    Args:
        config: size and seed.
        out: folder, made where it does not exist.
        format: form and ending of the files.

    Returns:
        `sessions`, `events`, `cart_sessions`, `decision_points` and `abandoned_share` (of the cart sessions).
    """
    out.mkdir(parents=True, exist_ok=True)
    catalogue = build_catalogue(config)
    _write_all(out / f"catalogue.{format}", catalogue_frame(catalogue), format)
    events = carts = points = abandoned = 0
    with Table(out / f"events.{format}", format) as log, Table(out / f"truth.{format}", format) as known:
        for happened, truths in chunks(config, catalogue):
            log.write(happened)
            known.write(truths)
            first = truths["decision_point"] == 0
            events, carts, points = events + len(happened), carts + int(first.sum()), points + len(truths)
            abandoned += int(truths.loc[first, "abandoned"].sum())
    return {
        "sessions": config.sessions,
        "events": events,
        "cart_sessions": carts,
        "decision_points": points,
        "abandoned_share": abandoned / carts if carts else None,
    }


class Table:
    """A file that grows by one frame after another."""

    def __init__(self, path: Path, format: Format = "parquet") -> None:
        self.path, self.format = path, format
        self.writer: Any = None

    def __enter__(self) -> "Table":
        return self

    def __exit__(self, *_: object) -> None:
        if self.writer is not None:
            self.writer.close()

    def write(self, frame: pd.DataFrame) -> None:
        """Add rows; the first frame decides the columns."""
        table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
        if self.writer is None:
            options = pyarrow.csv.WriteOptions(quoting_style="none", quoting_header="none")
            self.writer = (
                pyarrow.parquet.ParquetWriter(self.path, table.schema)
                if self.format == "parquet"
                else pyarrow.csv.CSVWriter(self.path, table.schema, write_options=options)
            )
        self.writer.write_table(table)


def _write_all(path: Path, frame: pd.DataFrame, format: Format) -> None:
    with Table(path, format) as table:
        table.write(frame)
