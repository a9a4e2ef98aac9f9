"""Ways to nudge the same carts, side by side: what becomes of the carts, and what it earns."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.nudging.pilot import Bools, Estimate, Floats, Ints, Z

NOBODY, RANDOM, RATE, SAVED = "no action", "random nudges", "risk × value", "most carts saved"
BARE, POPULAR, LIST, PILOT = "list without items", "list with popular items", "rescue list", "list after the pilot"
"""The arms of an A/B test. All but the first and the last give out as many nudges as the rescue list; the rescue list
shows the recommender's items with them, and but for that and `POPULAR` nothing is shown."""

NOTHING = "nothing"
"""What an arm shows that shows no items; what others show goes by the arm's name."""

MEASURES = ("abandoned_share", "revenue", "profit")
"""Share of the carts that are left; revenue and profit a cart, nudges paid, in the shop's currency."""


@dataclass(frozen=True)
class Carts:
    """n carts, and what becomes of each with and without a nudge."""

    value: Floats
    """(n,) value."""

    left: Bools | Floats
    """(n,) whether it is left without a nudge, or the probability of that."""

    left_if_nudged: Mapping[str, Bools | Floats]
    """(n,) the same with a nudge, by what is shown with it."""

    visitors: Ints
    """(n,) the visitor's number."""

    def take(self, rows: Bools) -> "Carts":
        """Some of the carts."""
        nudged = {shown: left[rows] for shown, left in self.left_if_nudged.items()}
        return Carts(self.value[rows], self.left[rows], nudged, self.visitors[rows])


@dataclass(frozen=True)
class Arm:
    """A way to nudge n carts."""

    nudged: Bools
    """(n,) which are nudged."""

    shown: str = NOTHING
    """What is shown with a nudge."""

    def take(self, rows: Bools) -> "Arm":
        """The same for some of the carts."""
        return Arm(self.nudged[rows], self.shown)


def follow(left: Bools, probability: Floats, if_nudged: Floats, luck: Floats) -> Bools:
    """Whether each cart is left although its visitor is nudged.

    A cart that is bought anyway stays bought, and one that would be left is rescued with probability
    1 − p′ / p: so it is left with probability p′, and the same luck serves every way to nudge.

    Args:
        left: (n,) whether it is left without a nudge, true with probability p.
        probability: (n,) p.
        if_nudged: (n,) p′ ≤ p.
        luck: (n,) uniform on 0 to 1, independent of `left`.
    """
    still: Bools = luck * probability < if_nudged
    return left & still


def outcome(carts: Carts, arm: Arm, margin: float, nudge_cost: float) -> Floats:
    """(n, 3) the `MEASURES` of each cart in an arm."""
    left = np.where(arm.nudged, carts.left_if_nudged[arm.shown], carts.left).astype(np.float64)
    revenue = (1.0 - left) * carts.value
    return np.stack([left, revenue, margin * revenue - nudge_cost * arm.nudged], axis=1)


def means(values: Floats, visitors: Ints) -> list[Estimate]:
    """Mean of each column with its 95% interval, rows of one visitor belonging together.

    Normal approximation with the cluster-robust variance Σ over visitors (Σ (x − mean))² / n².

    Args:
        values: (n, m).
        visitors: (n,) the visitor's number.
    """
    count, mean = len(values), values.mean(axis=0)
    place = np.unique(visitors, return_inverse=True)[1]
    spread = np.stack([np.bincount(place, weights=column) for column in (values - mean).T], axis=1)
    half = Z * np.sqrt((spread**2).sum(axis=0)) / count
    return [(float(m), float(m - h), float(m + h)) for m, h in zip(mean, half, strict=True)]


def compare(
    carts: Carts, arms: Mapping[str, Arm], base: str, margin: float, nudge_cost: float
) -> dict[str, dict[str, Estimate]]:
    """Each arm less the base arm on the same carts and draws, a measure each."""
    outcomes = {name: outcome(carts, arm, margin, nudge_cost) for name, arm in arms.items()}
    return {
        name: dict(zip(MEASURES, means(one - outcomes[base], carts.visitors), strict=True))
        for name, one in outcomes.items()
        if name != base
    }


def single(carts: Carts, arm: Arm, margin: float, nudge_cost: float) -> dict[str, Estimate]:
    """The measures of one arm."""
    return dict(zip(MEASURES, means(outcome(carts, arm, margin, nudge_cost), carts.visitors), strict=True))


def apart(one: Mapping[str, Estimate], other: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """One less the other, measured on carts of different visitors: the errors add up in squares."""
    found = {}
    for name in MEASURES:
        (a, low_a, high_a), (b, low_b, high_b) = one[name], other[name]
        half = 0.5 * float(np.hypot(high_a - low_a, high_b - low_b))
        found[name] = (a - b, a - b - half, a - b + half)
    return found
