"""What a shop can change about a cart, and to which values."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.errors import InputError
from data.examples import Examples
from data.feature import Feature
from models.category_encoder import RARE

Floats = npt.NDArray[np.float64]
Value = float | str

USUAL = (0.05, 0.95)
"""Quantiles of the training examples between which a number may be changed."""

LEVELS = 200
"""Values that a number is tried at, at most: quantiles of those observed in training."""


@dataclass(frozen=True)
class Option:
    """One way to use a lever on one cart."""

    lever: str
    """The feature that is changed."""

    values: dict[str, Value]
    """What it becomes, and what the features that go along with it become."""

    cost: float
    """How far it moves: the share of training examples between the old and the new value; 1 for another category."""


@dataclass(frozen=True)
class Lever:
    """An actionable feature and the values that training examples have of it."""

    spec: Feature
    """The feature."""

    values: tuple[Value, ...]
    """Values it may be set to: those observed between the `USUAL` quantiles, or the known categories."""

    ordered: Floats
    """All known training values, ascending; none for a categorical feature."""

    ranges: dict[str, tuple[float, float]]
    """The usual range of each feature that goes along with it."""

    def options(self, cart: pd.Series, safer: bool) -> list[Option]:
        """The ways to use it on a cart, the smallest change first.

        Args:
            cart: its F values.
            safer: whether it is about keeping a cart; otherwise about losing it, for which numbers go the other way.
        """
        now, name = cart[self.spec.name], self.spec.name
        if self.spec.kind == "categorical":
            return [Option(name, {name: value}, 1.0) for value in self.values if value != now]
        if not np.isfinite(now):
            return []
        found = [
            Option(name, {name: value, **self._along(cart, value / now if now else 1.0)}, self._cost(now, value))
            for value in map(float, self.values)
            if value != now and self.spec.way in ("any", "raise" if (value > now) == safer else "lower")
        ]
        return sorted((option for option in found if self._usual(option)), key=lambda option: option.cost)

    def moves_with(self, other: "Lever") -> bool:
        """Whether two levers change the same, so that using both says nothing."""
        mutual = self.spec.name in other.spec.along and other.spec.name in self.spec.along
        return mutual or bool(set(self.spec.along) & set(other.spec.along))

    def _along(self, cart: pd.Series, ratio: float) -> dict[str, Value]:
        return {name: float(np.float32(cart[name] * ratio)) for name in self.ranges if np.isfinite(cart[name])}

    def _usual(self, option: Option) -> bool:
        return all(low <= float(option.values.get(name, low)) <= high for name, (low, high) in self.ranges.items())

    def _cost(self, before: float, after: float) -> float:
        places = [np.searchsorted(self.ordered, [before, after], side=side) for side in ("left", "right")]
        middle = (places[0] + places[1]) / 2 / len(self.ordered)
        return float(abs(middle[1] - middle[0]))


def levers_of(train: Examples, actionable: Sequence[str] | None = None) -> tuple[Lever, ...]:
    """The levers of a shop, in column order.

    Args:
        train: training examples; they say which values occur.
        actionable: names of the features that can be changed; where not given, those whose `actionable` says so.

    Raises:
        InputError: one of the names is no feature of the examples.
    """
    known = [spec.name for spec in train.specs]
    for name in actionable or ():
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
            hint = f"Did you mean `{close[0]}`?" if close else f"There are: {', '.join(known)}."
            raise InputError(f"`explain.actionable` should name features of the examples. Received: {name}. {hint}")
    chosen = [s for s in train.specs if (s.actionable if actionable is None else s.name in actionable)]
    return tuple(_levers(train, [replace(spec, along=_numeric(train, spec.along)) for spec in chosen]))


def _levers(train: Examples, chosen: Sequence[Feature]) -> Iterator[Lever]:
    for spec in chosen:
        column = train.features[spec.name].dropna()
        if spec.kind == "categorical":
            counts = column.value_counts()
            yield Lever(spec, tuple(sorted(map(str, counts.index[counts >= RARE]))), np.zeros(0), {})
        elif len(column):
            ranges = {name: _range(train.features[name].dropna()) for name in spec.along}
            ordered = np.sort(column.to_numpy(dtype=np.float64))
            yield Lever(spec, _observed(ordered), ordered, ranges)


def _numeric(train: Examples, names: Sequence[str]) -> tuple[str, ...]:
    numeric = {spec.name for spec in train.specs if spec.kind == "numeric"}
    return tuple(name for name in names if name in numeric and train.features[name].notna().any())


def _range(column: pd.Series) -> tuple[float, float]:
    low, high = column.quantile(list(USUAL))
    return float(low), float(high)


def _observed(ordered: Floats) -> tuple[float, ...]:
    low, high = np.quantile(ordered, USUAL)
    values = np.unique(ordered[(ordered >= low) & (ordered <= high)])
    if len(values) > LEVELS:
        values = values[np.linspace(0, len(values) - 1, LEVELS).astype(np.int64)]
    return tuple(values.tolist())
