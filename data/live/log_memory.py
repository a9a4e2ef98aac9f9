"""What a log tells of visitors, items and categories as of any moment, held in memory.

It is read from a folder that `log_history.write_history` makes, which tells visitors apart without naming them, and
needs no SQL engine, so that a served model carries the folder and answers without one.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.errors import InputError

HISTORY, SALT = "history.parquet", "history.json"
"""The events, and what their visitors' ids are hidden with."""

CODED = ("visitor", "event", "item_id", "category")
"""Columns of the history that are held as a code for every row."""

Counts = npt.NDArray[np.int64]
Key = str | bytes


def hidden(visitor: str, salt: bytes) -> bytes:
    """What stands for a visitor: 128 bits that do not tell who it is, though whoever has the salt can try out ids."""
    return hashlib.blake2b(visitor.encode(), digest_size=16, key=salt).digest()


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

    places: dict[Key, int]
    """Which stretch each value has."""

    starts: Counts
    """(values + 1,) where each stretch starts, and the end of the last."""

    columns: dict[str, Any]
    """Columns of the rows, `ts` among them; a running total has a 0 in front."""

    def until(self, key: Key | None, moment: int, side: str = "right") -> tuple[int, int]:
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
    """By `hidden` visitor: what `Own` has, and running totals `sessions`, `carts` and `purchases`."""

    salt: bytes
    """What visitors' ids are hidden with."""

    def item(self, item: str, moment: int) -> ItemPast:
        """What an item had seen by a moment, the events of that moment included."""
        rows = self.items.until(item, moment)
        return ItemPast(rows[1] - rows[0], *(int(self.items.summed(name, rows)) for name in ItemPast._fields[1:]))

    def category(self, category: str | None, moment: int) -> tuple[float, int]:
        """Sum of the prices (in ten-thousandths) and number of the priced events that a category had seen by then."""
        rows = self.categories.until(category, moment)
        return float(self.categories.summed("units", rows)), rows[1] - rows[0]

    def knows(self, visitor: str | None) -> bool:
        """Whether the log has any event of a visitor."""
        return self._key(visitor) in self.visitors.places

    def visitor(self, visitor: str | None, moment: int) -> VisitorPast:
        """What a visitor had done before a moment."""
        rows = self.visitors.until(self._key(visitor), moment, side="left")
        return VisitorPast(*(int(self.visitors.summed(name, rows)) for name in VisitorPast._fields))

    def bought(self, visitor: str | None, moment: int) -> list[str]:
        """The items that a visitor had bought before a moment, in alphabetical order."""
        start, stop = self.visitors.until(self._key(visitor), moment, side="left")
        sold = np.flatnonzero(np.diff(self.visitors.columns["purchases"][start : stop + 1]))
        items = self.visitors.columns["item_id"][start:stop]
        return sorted({items[int(place)].as_py() for place in sold})

    def since(self, visitor: str | None, moment: int) -> list[Own]:
        """A visitor's events from a moment on."""
        key = self._key(visitor)
        _, start = self.visitors.until(key, moment, side="left")
        _, stop = self.visitors.until(key, np.iinfo(np.int64).max)
        if start == stop:
            return []
        columns = (self.visitors.columns[name][start:stop].tolist() for name in Own._fields)
        return [Own(*event) for event in zip(*columns, strict=True)]

    def _key(self, visitor: str | None) -> bytes | None:
        return None if visitor is None else hidden(visitor, self.salt)


def read_memory(folder: Path) -> LogMemory:
    """Read what `log_history.write_history` wrote.

    Raises:
        InputError: a file is missing or broken.
    """
    try:
        salt = bytes.fromhex(json.loads((folder / SALT).read_text())["salt"])
        rows = pq.read_table(folder / HISTORY, read_dictionary=list(CODED)).unify_dictionaries()
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{folder} should hold {HISTORY} and {SALT} of one log. Received: {error!r}") from None
    held = {name: rows[name].combine_chunks() for name in rows.column_names}
    ts, units = held["ts"].cast(pa.int64()).to_numpy(), held["units"].to_numpy(zero_copy_only=False)
    counted = {
        "sessions": held["starts"].to_numpy(zero_copy_only=False),
        "carts": pc.equal(held["event"], "cart").to_numpy(zero_copy_only=False),
        "purchases": pc.equal(held["event"], "purchase").to_numpy(zero_copy_only=False),
        "units": units,
    }
    own = {**{name: held[name] for name in ("event", "item_id", "category")}, "units": units}
    priced = np.isfinite(units) & held["category"].is_valid().to_numpy(zero_copy_only=False)
    items = _stretches(held["item_id"], ts, {}, {name: counted[name] for name in ItemPast._fields[1:]})
    visitors = _stretches(held["visitor"], ts, own, {name: counted[name] for name in VisitorPast._fields})
    categories = _stretches(held["category"].filter(pa.array(priced)), ts[priced], {}, {"units": units[priced]})
    return LogMemory(items, categories, visitors, salt)


def _stretches(
    key: pa.DictionaryArray, ts: Counts, columns: dict[str, Any], counted: dict[str, npt.NDArray[Any]]
) -> Stretches:
    """Rows by a key without nulls, each key's oldest first; those of one moment in any order, which changes nothing."""
    codes = key.indices.to_numpy()
    order = np.lexsort((ts, codes))
    sizes = np.bincount(codes, minlength=len(key.dictionary))
    return Stretches(
        places={name: place for place, name in enumerate(key.dictionary.to_pylist())},
        starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        columns={
            "ts": ts[order],
            **{
                name: values.take(pa.array(order)) if isinstance(values, pa.Array) else values[order]
                for name, values in columns.items()
            },
            **{name: np.concatenate([[0], np.cumsum(values[order])]) for name, values in counted.items()},
        },
    )
