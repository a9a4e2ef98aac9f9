"""What a pilot with randomized nudges says of the response to a nudge."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import norm

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Estimate = tuple[float, float, float]
"""A figure and the ends of its 95% interval."""

NUDGED = 0.5
"""Share of the pilot's visitors who are nudged."""

MOST = 10.0
"""The largest shift told: beyond it hardly a cart is left."""

CLIP = 1e-6
Z = float(norm.ppf(0.975))
"""Standard errors on either side in a 95% interval."""


@dataclass(frozen=True)
class PilotCarts:
    """n carts of a pilot."""

    probability: Floats
    """(n,) the model's, of being abandoned without a nudge."""

    segment: Ints
    """(n,) segment of each, below 0 for none."""

    nudged: Bools
    """(n,) whether it was nudged; all carts of a visitor or none."""

    abandoned: Bools
    """(n,) what became of it."""

    visitors: Ints
    """(n,) the visitor's number."""

    value: Floats
    """(n,) what it is worth, in the shop's currency."""

    def take(self, rows: Bools) -> "PilotCarts":
        """Some of the carts."""
        return PilotCarts(**{name: column[rows] for name, column in vars(self).items()})

    @property
    def expected(self) -> Floats:
        """(n,) the probability, off 0 and 1."""
        return np.clip(self.probability, CLIP, 1.0 - CLIP)

    @property
    def kept(self) -> Floats:
        """(n,) how many carts a nudge keeps from being left: right on average, far from it for one cart.

        Horvitz and Thompson's estimate on outcomes less what the model expects, which lowers its variance and leaves it
        unbiased however wrong the model is.
        """
        surprise = self.abandoned - self.expected
        return surprise * ~self.nudged / (1.0 - NUDGED) - surprise * self.nudged / NUDGED

    @property
    def alone(self) -> Floats:
        """(n,) how many carts are left without a nudge, estimated likewise."""
        return self.expected + (self.abandoned - self.expected) * ~self.nudged / (1.0 - NUDGED)


@dataclass(frozen=True)
class Shift:
    """How the carts of a segment respond."""

    carts: int
    shift: float
    """By how much a nudge lowers the log-odds of their being left, 0 to `MOST`."""

    error: float
    """Its standard error; `MOST` where no cart tells."""

    @property
    def interval(self) -> tuple[float, float]:
        """95%, not below 0 nor above `MOST`."""
        half = Z * self.error
        return max(0.0, self.shift - half), min(MOST, self.shift + half)


@dataclass(frozen=True)
class Pilot:
    """What a pilot measured."""

    carts: int
    nudged: int
    rescue_rate: Estimate
    """Share of the carts that would be left which a nudge rescues, over all carts."""

    segments: tuple[Shift, ...]
    """One for each segment asked for."""


def measure_pilot(carts: PilotCarts, segments: int) -> Pilot:
    """Measure the response of a pilot's carts, half of whose visitors were nudged by the toss of a coin.

    The shift of a segment is the one under which the model expects as many carts to be kept as were (`kept`).

    Args:
        carts: n carts.
        segments: how many segments there are.
    """
    kept = carts.kept
    rate = ratio(kept, carts.alone, carts.visitors)
    parts = ([a[carts.segment == s] for a in (carts.expected, kept, carts.visitors)] for s in range(segments))
    found = tuple(shift_of(*part) for part in parts)
    return Pilot(len(kept), int(carts.nudged.sum()), rate, found)


def shift_of(expected: Floats, kept: Floats, visitors: Ints) -> Shift:
    """How carts respond of which so many are kept.

    Args:
        expected: (n,) probability of being left without a nudge, off 0 and 1.
        kept: (n,) how many carts a nudge keeps from being left, estimated or known.
        visitors: (n,) the visitor's number.
    """
    if not len(expected):
        return Shift(0, 0.0, MOST)
    z, total = logit(expected), float(kept.sum())

    def missing(shift: float) -> float:
        return float((expected - expit(z - shift)).sum()) - total

    shift = 0.0 if total <= 0.0 else MOST if missing(MOST) <= 0.0 else float(brentq(missing, 0.0, MOST))
    left = expit(z - shift)
    error = _spread(kept - (expected - left), visitors) / float((left * (1.0 - left)).sum())
    return Shift(len(expected), shift, error)


def ratio(over: Floats, under: Floats, visitors: Ints) -> Estimate:
    """Ratio of two sums (n,) with its 95% interval, by the delta method; rows of one visitor belong together."""
    ratio = float(over.sum() / under.sum())
    half = Z * _spread(over - ratio * under, visitors) / float(under.sum())
    return ratio, ratio - half, ratio + half


def error_of(estimate: Estimate) -> float:
    """Standard error behind an estimate's 95% interval."""
    _, low, high = estimate
    return (high - low) / 2.0 / Z


def _spread(values: Floats, visitors: Ints) -> float:
    """Standard error of the sum of values around 0, rows of one visitor belonging together."""
    return float(np.linalg.norm(np.bincount(np.unique(visitors, return_inverse=True)[1], weights=values)))
