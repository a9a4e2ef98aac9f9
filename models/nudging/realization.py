"""How much comes in of what a rescue list made by a pilot promises.

Such a list promises too much, for two reasons. It nudges where the response was measured high, and part of what was
measured high was luck. And of the carts of a segment it nudges the dearest, which may respond less than the segment.
The share that comes in is measured with luck too: where a pilot tells little but noise, a list that counts on it still
states up to a third of the excess, as the tests show.
"""

import numpy as np

from models.config import CostConfig
from models.nudging.pilot import Estimate, Floats, Ints, Pilot, PilotCarts, error_of, measure_pilot, ratio
from models.nudging.response import share_in

FOLDS = 5
"""Parts of the pilot, each judged by what the others measured."""

ROUNDS = 4
"""Times the list is made anew by what came in of the one before."""

LEAST = 1e-9
"""Stands for a rate or a share of nothing, which a configuration does not take."""


def realization(carts: PilotCarts, costs: CostConfig) -> Estimate:
    """Share that comes in of what the list promises, by cross-fitting.

    Of each part of the visitors the list nudges whom the other parts' response says; what that promises is set against
    what the part's own outcomes say came of it. Whom it nudges then owes next to nothing to the luck of these carts.

    Args:
        carts: n carts of the pilot.
        costs: the segments they are in, the margin and what a nudge costs.
    """
    sale = costs.margin * carts.value
    return share_that_comes_in(_promised(carts, costs) * sale, carts.kept * sale, carts.visitors, costs.nudge_cost)


def share_that_comes_in(promised: Floats, came: Floats, visitors: Ints, nudge_cost: float) -> Estimate:
    """Share that comes in of what a list promises that counts on no more than that share; 1 where it nudges nobody.

    Args:
        promised: (n,) what a nudge is said to bring to each cart, before its cost.
        came: (n,) what it does bring.
        visitors: (n,) whose carts they are.
        nudge_cost: what a nudge costs.
    """
    found = (1.0, 1.0, 1.0)
    for _ in range(ROUNDS):
        nudged = max(found[0], LEAST) * promised > nudge_cost
        if not nudged.any():
            break
        found = ratio(came * nudged, promised * nudged, visitors)
    return found


def _promised(carts: PilotCarts, costs: CostConfig) -> Floats:
    """(n,) how many carts a nudge keeps from being left, by what the other parts of the visitors measured."""
    promised = np.zeros(len(carts.value))
    for fold in range(FOLDS):
        own = carts.visitors % FOLDS == fold
        found = measured(costs, measure_pilot(carts.take(~own), len(costs.segments)))
        part = carts.take(own)
        promised[own] = part.probability * share_in(part.probability, part.segment, found)
    return promised


def measured(costs: CostConfig, pilot: Pilot, comes_in: Estimate = (1.0, 1.0, 1.0)) -> CostConfig:
    """The costs with what a pilot measured, and the errors of it, in the place of what was believed.

    Args:
        costs: the believed ones.
        pilot: the response; a segment of which it has no cart keeps its shift.
        comes_in: what `realization` gives.
    """
    segments = tuple(
        one.model_copy(update={"shift": found.shift, "error": found.error}) if found.carts else one
        for one, found in zip(costs.segments, pilot.segments, strict=True)
    )
    return costs.model_copy(
        update={
            "rescue_rate": min(max(pilot.rescue_rate[0], LEAST), 1.0),
            "rescue_rate_error": error_of(pilot.rescue_rate),
            "segments": segments,
            "realization": max(comes_in[0], LEAST),
            "realization_error": error_of(comes_in),
        }
    )
