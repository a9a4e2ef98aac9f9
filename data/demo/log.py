"""The growing event log of many sessions at once."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from data.demo.catalogue import Ints

VIEW, CART, UNCART, FAVOURITE, PURCHASE = range(5)
EVENTS = ("view", "cart", "uncart", "favourite", "purchase")
"""Names of the event contract, by code."""

MOST_BEFORE, MOST_AFTER, CART_SLOTS = 30, 16, 4
"""Most events before the first cart event and after it, and most different items in a cart."""

CAPACITY = MOST_BEFORE + 1 + MOST_AFTER + CART_SLOTS
"""Most events of a session: before, the first cart event, after, and a purchase for each item in the cart."""


@dataclass(frozen=True)
class Log:
    """Events of N sessions, each a row that fills from the left."""

    item: npt.NDArray[np.int32]
    """(N, CAPACITY) item of each event, −1 where there is none yet."""

    kind: npt.NDArray[np.int8]
    """(N, CAPACITY) code of each event, −1 where there is none yet."""

    gap: npt.NDArray[np.int64]
    """(N, CAPACITY) microseconds since the event before, 0 for the first."""

    quantity: npt.NDArray[np.int8]
    """(N, CAPACITY) pieces, 1 for views."""

    length: Ints
    """(N,) number of events so far."""

    @classmethod
    def empty(cls, sessions: int) -> Self:
        """The log of `sessions` sessions before their first event."""
        shape = (sessions, CAPACITY)
        return cls(
            np.full(shape, -1, np.int32),
            np.full(shape, -1, np.int8),
            np.zeros(shape, np.int64),
            np.ones(shape, np.int8),
            np.zeros(sessions, np.int64),
        )

    def append(self, rows: Ints, kind: Ints | int, item: Ints, gap: Ints | int, quantity: Ints | int = 1) -> None:
        """Add one event to each of the given sessions."""
        at = self.length[rows]
        self.item[rows, at] = item
        self.kind[rows, at] = kind
        self.gap[rows, at] = np.where(at == 0, 0, gap)
        self.quantity[rows, at] = quantity
        self.length[rows] += 1

    def latest(self, rows: Ints, back: Ints | int = 0) -> Ints:
        """Item of the event that lies `back` events before the latest one."""
        item: Ints = self.item[rows, self.length[rows] - 1 - back].astype(np.int64)
        return item

    def views_of(self, rows: Ints, item: Ints) -> Ints:
        """How often the given item of each session was viewed in it."""
        views: Ints = ((self.item[rows] == item[:, None]) & (self.kind[rows] == VIEW)).sum(axis=1)
        return views

    def views(self, rows: Ints) -> Ints:
        """How many views the given sessions have."""
        views: Ints = (self.kind[rows] == VIEW).sum(axis=1)
        return views
