"""The A/B test: a pilot measures the response, then the same carts are nudged in several ways."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from data.errors import InputError
from models.ab_testing import (
    LIST,
    NOBODY,
    PILOT,
    RANDOM,
    RATE,
    SAVED,
    Carts,
    apart,
    carts_needed,
    compare,
    follow,
    means,
    outcome,
    single,
)
from models.config import CostConfig
from models.decision import cart_values, nudge_value, rescue_worth
from models.pilot import NUDGED, Bools, Floats, Pilot, Z, gain_error, measure_pilot
from models.response import rescued_share, segment_of
from pipeline.simulating.fresh import Fresh

FEW = 100
"""Carts of a pilot, and of the test, below which nothing is measured."""


def run_ab_test(fresh: Fresh, probability: Floats, costs: CostConfig, pilot_crowds: int, seed: int) -> dict[str, Any]:
    """Measure the response on the pilot's carts, then nudge the others in several ways.

    Args:
        fresh: n open carts with their truth.
        probability: (n,) the model's.
        costs: what a nudge costs and is believed to bring.
        pilot_crowds: how many crowds of visitors are the pilot's.
        seed: of who is nudged and of what follows.

    Returns:
        `pilot`, `arms`, `differences`, `gain`, `ab_test` and sizes, as `result.json` has them; intervals are
        [figure, low, high], money is a cart.

    Raises:
        InputError: too few carts.
    """
    pilots = fresh.crowd < pilot_crowds
    if min(pilots.sum(), (~pilots).sum()) < FEW:
        raise InputError(
            f"`--sessions` should give a pilot and an A/B test of {FEW} carts or more. "
            f"Received: as many as give {pilots.sum():,} and {(~pilots).sum():,}"
        )
    happens, expected = _outcomes(fresh, costs, seed)
    segment = segment_of(fresh.examples, costs)
    nudged = _coins(happens.visitors, np.random.default_rng([seed, 2]))
    pilot = measure_pilot(
        probability[pilots], segment[pilots], len(costs.segments), nudged[pilots],
        np.where(nudged, happens.left_if_nudged, happens.left)[pilots], happens.visitors[pilots],
    )  # fmt: skip
    carts = fresh.examples.take(~pilots)
    happens, expected, segment, risk = (
        happens.take(~pilots),
        expected.take(~pilots),
        segment[~pilots],
        probability[~pilots],
    )
    gains = {
        name: nudge_value(risk, rescue_worth(risk, carts, happens.value, believed), believed)
        for name, believed in ((LIST, costs), (PILOT, measured(costs, pilot)))
    }
    orders = {RATE: risk * happens.value, SAVED: risk * rescued_share(risk, carts, costs)}
    arms = choose_arms(gains, orders, np.random.default_rng([seed, 3]))
    error = _error(pilot, risk, segment, arms[PILOT], costs.margin * happens.value)
    price = (costs.margin, costs.nudge_cost)
    return {
        "carts": len(risk),
        "visitors": len(np.unique(happens.visitors)),
        "pilot": _pilot(pilot, costs),
        "arms": {name: {"nudges": int(on.sum()), **single(happens, on, *price)} for name, on in arms.items()},
        "differences": {base: compare(happens, arms, base, *price) for base in (NOBODY, RANDOM, RATE)},
        "gain": {
            LIST: _gain(happens, expected, gains[LIST], price, 0.0),
            PILOT: _gain(happens, expected, gains[PILOT], price, error),
        },
        "ab_test": _by_lot(happens, expected, arms, price, seed),
    }


def _outcomes(fresh: Fresh, costs: CostConfig, seed: int) -> tuple[Carts, Carts]:
    """What happens to each cart, and the probabilities of it."""
    values = cart_values(fresh.examples, costs)[0]
    visitors = np.unique(fresh.examples.keys["visitor_id"].to_numpy(dtype=str), return_inverse=True)[1]
    left = fresh.examples.abandoned == 1
    drawn = follow(left, fresh.p_abandon, fresh.p_if_nudged, np.random.default_rng([seed, 1]))
    return Carts(values, left, drawn, visitors), Carts(values, fresh.p_abandon, fresh.p_if_nudged, visitors)


def choose_arms(
    gains: Mapping[str, Floats], orders: Mapping[str, Floats], rng: np.random.Generator
) -> dict[str, Bools]:
    """Who is nudged in each arm, (m,) each.

    Args:
        gains: (m,) what each list expects of a nudge; it nudges where that is above 0.
        orders: (m,) by what other arms choose as many carts as the rescue list, the highest first.
        rng: source of the random arm.
    """
    carts, nudges = len(gains[LIST]), int((gains[LIST] > 0).sum())

    def first(order: npt.NDArray[np.int64]) -> Bools:
        chosen = np.zeros(carts, dtype=bool)
        chosen[order[:nudges]] = True
        return chosen

    others = {name: first(np.argsort(-values, kind="stable")) for name, values in orders.items()}
    lists = {name: gain > 0 for name, gain in gains.items()}
    return {NOBODY: np.zeros(carts, dtype=bool), RANDOM: first(rng.permutation(carts)), **others, **lists}


def measured(costs: CostConfig, pilot: Pilot) -> CostConfig:
    """The costs with what a pilot measured in the place of what was believed."""
    segments = tuple(
        one.model_copy(update={"shift": found.shift}) if found.carts else one
        for one, found in zip(costs.segments, pilot.segments, strict=True)
    )
    rate = min(max(pilot.rescue_rate[0], 1e-9), 1.0)
    return costs.model_copy(update={"rescue_rate": rate, "segments": segments})


def _pilot(pilot: Pilot, costs: CostConfig) -> dict[str, Any]:
    segments = [
        {"where": one.where, "carts": found.carts, "shift": [found.shift, *found.interval], "believed": one.shift}
        for one, found in zip(costs.segments, pilot.segments, strict=True)
    ]
    return {**asdict(pilot), "believed": costs.rescue_rate, "segments": segments}


def _gain(happens: Carts, expected: Carts, gain: Floats, price: tuple[float, float], error: float) -> dict[str, Any]:
    """What a list says it brings a cart, beside what it brought, and what it was to bring on average over all luck."""
    nudged, nobody = gain > 0, np.zeros(len(gain), dtype=bool)
    realized, true = (
        means(outcome(carts, nudged, *price) - outcome(carts, nobody, *price), carts.visitors)[2]
        for carts in (happens, expected)
    )
    stated, half = float(gain[nudged].sum()) / len(gain), Z * error / len(gain)
    return {
        "stated": [stated, stated - half, stated + half],
        "realized": realized,
        "true": true,
        "agrees": stated - half <= realized[2] and stated + half >= realized[1],
    }


def _error(pilot: Pilot, probability: Floats, segment: npt.NDArray[np.int64], nudged: Bools, sale: Floats) -> float:
    """Standard error of the sum that the list after the pilot states, from the pilot's."""
    alone = float((probability * sale)[nudged & (segment < 0)].sum())  # carts told by the rate alone
    rate = (pilot.rescue_rate[2] - pilot.rescue_rate[1]) / (2 * Z)
    return float(np.hypot(gain_error(probability, segment, nudged, sale, pilot.segments), alone * rate))


