"""Which carts a nudge pays for."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from data.examples import Examples
from data.where import Numbers
from models.config import CostConfig
from models.nudging.response import Ints, rescued_share, share_in

Floats = npt.NDArray[np.float64]

SURE = float(np.nextafter(1.0, 0.0))
"""The highest threshold at which somebody can be nudged; 1 is "nobody", even where a probability rounds to 1."""

CART_VALUE = "cart_value"
"""The feature that says what a cart is worth, in the shop's currency."""


@dataclass(frozen=True)
class Nudge:
    """Whether to nudge."""

    by_value: bool
    """Whether a nudge is expected to bring more than it costs, for this cart's value."""

    by_threshold: bool
    """Whether the probability reaches the threshold that pays most over all carts."""

    expected_value: float
    """What it is expected to bring less its cost, in the shop's currency."""


def rescue_worth(probability: Floats, examples: Examples | Numbers, values: Floats, costs: CostConfig) -> Floats:
    """Profit that nudging a cart brings where it would be abandoned, (n,): share rescued · margin · value.

    Args:
        probability: (n,) probability that the cart is abandoned.
        examples: the n carts, or their features where all are numbers.
        values: (n,) value of the cart.
        costs: what a nudge brings.

    Raises:
        InputError: a condition of `costs.segments` cannot be used.
    """
    return rescued_share(probability, examples, costs) * costs.margin * values


def nudge_value(probability: Floats, worth: Floats, costs: CostConfig) -> Floats:
    """Expected profit of nudging each cart, in the shop's currency: p · worth − cost.

    Args:
        probability: (n,) probability that the cart is abandoned.
        worth: (n,) what `rescue_worth` gives.
        costs: what a nudge costs.
    """
    return probability * worth - costs.nudge_cost


def expected_gain(probability: Floats, segment: Ints, sale: Floats, costs: CostConfig) -> Floats:
    """`nudge_value` of carts whose segments are known, (n,).

    Args:
        probability: (n,) probability that the cart is abandoned.
        segment: (n,) what `models.nudging.response.segment_of` gives.
        sale: (n,) profit of selling each cart.
        costs: what a nudge costs and brings.
    """
    return nudge_value(probability, share_in(probability, segment, costs) * sale, costs)


def cart_values(examples: Examples, costs: CostConfig) -> tuple[Floats, tuple[str, ...]]:
    """Value of each cart, (n,), and notes for whoever reads figures made of it.

    `costs.cart_value` stands in for a cart whose value the source does not tell.
    """
    if CART_VALUE not in examples.features:
        known: Floats = np.full(len(examples), np.nan)
    else:
        known = examples.features[CART_VALUE].to_numpy(dtype=np.float64)
    missing = np.isnan(known)
    if not missing.any():
        return known, ()
    carts = "No cart has a known value" if missing.all() else f"{missing.mean():.1%} of the carts have no known value"
    note = f"{carts}; each of these counts as {costs.cart_value:g} (`costs.cart_value`)."
    return np.where(missing, costs.cart_value, known), (note,)


def choose_threshold(probability: Floats, validation: Examples, costs: CostConfig) -> dict[str, Any]:
    """The probability from which nudging pays most on the validation examples.

    Profit is counted from what really happened there: a nudged cart that was abandoned brings its `rescue_worth`,
    every nudged cart costs `nudge_cost`. A threshold above every probability (nobody is nudged) is a candidate.

    Returns:
        `value` (in [0, 1]; 1 where no nudge pays), `expected_profit_per_cart` and `nudged_share` on the validation
        examples, `notes`.
    """
    values, notes = cart_values(validation, costs)
    worth = rescue_worth(probability, validation, values, costs)
    thresholds, profits, shares = profit_curve(probability, validation.abandoned, worth, costs)
    best = int(np.argmax(profits))
    if shares[best] == 0.0:
        most = float(np.max(probability * worth, initial=0.0))
        notes += (
            f"At these costs no nudge pays: one costs {costs.nudge_cost:g} and is expected to bring at most "
            f"{most:.3g}.",
        )
    return {
        "value": float(thresholds[best]),
        "expected_profit_per_cart": float(profits[best]),
        "nudged_share": float(shares[best]),
        "notes": list(notes),
    }


def profit_curve(
    probability: Floats, abandoned: npt.NDArray[np.int8], worth: Floats, costs: CostConfig
) -> tuple[Floats, Floats, Floats]:
    """Profit per cart of nudging every cart at or above a threshold, for each threshold that changes anything.

    Args:
        probability: (n,) probability that the cart is abandoned.
        abandoned: (n,) whether it was.
        worth: (n,) what `rescue_worth` gives.
        costs: what a nudge costs.

    Returns:
        Descending thresholds (m,), starting with 1 for "nobody"; profit per cart, nudged or not, (m,); share of the
        carts nudged (m,).
    """
    probability = np.minimum(probability, SURE)
    order = np.argsort(-probability, kind="stable")
    gain = abandoned * worth - costs.nudge_cost
    total = np.cumsum(gain[order]) / max(len(order), 1)
    ordered = probability[order]
    ends = np.flatnonzero(np.r_[np.diff(ordered) < 0, True]) if len(order) else np.zeros(0, np.int64)
    return (
        np.concatenate([[1.0], ordered[ends]]),
        np.concatenate([[0.0], total[ends]]),
        np.concatenate([[0.0], (ends + 1) / max(len(order), 1)]),
    )


def at_threshold(
    probability: Floats, abandoned: npt.NDArray[np.int8], worth: Floats, costs: CostConfig, threshold: float
) -> dict[str, float | None]:
    """What nudging at a threshold comes to on examples it was not chosen on.

    Returns:
        `value` (the threshold), `expected_profit_per_cart`, `nudged_share`, `precision` (share of the nudged carts that
        were abandoned; None where none is nudged), `recall` (share of the abandoned carts that were nudged),
        `profit_per_cart_if_all_nudged`, and `profit_per_cart_by_value`, where each cart is nudged if its own expected
        profit, from its probability and value, is positive.
    """
    gain = abandoned * worth - costs.nudge_cost
    nudged = np.minimum(probability, SURE) >= threshold
    by_value = nudge_value(probability, worth, costs) > 0
    lost = abandoned == 1
    return {
        "value": threshold,
        "expected_profit_per_cart": _mean(gain * nudged),
        "nudged_share": _mean(nudged),
        "precision": _mean(lost[nudged]),
        "recall": _mean(nudged[lost]),
        "profit_per_cart_if_all_nudged": _mean(gain),
        "profit_per_cart_by_value": _mean(gain * by_value),
        "nudged_share_by_value": _mean(by_value),
    }


def _mean(values: npt.NDArray[np.generic]) -> float | None:
    return float(values.astype(np.float64).mean()) if len(values) else None
