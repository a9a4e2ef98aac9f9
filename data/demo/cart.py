"""The carts of many sessions at once: what is in them, and the causes' values that follow from it."""

from dataclasses import astuple, dataclass, fields, replace
from typing import Self

import numpy as np

from data.demo.catalogue import Bools, Floats, Ints
from data.demo.log import CART_SLOTS


@dataclass(frozen=True)
class Item:
    """What the causes need to know of one item in each of M sessions."""

    number: Ints
    """(M,) item."""

    price: Floats
    """(M,) price of a piece."""

    ratio: Floats
    """(M,) price relative to the category's typical price."""

    seen: Floats
    """(M,) events the item had by now, relative to what an average item has over the whole log."""

    views: Ints
    """(M,) its views in the session so far."""

    pieces: Ints
    """(M,) pieces put into the cart."""


NUMBER, PRICE, RATIO, SEEN, VIEWS, PIECES = range(len(fields(Item)))


@dataclass(frozen=True)
class Carts:
    """M carts, and what happened since their first cart event."""

    slots: Floats
    """(M, 6, CART_SLOTS) the fields of `Item` of what is in the cart, filled from the left; 0 in empty slots."""

    items: Ints
    """(M,) different items in the cart."""

    views: Ints
    """(M,) views in the session so far, of anything."""

    pauses: Ints
    """(M,) pauses since the first cart event."""

    removals: Ints
    """(M,) items taken out since the first cart event."""

    @classmethod
    def opened(cls, item: Item, views: Ints) -> Self:
        """Carts with their first item, in sessions with `views` views."""
        none = np.zeros((3, len(views)), np.int64)  # rows of their own: `put` writes into them
        return cls(np.zeros((len(views), len(fields(Item)), CART_SLOTS)), none[0], views, none[1], none[2]).added(item)

    def take(self, rows: Ints) -> Self:
        """Copies of the given carts."""
        return replace(self, **{name: value[rows] for name, value in vars(self).items()})

    def put(self, rows: Ints, carts: "Carts") -> None:
        """Write `carts` into the given rows."""
        for name, value in vars(self).items():
            value[rows] = getattr(carts, name)

    def added(self, item: Item) -> Self:
        """With another item; a full cart is left as it is."""
        slots, room = self.slots.copy(), np.flatnonzero(self.items < CART_SLOTS)
        slots[room, :, self.items[room]] = np.stack(astuple(item), axis=1)[room]
        return replace(self, slots=slots, items=np.minimum(self.items + 1, CART_SLOTS))

    def removed(self) -> Self:
        """Without the item that went in last; one item always stays."""
        slots, many = self.slots.copy(), np.flatnonzero(self.items > 1)
        slots[many, :, self.items[many] - 1] = 0.0
        return replace(self, slots=slots, items=np.maximum(self.items - 1, 1), removals=self.removals + 1)

    def viewed(self, *, of_cart: bool) -> Self:
        """After a view of the first item in the cart, or of an item that is not in it."""
        slots = self.slots.copy()
        slots[:, VIEWS, 0] += of_cart
        return replace(self, slots=slots, views=self.views + 1)

    def contains(self, number: Ints) -> Bools:
        """(M,) whether each cart holds the given item."""
        filled = np.arange(CART_SLOTS) < self.items[:, None]
        inside: Bools = ((self.slots[:, NUMBER] == number[:, None]) & filled).any(axis=1)
        return inside

    def item(self, slot: int | Ints, rows: Ints) -> Item:
        """What lies in a slot of the given carts."""
        number, price, ratio, seen, views, pieces = self.slots[rows, :, slot].T
        whole = (column.astype(np.int64) for column in (number, views, pieces))
        return Item(next(whole), price, ratio, seen, next(whole), next(whole))

    def first(self) -> Item:
        """The item that went in first."""
        return self.item(0, np.arange(len(self.items)))

    def last(self) -> Item:
        """The item that went in last."""
        return self.item(self.items - 1, np.arange(len(self.items)))

    def values(self) -> dict[str, Floats]:
        """Value of each cause that the cart's state decides, (M,) each."""
        hesitation = self.slots[:, VIEWS].sum(axis=1)
        return {
            "shipping": (self.slots[:, PRICE] * self.slots[:, PIECES]).sum(axis=1),
            "price": self.slots[:, RATIO].sum(axis=1) / self.items,
            "popularity": np.log(np.maximum(self.slots[:, SEEN].sum(axis=1) / self.items, 1e-3)),
            "hesitation": hesitation,
            "comparing": self.views - hesitation,
            "several": self.items.astype(np.float64),
            "removal": self.removals.astype(np.float64),
            "pauses": self.pauses.astype(np.float64),
        }
