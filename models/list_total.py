"""What a rescue list comes to as a whole."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ListTotal:
    """The sums over a list's carts."""

    carts: int
    nudges: int
    cost: float
    """Of all nudges, in the shop's currency."""

    profit: float
    """Expected of all nudges, their cost taken off."""

    variance: float
    """Of that profit, for carts that are rescued or not independently of one another."""

    @classmethod
    def of(cls, gain: Floats, sale: Floats, nudge_cost: float) -> Self:
        """The list that nudges every cart for which it pays.

        A nudge brings a whole sale or nothing: with m expected of a sale worth s, m (s − m) is its variance.

        Args:
            gain: (n,) expected profit of nudging each cart, the nudge's cost taken off.
            sale: (n,) profit of selling each cart.
            nudge_cost: of one nudge.
        """
        pays = gain > 0
        brought = gain[pays] + nudge_cost
        variance = (brought * (sale[pays] - brought)).sum()
        nudges = int(pays.sum())
        return cls(len(gain), nudges, nudges * nudge_cost, float(gain[pays].sum()), float(variance))

    @classmethod
    def sum(cls, parts: Iterable[Self]) -> Self:
        """The total of lists that share no cart."""
        empty = cls(0, 0, 0.0, 0.0, 0.0)
        return cls(*map(sum, zip(*map(astuple, (empty, *parts)), strict=True)))

    @property
    def interval(self) -> tuple[float, float]:
        """Where the realized profit lies 95 times in 100 if the probabilities and the response are right.

        Normal approximation: a list of few nudges is more uneven than that.
        """
        half = float(norm.ppf(0.975)) * self.variance**0.5
        return self.profit - half, self.profit + half
