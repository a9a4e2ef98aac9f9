"""What a rescue list comes to as a whole, and how sure that is."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from models.config import CostConfig
from models.nudging.decision import expected_gain
from models.nudging.pilot import CLIP, Floats, Ints, Z
from models.nudging.response import NONE


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
    """Of that profit by luck, for carts that are rescued or not independently of one another."""

    risk_error: float
    """Standard error of that profit from the predicted risks."""

    response_errors: tuple[float, ...]
    """The same from each measured figure of the response: rescue rate, realization, shift of each segment."""

    @classmethod
    def of(cls, probability: Floats, segment: Ints, sale: Floats, costs: CostConfig, risk_error: float = 0.0) -> Self:
        """The list that nudges every cart for which it pays.

        A nudge brings a whole sale or nothing: with m expected of a sale worth s, m (s − m) is its variance. An error
        of a figure that many carts share moves them all one way, so it adds up over them, times the slope by it.

        Args:
            probability: (n,) of being abandoned without a nudge.
            segment: (n,) what `models.nudging.response.segment_of` gives.
            sale: (n,) profit of selling each cart.
            costs: what a nudge costs and brings.
            risk_error: what `risk_error` gives.
        """
        gain = expected_gain(probability, segment, sale, costs)
        pays = gain > 0
        probability, segment, sale = probability[pays], segment[pays], sale[pays]
        brought = gain[pays] + costs.nudge_cost
        left = _left(probability, segment, costs)
        by_shift = costs.realization * sale * left * (1.0 - left)
        by_rate = costs.realization * float((probability * sale)[segment == NONE].sum())
        return cls(
            len(gain), int(pays.sum()), float(pays.sum() * costs.nudge_cost), float(gain[pays].sum()),
            float((brought * (sale - brought)).sum()), float(brought.sum()) * risk_error,
            (
                by_rate * costs.rescue_rate_error,
                float(brought.sum()) / costs.realization * costs.realization_error,
                *(float(by_shift[segment == k].sum()) * one.error for k, one in enumerate(costs.segments)),
            ),
        )  # fmt: skip

    @classmethod
    def sum(cls, parts: Iterable[Self]) -> Self:
        """The total of lists by the same costs that share no cart."""
        lists = list(parts)
        errors = tuple(sum(column) for column in zip(*(one.response_errors for one in lists), strict=True))
        return cls(
            sum(one.carts for one in lists), sum(one.nudges for one in lists), sum(one.cost for one in lists),
            sum(one.profit for one in lists), sum(one.variance for one in lists),
            sum(one.risk_error for one in lists), errors,
        )  # fmt: skip

    @property
    def luck(self) -> float:
        """Standard deviation of the profit where all that is measured is exact."""
        return float(np.sqrt(self.variance))

    @property
    def error(self) -> float:
        """Standard error of the profit from all that is measured, which are taken for independent."""
        return float(np.linalg.norm([self.risk_error, *self.response_errors]))

    @property
    def interval(self) -> tuple[float, float]:
        """Where the realized profit lies 95 times in 100, by luck and by the errors of what is measured.

        Normal approximation: a list of few nudges is more uneven than that.
        """
        half = Z * float(np.hypot(self.luck, self.error))
        return self.profit - half, self.profit + half


def risk_error(
    probability: Floats, abandoned: npt.NDArray[np.int8], segment: Ints, sale: Floats, clusters: Ints, costs: CostConfig
) -> float | None:
    """Standard error of what a list's nudges bring, as a share of it, from the risks: as far as outcomes can tell.

    Where h(p) carts are expected to be rescued at a risk of p, Σ h′(p) (y − p) · sale over outcomes y is to first order
    what a list is off by. The error is how far this sum scatters: so exactly do these carts tell the risks.

    Args:
        probability: (n,) of being abandoned, of carts that had no part in making the model, not nudged.
        abandoned: (n,) what became of them.
        segment: (n,) what `models.nudging.response.segment_of` gives.
        sale: (n,) profit of selling each cart.
        clusters: (n,) numbers of sessions, whose rows belong together.
        costs: what a nudge costs and brings.

    Returns:
        None where a nudge pays for none of the carts.
    """
    gain = expected_gain(probability, segment, sale, costs)
    pays = gain > 0
    brought = float((gain[pays] + costs.nudge_cost).sum())
    if brought <= 0.0:
        return None
    p, left = np.clip(probability, CLIP, 1.0 - CLIP), _left(probability, segment, costs)
    by_shift = 1.0 - left * (1.0 - left) / (p * (1.0 - p))
    slope = costs.realization * np.where(segment == NONE, costs.rescue_rate, by_shift)
    off = np.bincount(clusters, weights=slope * (abandoned - p) * sale * pays)
    return float(np.linalg.norm(off)) / brought


def _left(probability: Floats, segment: Ints, costs: CostConfig) -> Floats:
    """(n,) probability of being abandoned although nudged, by the segments' shifts; without a segment unchanged."""
    shifts = np.array([*(one.shift for one in costs.segments), 0.0])  # the last one is that of `NONE`
    left: Floats = expit(logit(np.clip(probability, CLIP, 1.0 - CLIP)) - shifts[segment])
    return left
