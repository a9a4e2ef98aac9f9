"""The smallest changes that a shop could make to a cart and that turn the model's prediction.

Counterfactual explanations (Wachter et al. 2017) over features that a shop can act on alone, within what training
examples have, the fewest changes first (as in actionable recourse; Ustun et al. 2019, whose percentile shift is the
size of a change here). The model itself is asked about every candidate.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.examples import Examples
from data.feature import Feature
from explain.cart.levers import Lever, Option, Value

Floats = npt.NDArray[np.float64]
Predict = Callable[[Examples], Floats]

MOST = 3
"""Most features changed together, beside those that go along with one of them."""

TRIED = {2: 12, 3: 6}
"""Options of each lever that are tried together with others; the answer is then made smaller with all of them."""

STRONGEST = 8
"""Levers that are tried together, at most: those that alone come nearest."""

ROUNDING = 1e-5
"""Share by which float32 may put one of two equal values below the other."""

Ways = list[tuple[Option, ...]]


@dataclass(frozen=True)
class Counterfactual:
    """Changes that turn the prediction of one cart."""

    levers: tuple[str, ...]
    """The features that are changed, 1 to `MOST`."""

    values: dict[str, Value]
    """The new value of each of them, and of what goes along."""

    probability: float
    """The predicted probability with these values."""


def counterfactual(
    cart: Examples, levers: Sequence[Lever], predict: Predict, threshold: float
) -> Counterfactual | None:
    """The smallest change that brings a cart from its side of the threshold to the other; None where there is none.

    Args:
        cart: one example.
        levers: what can be changed, and to what.
        predict: n examples → (n,) probabilities.
        threshold: the probability from which a cart counts as one that is left.
    """
    safer = bool(predict(cart)[0] >= threshold)
    row = cart.features.iloc[0]
    options = [found for lever in levers if (found := lever.options(row, safer))]
    by_name = {lever.spec.name: lever for lever in levers}

    def turned(ways: Ways) -> tuple[Option, ...] | None:
        """The cheapest of some ways that turn the prediction."""
        ways = sorted((way for way in ways if _possible(row, _merged(way), cart.specs)), key=_cost)
        turns = (_predicted(cart, ways, predict) < threshold) == safer
        return ways[int(np.argmax(turns))] if turns.any() else None

    best = turned([(option,) for found in options for option in found])
    if best is None and len(options) > 1:
        options = _strongest(cart, options, predict, safer)
        for size in range(2, min(MOST, len(options)) + 1):
            best = best or turned(_together(options, by_name, size))
    if best is None:
        return None
    for place in range(len(best)):
        (all_of_it,) = [found for found in options if found[0].lever == best[place].lever]
        smaller = [
            (*best[:place], option, *best[place + 1 :]) for option in all_of_it if option.cost < best[place].cost
        ]
        best = turned(smaller) or best
    values = _merged(best)
    probability = float(predict(changed(cart, [values]))[0])
    return Counterfactual(tuple(option.lever for option in best), values, probability)


def changed(cart: Examples, values: Sequence[dict[str, Value]]) -> Examples:
    """Copies of one cart, each with some other values."""
    copies = cart.take(np.zeros(len(values), dtype=np.int64))
    columns = {name: copies.features[name].to_numpy(copy=True) for name in {name for one in values for name in one}}
    for place, one in enumerate(values):
        for name, value in one.items():
            columns[name][place] = value
    features = copies.features.assign(**{name: pd.Series(column) for name, column in columns.items()})
    return Examples(copies.keys, features, copies.abandoned, copies.specs)


def _predicted(cart: Examples, ways: Ways, predict: Predict) -> Floats:
    return predict(changed(cart, [_merged(way) for way in ways])) if ways else np.zeros(0)


def _merged(way: Sequence[Option]) -> dict[str, Value]:
    """The values of some options together; what is changed itself does not go along with another."""
    along = {name: value for option in way for name, value in option.values.items()}
    return along | {option.lever: option.values[option.lever] for option in way}


def _possible(cart: pd.Series, values: dict[str, Value], specs: Sequence[Feature]) -> bool:
    """Whether no changed feature ends up below one that is never above it; unknown values say nothing."""
    pairs = [(spec.name, other) for spec in specs for other in spec.at_least if other in cart.index]
    return not any(
        float(values.get(name, cart[name])) < float(values.get(other, cart[other])) * (1 - ROUNDING)
        for name, other in pairs
        if name in values or other in values
    )


def _cost(way: Sequence[Option]) -> float:
    return sum(option.cost for option in way)


def _strongest(cart: Examples, options: list[list[Option]], predict: Predict, safer: bool) -> list[list[Option]]:
    if len(options) <= STRONGEST:
        return options
    sign = 1.0 if safer else -1.0
    reach = [(sign * _predicted(cart, [(option,) for option in found], predict)).min() for found in options]
    return [options[place] for place in sorted(np.argsort(reach, kind="stable")[:STRONGEST])]


def _together(options: list[list[Option]], levers: dict[str, Lever], size: int) -> Ways:
    """Ways to use `size` levers at once, each at a few of its options."""
    ways: Ways = []
    for group in combinations(options, size):
        used = [levers[found[0].lever] for found in group]
        if not any(one.moves_with(other) for one, other in combinations(used, 2)):
            ways += product(*(_few(found, TRIED[size]) for found in group))
    return ways


def _few(options: list[Option], count: int) -> list[Option]:
    places = np.unique(np.linspace(0, len(options) - 1, min(count, len(options))).round().astype(np.int64))
    return [options[place] for place in places]