def _by_lot(
    happens: Carts, expected: Carts, arms: Mapping[str, Bools], price: tuple[float, float], seed: int
) -> dict[str, Any]:
    """The test as a team would see it: every visitor is in one arm, drawn by lot."""
    names = (NOBODY, RANDOM, LIST)
    lots = np.random.default_rng([seed, 4]).integers(len(names), size=int(happens.visitors.max()) + 1)
    rows = {name: lots[happens.visitors] == number for number, name in enumerate(names)}
    seen = {name: single(happens.take(rows[name]), arms[name][rows[name]], *price) for name in names}
    shares = {name: float(outcome(expected, arms[name], *price)[:, 0].mean()) for name in names}
    return {
        "arms": {name: {"carts": int(rows[name].sum()), **seen[name]} for name in names},
        "differences": {base: apart(seen[LIST], seen[base]) for base in (NOBODY, RANDOM)},
        "carts_needed": {base: carts_needed(shares[LIST], shares[base]) for base in (NOBODY, RANDOM)},
    }


def _coins(visitors: npt.NDArray[np.int64], rng: np.random.Generator) -> Bools:
    """(n,) one toss for each visitor."""
    tossed: Bools = (rng.random(int(visitors.max()) + 1) < NUDGED)[visitors]
    return tossed
