"""What a log tells of visitors, items and categories as of any moment, held in memory."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data.config import EngineConfig
from data.engine import engine, read_parquet
from data.features.exact import price_units

Counts = npt.NDArray[np.int64]


class ItemPast(NamedTuple):
    """Events that anybody had with an item."""

    events: int
    carts: int
    purchases: int


class VisitorPast(NamedTuple):
    """What one visitor had done."""

    sessions: int
    carts: int
    purchases: int


class Own(NamedTuple):
    """An event of one visitor."""

    ts: int
    event: str
    item_id: str
    category: str | None
    units: float
    """Price in ten-thousandths, NaN where unknown."""


@dataclass(frozen=True)
class Stretches:
    """The log by some key: one stretch of rows for each of its values, oldest first. Times are µs since 1970, UTC."""

    places: dict[str, int]
    """Which stretch each value has."""

    starts: Counts
    """(values + 1,) where each stretch starts, and the end of the last."""

    columns: dict[str, Any]
    """Columns of the rows, `ts` among them; a running total has a 0 in front."""

    def until(self, key: str | None, moment: int, side: str = "right") -> tuple[int, int]:
        """The rows of a value up to a moment, included where `side` is "right": the first, and the one after them."""
        place = self.places.get(key) if key is not None else None
        if place is None:
            return 0, 0
        start, stop = int(self.starts[place]), int(self.starts[place + 1])
        return start, start + int(np.searchsorted(self.columns["ts"][start:stop], moment, side))  # type: ignore[call-overload]

    def summed(self, name: str, rows: tuple[int, int]) -> Any:
        """What a running total comes to over some rows."""
        total = self.columns[name]
        return total[rows[1]] - total[rows[0]]


@dataclass(frozen=True)
class LogMemory:
    """A log, to be asked what was known at a moment. About 80 bytes an event, beside the ids."""

    items: Stretches
    """`ts`, and running totals `carts` and `purchases`."""

    categories: Stretches
    """Priced events: `ts`, and the running total `units`."""

    visitors: Stretches
    """What `Own` has, and running totals `sessions`, `carts` and `purchases`."""

    def item(self, item: str, moment: int) -> ItemPast:
        """What an item had seen by a moment, the events of that moment included."""
        rows = self.items.until(item, moment)
        return ItemPast(rows[1] - rows[0], *(int(self.items.summed(name, rows)) for name in ItemPast._fields[1:]))

    def category(self, category: str | None, moment: int) -> tuple[float, int]:
        """Sum of the prices (in ten-thousandths) and number of the priced events that a category had seen by then."""
        rows = self.categories.until(category, moment)
        return float(self.categories.summed("units", rows)), rows[1] - rows[0]

    def knows(self, visitor: str) -> bool:
        """Whether the log has any event of a visitor."""
        return visitor in self.visitors.places

    def visitor(self, visitor: str, moment: int) -> VisitorPast:
        """What a visitor had done before a moment."""
        rows = self.visitors.until(visitor, moment, side="left")
        return VisitorPast(*(int(self.visitors.summed(name, rows)) for name in VisitorPast._fields))

    def bought(self, visitor: str, moment: int) -> list[str]:
        """The items that a visitor had bought before a moment, in alphabetical order."""
        start, stop = self.visitors.until(visitor, moment, side="left")
        sold = np.flatnonzero(np.diff(self.visitors.columns["purchases"][start : stop + 1]))
        items = self.visitors.columns["item_id"][start:stop]
        return sorted({items[int(place)].as_py() for place in sold})

    def since(self, visitor: str, moment: int) -> list[Own]:
        """A visitor's events from a moment on."""
        _, start = self.visitors.until(visitor, moment, side="left")
        _, stop = self.visitors.until(visitor, np.iinfo(np.int64).max)
        if start == stop:
            return []
        columns = (self.visitors.columns[name][start:stop].tolist() for name in Own._fields)
        return [Own(*event) for event in zip(*columns, strict=True)]


def read_memory(path: Path, config: EngineConfig) -> LogMemory:
    """Read a log.

    Args:
        path: events with `session_id` and `step`, as sessionize writes them.
        config: the SQL engine that sorts them.
    """
    with tempfile.TemporaryDirectory() as scratch, engine(config, Path(scratch)) as backend:
        events = read_parquet(backend, path)
        told = events.select(
            "ts", "row", "visitor_id", "event", "item_id", "category", units=price_units(events.price),
            sessions=events.step == 0, carts=events.event == "cart", purchases=events.event == "purchase",
        )  # fmt: skip
        return LogMemory(
            items=_stretches(told, "item_id", totals=("carts", "purchases")),
            categories=_stretches(told.filter(told.units.notnull()), "category", totals=("units",)),
            visitors=_stretches(told, "visitor_id", Own._fields[1:], VisitorPast._fields),
        )


def no_memory() -> LogMemory:
    """A log without events."""
    totals = ("units", *ItemPast._fields, *VisitorPast._fields)
    none = Stretches({}, np.zeros(1, np.int64), {name: np.zeros(1) for name in ("ts", "item_id", *totals)})
    return LogMemory(none, none, none)


def _stretches(events: ibis.Table, key: str, columns: Sequence[str] = (), totals: Sequence[str] = ()) -> Stretches:
    some = events.filter(events[key].notnull())
    sizes = some.group_by(key).agg(size=some.count()).order_by(key).to_pyarrow()
    rows = some.order_by([key, "ts", "row"]).select("ts", *columns, *totals).to_pyarrow()
    return Stretches(
        places={name: place for place, name in enumerate(sizes[key].to_pylist())},
        starts=np.concatenate([[0], np.cumsum(sizes["size"].to_numpy())]).astype(np.int64),
        columns={
            "ts": rows["ts"].to_numpy().astype("datetime64[us]").astype(np.int64),
            **{name: _held(rows[name]) for name in columns},
            **{name: np.concatenate([[0], np.cumsum(rows[name].to_numpy())]) for name in totals},
        },
    )


def _held(values: pa.ChunkedArray) -> Any:
    """Numbers by NumPy, texts each once with a code for every row."""
    if pa.types.is_string(values.type):
        return values.dictionary_encode().combine_chunks()
    return values.to_numpy()
