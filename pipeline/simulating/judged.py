"""Open carts as an A/B test needs them: numbers alone, so that many fit into memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from data.demo.showing import p_if_shown
from models.config import CostConfig
from models.nudging.ab_testing import NOTHING, Carts, follow
from models.nudging.decision import cart_values
from models.nudging.response import segment_of
from pipeline.simulating.fresh import Fresh

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Judged:
    """n open carts, what the models say of them, and the truth."""

    probability: Floats
    """(n,) the model's, of being abandoned without a nudge."""

    value: Floats
    """(n,) what is in the cart, in the shop's currency."""

    segment: Ints
    """(n,) segment of `costs.segments`, below 0 for none."""

    visitors: Ints
    """(n,) the visitor's number."""

    abandoned: npt.NDArray[np.bool_]
    """(n,) whether it is left without a nudge."""

    p_abandon: Floats
    """(n,) true probability of that."""

    p_if_nudged: Floats
    """(n,) the same for a nudge now."""

    fits: Mapping[str, Floats]
    """(n,) how well items fit the visitor, by who chose them (`data.demo.showing.fit`)."""

    def __len__(self) -> int:
        return len(self.probability)

    @classmethod
    def of(cls, fresh: Fresh, probability: Floats, costs: CostConfig, fits: Mapping[str, Floats]) -> "Judged":
        """Carts with the model's probability (n,) and what is known of items to show."""
        names = fresh.examples.keys["visitor_id"].to_numpy(dtype=str)
        return cls(
            probability, cart_values(fresh.examples, costs)[0], segment_of(fresh.examples, costs),
            np.unique(names, return_inverse=True)[1], fresh.examples.abandoned == 1, fresh.p_abandon,
            fresh.p_if_nudged, fits,
        )  # fmt: skip

    @classmethod
    def join(cls, parts: Sequence["Judged"]) -> "Judged":
        """The carts of parts that share no visitor."""
        firsts = np.cumsum([0, *(int(part.visitors.max(initial=-1)) + 1 for part in parts)])
        columns: dict[str, Any] = {
            name: np.concatenate([vars(part)[name] for part in parts]) for name in vars(parts[0]) if name != "fits"
        }
        numbers = [part.visitors + first for part, first in zip(parts, firsts, strict=False)]
        fits = {name: np.concatenate([part.fits[name] for part in parts]) for name in parts[0].fits}
        return cls(**{**columns, "visitors": np.concatenate(numbers), "fits": fits})

    def chances(self, response: float) -> Carts:
        """What becomes of each cart, as probabilities; `response` is as for `p_if_shown`."""
        return Carts(self.value, self.p_abandon, self._if_nudged(response), self.visitors)

    def happens(self, response: float, luck: Floats) -> Carts:
        """What becomes of each cart, with the same luck (n,), uniform on 0 to 1, under every way to nudge."""
        left = {
            shown: follow(self.abandoned, self.p_abandon, if_nudged, luck)
            for shown, if_nudged in self._if_nudged(response).items()
        }
        return Carts(self.value, self.abandoned, left, self.visitors)

    def _if_nudged(self, response: float) -> dict[str, Floats]:
        """(n,) probability of being abandoned although nudged, by what is shown."""
        shown = {name: p_if_shown(self.p_if_nudged, fit, response) for name, fit in self.fits.items()}
        return {NOTHING: self.p_if_nudged, **shown}
