"""Who is nudged in each arm of the A/B test, and what each list says it brings."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from models.config import CostConfig
from models.nudging.ab_testing import (
    BARE,
    LIST,
    NOBODY,
    PILOT,
    POPULAR,
    RANDOM,
    RATE,
    SAVED,
    Arm,
    Carts,
    means,
    outcome,
)
from models.nudging.decision import expected_gain
from models.nudging.list_total import ListTotal
from models.nudging.pilot import Floats, Z
from models.nudging.response import share_in
from pipeline.simulating.judged import Judged

Price = tuple[float, float]
"""Margin of a sale and cost of a nudge."""


def nudge_gain(carts: Judged, costs: CostConfig) -> Floats:
    """Expected profit of nudging each of n carts, the nudge paid, (n,)."""
    return expected_gain(carts.probability, carts.segment, costs.margin * carts.value, costs)


def total_of(carts: Judged, costs: CostConfig, risk_error: float) -> ListTotal:
    """What the list by some costs comes to, by its own account; `risk_error` as for `ListTotal.of`."""
    return ListTotal.of(carts.probability, carts.segment, costs.margin * carts.value, costs, risk_error)


def choose_arms(
    carts: Judged, gains: Mapping[str, Floats], costs: CostConfig, rng: np.random.Generator
) -> dict[str, Arm]:
    """Who is nudged in each arm.

    Args:
        carts: n carts; the arms that show items are there where it is known how those fit.
        gains: (n,) what `BARE`, the list by the costs, and `PILOT` expect of a nudge; each nudges where that is above
            0. All others give out as many nudges as the first.
        costs: what a nudge is believed to bring.
        rng: source of the random arm.
    """
    ours, nudges = gains[BARE] > 0, int((gains[BARE] > 0).sum())

    def first(order: npt.NDArray[np.int64]) -> Arm:
        chosen = np.zeros(len(carts), dtype=bool)
        chosen[order[:nudges]] = True
        return Arm(chosen)

    risk = carts.probability
    orders = {RATE: risk * carts.value, SAVED: risk * share_in(risk, carts.segment, costs)}
    return {
        NOBODY: Arm(np.zeros(len(carts), dtype=bool)),
        RANDOM: first(rng.permutation(len(carts))),
        **{name: first(np.argsort(-values, kind="stable")) for name, values in orders.items()},
        BARE: Arm(ours),
        **{name: Arm(ours, name) for name in (POPULAR, LIST) if name in carts.fits},
        PILOT: Arm(gains[PILOT] > 0),
    }


def stated_gain(happens: Carts, chances: Carts, arm: Arm, total: ListTotal, price: Price) -> dict[str, Any]:
    """What a list says it brings a cart, beside what it brought, and what it was to bring on average over all luck.

    Args:
        happens: n carts.
        chances: the same as probabilities.
        arm: whom the list nudges, nothing shown.
        total: what the list comes to on these carts by its own account.
        price: what counts as profit.
    """
    nobody = Arm(np.zeros(len(happens.value), dtype=bool))
    realized, true = (
        means(outcome(carts, arm, *price) - outcome(carts, nobody, *price), carts.visitors)[2]
        for carts in (happens, chances)
    )
    stated, half = total.profit / total.carts, Z * total.error / total.carts
    return {
        "stated": [stated, stated - half, stated + half],
        "realized": realized,
        "true": true,
        "agrees": stated - half <= realized[2] and stated + half >= realized[1],
        "agrees_with_truth": stated - half <= true[2] and stated + half >= true[1],
    }
