"""What is known of the items, and which of them a recommendation is kept to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from data.errors import InputError
from data.raw.sniff import nearest, quoted

CATALOGUE = "recommender_catalogue.parquet"
"""Where a recommender's catalogue lies, beside its model."""

NOT_KNOWN = -1
"""Code of an item's category where the catalogue has none."""


@dataclass(frozen=True)
class Only:
    """What recommended items have to be; each part narrows further, and none is a wish that may be let go."""

    categories: Collection[str] = ()
    """Categories to keep to; all where empty."""

    same_category: bool = False
    """Keep to the category of the session's latest item that has one. A session without such an item is not narrowed;
    `Recommendation.category` says so."""

    min_price: float | None = None
    """Lowest price, inclusive, in the shop's currency. An item without a known price is in no band."""

    max_price: float | None = None
    """Highest price, inclusive."""

    @property
    def priced(self) -> bool:
        """Whether prices narrow anything."""
        return self.min_price is not None or self.max_price is not None

    @property
    def needs_facts(self) -> bool:
        """Whether anything has to be known of the items."""
        return bool(self.categories) or self.same_category or self.priced


@dataclass(frozen=True)
class Catalogue:
    """Category and latest price of n items: all of a log, those that a recommender does not know included."""

    items: tuple[str, ...]
    """n item ids."""

    names: tuple[str, ...]
    """Categories in alphabetical order."""

    codes: npt.NDArray[np.int32]
    """(n,) position in `names` of each item's category, `NOT_KNOWN` where there is none."""

    prices: npt.NDArray[np.float64]
    """(n,) latest prices in the shop's currency, NaN where not known."""

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {item: row for row, item in enumerate(self.items)}

    def category(self, item: str) -> str | None:
        """The item's category, if known."""
        row = self._rows.get(item)
        code = NOT_KNOWN if row is None else int(self.codes[row])
        return None if code == NOT_KNOWN else self.names[code]

    def known_categories(self) -> dict[str, str]:
        """Category of each item that has one."""
        coded = zip(self.items, self.codes.tolist(), strict=True)
        return {item: self.names[code] for item, code in coded if code != NOT_KNOWN}

    def price(self, item: str) -> float | None:
        """The item's latest price in the shop's currency, if known."""
        row = self._rows.get(item)
        return None if row is None or np.isnan(self.prices[row]) else float(self.prices[row])

    def category_of(self, session: Sequence[str]) -> str | None:
        """The category of a session's latest item that has one."""
        return next((name for item in reversed(session) if (name := self.category(item)) is not None), None)

    def of(self, items: Sequence[str]) -> "Catalogue":
        """The facts of the given items, in the given order and with the same codes; nothing is known of new ones."""
        rows = np.array([self._rows.get(item, len(self.items)) for item in items], dtype=np.int64)
        codes, prices = np.append(self.codes, np.int32(NOT_KNOWN)), np.append(self.prices, np.nan)
        return Catalogue(tuple(items), self.names, codes[rows], prices[rows])

    def check(self, only: Only) -> None:
        """Refuse what no item can be.

        Raises:
            InputError: a category that no item has, prices or categories that the log does not tell, or an empty band.
        """
        if (only.categories or only.same_category) and not self.names:
            raise InputError("The log of this run tells no categories, so items cannot be kept to one.")
        for name in only.categories:
            if name not in self.names:
                near = nearest(name, self.names)
                hint = f' Did you mean "{near}"?' if near else f" Known: {quoted(self.names, 10)}."
                raise InputError(f'`categories` should be categories of the catalogue. Received: "{name}".{hint}')
        if only.priced and np.isnan(self.prices).all():
            raise InputError("The log of this run tells no prices, so items cannot be kept to a price band.")
        low = 0.0 if only.min_price is None else only.min_price
        high = np.inf if only.max_price is None else only.max_price
        if not 0.0 <= low <= high:
            raise InputError(
                f"`min_price` should be at least 0 and at most `max_price`. Received: {only.min_price} and "
                f"{only.max_price}"
            )

    def allowed(self, only: Only) -> npt.NDArray[np.bool_]:
        """(n,) whether each item is of the categories and in the price band, a session's own category apart."""
        inside = np.ones(len(self.items), dtype=np.bool_)
        if only.categories:
            inside &= np.isin(self.codes, [self.names.index(name) for name in only.categories])
        # A comparison with NaN is false: what has no price is in no band.
        if only.min_price is not None:
            inside &= self.prices >= only.min_price
        if only.max_price is not None:
            inside &= self.prices <= only.max_price
        return inside

    def write(self, path: Path) -> None:
        """Write `item_id`, `category` and `price` as Parquet, for `read_catalogue`."""
        names = [None if code == NOT_KNOWN else self.names[code] for code in self.codes]
        columns = {
            "item_id": pa.array(self.items, pa.string()),
            "category": pa.array(names, pa.string()),
            "price": pa.array(self.prices, pa.float64(), from_pandas=True),
        }
        pq.write_table(pa.table(columns), path, compression="zstd")


def make_catalogue(
    items: Sequence[str], categories: Sequence[str | None], prices: npt.NDArray[np.float64]
) -> Catalogue:
    """A catalogue from n item ids, n categories (None where not known) and (n,) prices (NaN where not known)."""
    names = tuple(sorted({name for name in categories if name is not None}))
    places = {name: place for place, name in enumerate(names)}
    codes = np.array([NOT_KNOWN if name is None else places[name] for name in categories], dtype=np.int32)
    return Catalogue(tuple(items), names, codes, prices)


def read_catalogue(path: Path) -> Catalogue:
    """Read what featurize or `Catalogue.write` wrote.

    Raises:
        InputError: the file is missing or no catalogue.
    """
    try:
        table = pq.read_table(path, columns=["item_id", "category", "price"])
    except (OSError, pa.ArrowInvalid, KeyError) as error:
        raise InputError(
            f"{path} should be a catalogue with item_id, category and price; write it again: "
            "python -m pipeline run --from featurize"
        ) from error
    prices = table["price"].cast(pa.float64()).to_numpy()
    return make_catalogue(table["item_id"].to_pylist(), table["category"].to_pylist(), prices)
