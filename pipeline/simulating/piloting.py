"""The pilot before the A/B test, and what it measures."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from models.config import CostConfig
from models.nudging.ab_testing import NOTHING
from models.nudging.pilot import NUDGED, Bools, Estimate, Ints, Pilot, PilotCarts, measure_pilot
from models.nudging.realization import measured, realization
from pipeline.simulating.judged import Judged


@dataclass(frozen=True)
class Piloted:
    """What a pilot found."""

    pilot: Pilot
    realization: Estimate
    """Share that comes in of what a list made by it promises."""

    def costs(self, believed: CostConfig) -> CostConfig:
        """The costs with what was measured."""
        return measured(believed, self.pilot, self.realization)

    def told(self, believed: CostConfig) -> dict[str, Any]:
        """As `result.json` has it, beside what was believed."""
        segments = [
            {
                "where": one.where,
                "carts": found.carts,
                "shift": [found.shift, *found.interval],
                "error": found.error,
                "believed": one.shift,
            }
            for one, found in zip(believed.segments, self.pilot.segments, strict=True)
        ]
        return {
            **asdict(self.pilot),
            "realization": self.realization,
            "segments": segments,
            "believed": {"rescue_rate": believed.rescue_rate, "realization": believed.realization},
        }


def run_pilot(carts: Judged, costs: CostConfig, seed: int) -> Piloted:
    """Nudge a random half of the visitors, show nothing, and measure the response."""
    happens = carts.happens(0.0, np.random.default_rng([seed, 5]).random(len(carts)))
    nudged = _coins(carts.visitors, np.random.default_rng([seed, 2]))
    left = np.where(nudged, happens.left_if_nudged[NOTHING], happens.left)
    tried = PilotCarts(carts.probability, carts.segment, nudged, left, carts.visitors, carts.value)
    return Piloted(measure_pilot(tried, len(costs.segments)), realization(tried, costs))


def _coins(visitors: Ints, rng: np.random.Generator) -> Bools:
    """(n,) one toss for each visitor."""
    tossed: Bools = (rng.random(int(visitors.max()) + 1) < NUDGED)[visitors]
    return tossed
