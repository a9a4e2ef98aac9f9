"""How carts respond to a nudge: one rate for all, or by segments as a pilot measured them."""

import numpy as np
import numpy.typing as npt

from data.errors import InputError
from data.examples import Examples
from data.where import Numbers, select
from models.config import CostConfig

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NONE = -1
"""Stands for no segment."""


def rescued_share(probability: Floats, examples: Examples | Numbers, costs: CostConfig) -> Floats:
    """Of carts that would be abandoned, the share that a nudge turns into purchases, (n,).

    Args:
        probability: (n,) probability that each cart is abandoned.
        examples: the n carts, or their features where all are numbers.
        costs: the rate, the segments and how much of them comes in.

    Raises:
        InputError: a condition of the segments cannot be read or names no feature.
    """
    segment = segment_of(examples, costs) if costs.segments else np.full(len(probability), NONE, dtype=np.int64)
    return share_in(probability, segment, costs)


def share_in(probability: Floats, segment: Ints, costs: CostConfig) -> Floats:
    """`rescued_share` of carts whose segments are known, (n,).

    `costs.realization` times `costs.rescue_rate`, or in a segment of `costs.segments` times what its shift comes to
    (`share_of_shift`); 1 at most.

    Args:
        probability: (n,) probability that each cart is abandoned.
        segment: (n,) what `segment_of` gives.
        costs: the rate, the segments and how much of them comes in.
    """
    share, known = np.full(len(probability), costs.rescue_rate), segment >= 0
    shifts = np.array([one.shift for one in costs.segments])
    share[known] = share_of_shift(probability[known], shifts[segment[known]])
    return np.minimum(costs.realization * share, 1.0)


def share_of_shift(probability: Floats, shift: Floats | float) -> Floats:
    """Share rescued of carts whose log-odds of being abandoned a nudge lowers by `shift`.

    1 − σ(logit p − d) / p = g (1 − p) / (1 − g p) with g = 1 − exp(−d): near (1 − p) d for small d, so that carts
    which are all but lost are hardly rescued.
    """
    gone = -np.expm1(-np.asarray(shift, dtype=np.float64))
    rest = 1.0 - gone * probability
    share: Floats = np.divide(gone * (1.0 - probability), rest, out=np.ones_like(rest), where=rest > 0)
    return share


def segment_of(examples: Examples | Numbers, costs: CostConfig) -> Ints:
    """Position of the first segment that each cart belongs to, (n,); `NONE` where it belongs to none.

    Raises:
        InputError: a condition cannot be read or names no feature.
    """
    rows = len(examples) if isinstance(examples, Examples) else len(next(iter(examples.values())))
    found = np.full(rows, NONE, dtype=np.int64)
    for position, segment in enumerate(costs.segments):
        try:
            meets = select(segment.where, examples)
        except InputError as error:
            raise InputError(str(error).replace("`--where`", "`costs.segments` `where`")) from None
        found[(found < 0) & meets] = position
    return found
