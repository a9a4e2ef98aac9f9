"""The A/B test: a pilot measures the response, then the same carts are nudged in several ways."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from data.errors import InputError
from models.config import CostConfig
from models.nudging.ab_testing import (
    BARE,
    LIST,
    NOBODY,
    PILOT,
    POPULAR,
    RANDOM,
    RATE,
    Arm,
    Carts,
    apart,
    compare,
    outcome,
    single,
)
from models.nudging.sample_size import carts_apart, carts_needed
from pipeline.simulating.arms import Price, choose_arms, nudge_gain, stated_gain, total_of
from pipeline.simulating.judged import Judged
from pipeline.simulating.piloting import run_pilot

FEW = 100
"""Carts of a pilot, and of the test, below which nothing is measured."""

SHARE = "abandoned_share"


def run_ab_test(
    pilots: Judged, carts: Judged, costs: CostConfig, response: float, seed: int, risk_error: float = 0.0
) -> dict[str, Any]:
    """Measure the response on the pilot's carts, then nudge the others in several ways.

    Every arm has the same carts with the same luck, so that arms differ by what they do alone.

    Args:
        pilots: carts of the pilot.
        carts: those of the test.
        costs: what a nudge costs and is believed to bring.
        response: what showing items does (`data.demo.showing.p_if_shown`).
        seed: of who is nudged and of what follows.
        risk_error: of the risks (`models.nudging.list_total.risk_error`), which the list by the costs counts in.
            The response of a pilot was measured beside these very risks, right or wrong.

    Returns:
        `pilot`, `arms`, `differences`, `gain`, `items`, `separation`, `ab_test` and sizes, as `result.json` has them;
        intervals are [figure, low, high], money is a cart.

    Raises:
        InputError: too few carts.
    """
    if min(len(pilots), len(carts)) < FEW:
        raise InputError(
            f"`--sessions` should give a pilot and an A/B test of {FEW} carts or more. "
            f"Received: as many as give {len(pilots):,} and {len(carts):,}"
        )
    piloted, price = run_pilot(pilots, costs, seed), (costs.margin, costs.nudge_cost)
    found = piloted.costs(costs)
    gains = {BARE: nudge_gain(carts, costs), PILOT: nudge_gain(carts, found)}
    totals = {BARE: total_of(carts, costs, risk_error), PILOT: total_of(carts, found, 0.0)}
    arms = choose_arms(carts, gains, costs, np.random.default_rng([seed, 3]))
    chances = carts.chances(response)
    happens = carts.happens(response, np.random.default_rng([seed, 1]).random(len(carts)))
    seen = {name: single(happens, arm, *price) for name, arm in arms.items()}
    bases = [name for name in (NOBODY, RANDOM, RATE, BARE, POPULAR) if name in arms]
    differences = {base: compare(happens, arms, base, *price) for base in bases}
    return {
        "carts": len(carts),
        "visitors": int(carts.visitors.max()) + 1,
        "pilot": piloted.told(costs),
        "arms": {name: {"nudges": int(arm.nudged.sum()), **seen[name]} for name, arm in arms.items()},
        "differences": differences,
        "gain": {name: stated_gain(happens, chances, arms[name], total, price) for name, total in totals.items()},
        "items": _items(carts, chances, arms, response, price),
        "separation": _separation(chances, arms, seen, differences, price),
        "ab_test": _by_lot(happens, chances, arms, price, seed),
    }


def _items(carts: Judged, chances: Carts, arms: Mapping[str, Arm], response: float, price: Price) -> dict[str, Any]:
    """What the items shown have to do with it: how well they fit the nudged visitors, and what they bring on average.

    Nothing is told of arms that are not there.
    """
    true = compare(chances, arms, BARE, *price)
    shown = {name: float(fit[arms[BARE].nudged].mean()) for name, fit in carts.fits.items()}
    return {"response": response, "fit": shown, "true": {name: true[name] for name in shown}}


def _separation(
    chances: Carts, arms: Mapping[str, Arm], seen: Mapping[str, Any], differences: Mapping[str, Any], price: Price
) -> dict[str, Any]:
    """By how much the intervals of the lists' shares of carts left lie below those of random nudges.

    `shares` is of the plain shares, `changes` of their changes against no action; below 0 they overlap. `carts_needed`
    is how many take the plain ones apart 4 times in 5, by the true difference.
    """
    true, changes = compare(chances, arms, RANDOM, *price), differences[NOBODY]
    found = {}
    for name in (one for one in (BARE, LIST) if one in arms):
        ours, theirs, less = seen[name][SHARE], seen[RANDOM][SHARE], differences[RANDOM][name][SHARE]
        found[name] = {
            "changes": changes[RANDOM][SHARE][1] - changes[name][SHARE][2],
            "shares": theirs[1] - ours[2],
            "carts_needed": carts_apart(ours, theirs, less, true[name][SHARE][0], len(chances.value)),
        }
    return found


def _by_lot(happens: Carts, chances: Carts, arms: Mapping[str, Arm], price: Price, seed: int) -> dict[str, Any]:
    """The test as a team would see it: every visitor is in one arm, drawn by lot, the list last."""
    names = [name for name in (NOBODY, RANDOM, BARE, LIST) if name in arms]
    lots = np.random.default_rng([seed, 4]).integers(len(names), size=int(happens.visitors.max()) + 1)
    rows = {name: lots[happens.visitors] == number for number, name in enumerate(names)}
    seen = {name: single(happens.take(rows[name]), arms[name].take(rows[name]), *price) for name in names}
    shares = {name: float(outcome(chances, arms[name], *price)[:, 0].mean()) for name in names}
    *bases, ours = names
    return {
        "list": ours,
        "arms": {name: {"carts": int(rows[name].sum()), **seen[name]} for name in names},
        "differences": {base: apart(seen[ours], seen[base]) for base in bases},
        "carts_needed": {base: carts_needed(shares[ours], shares[base]) for base in bases},
    }
