"""What a comparison puts side by side: settings that differ, and the ranges that each is tuned over."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from data.errors import InputError
from models.config import RULES

Settings = Mapping[str, Any]
"""Dotted keys of a model's configuration and their values."""


@dataclass(frozen=True)
class Range:
    """Where a setting is drawn from."""

    low: float
    high: float
    scale: Literal["log", "even"] = "log"
    """Evenly on a logarithmic scale, or evenly."""

    def draw(self, rng: np.random.Generator) -> float:
        """One value."""
        share = float(rng.random())
        if self.scale == "even":
            return self.low + share * (self.high - self.low)
        return float(self.low * (self.high / self.low) ** share)


@dataclass(frozen=True)
class Alternative:
    """One of the things compared."""

    name: str
    """Short name, for run names and file names."""

    title: str
    """Name for people."""

    settings: Settings
    """What sets it apart."""

    ranges: Mapping[str, Range] = field(default_factory=dict)
    """What is drawn for each of its trials but the first, which has its settings as they are. Where there is nothing
    to draw, it has one trial."""

    reference: str = ""
    """Where it was published."""

    folds: int = 0
    """Folds of the training visitors that choose among its trials, each trained that often; the validation examples
    choose where it is 0."""

    share: float = 1.0
    """Share of the epochs that it gets, one epoch at least: for what takes very many steps an epoch."""


BETAS = Range(0.9, 0.999, "even")
OPTIONS = {
    "momentum": Range(0.5, 0.99, "even"),
    "rho": Range(0.8, 0.99, "even"),
    "epsilon": Range(1e-8, 1e-4),
    "beta_1": Range(0.5, 0.99, "even"),
    "beta_2": BETAS,
}
"""Ranges of the further settings of update rules."""


PROPORTIONAL = ("gradient_descent", "single_sgd", "sgd", "momentum", "nag")
"""Rules whose step grows with the gradient."""


def optimizers(for_batches: bool, batch_normalization: str | bool = "off", scale: float = 1.0) -> list[Alternative]:
    """The update rules, each with its documented range; Adadelta also at Keras's default rate.

    Args:
        for_batches: leave out the rules that take all examples, or one, in a step.
        batch_normalization: what the model's setting of that name has to be for one example a step.
        scale: of the rates of `PROPORTIONAL` rules, for a model whose gradients are larger than a mean's.
    """
    alone = ("gradient_descent", "single_sgd")
    found = []
    for name, rule in RULES.items():
        if for_batches and name in alone:
            continue
        settings: dict[str, Any] = {"optimizer": {"name": name}}
        if name == "single_sgd":
            settings["batch_normalization"] = batch_normalization  # one example has no variance
        low, high = rule.rates
        if name in PROPORTIONAL and scale != 1.0:
            settings["optimizer"]["learning_rate"] = rule.learning_rate * scale
            low, high = low * scale, high * scale
        ranges = {"optimizer.learning_rate": Range(low, high)}
        ranges |= {f"optimizer.{option}": OPTIONS[option] for option in rule.options}
        single = name == "single_sgd"
        title = f"{rule.title}, a tenth of the epochs" if single else rule.title
        found.append(Alternative(name, title, settings, ranges, rule.reference, share=0.1 if single else 1.0))
    slow = {"optimizer": {"name": "adadelta", "learning_rate": 0.001}}
    return [*found, Alternative("adadelta_keras", "Adadelta at Keras's default rate 0.001", slow)]


def chosen(alternatives: list[Alternative], only: tuple[str, ...]) -> list[Alternative]:
    """The alternatives that are asked for, in their own order; all where none is.

    Raises:
        InputError: a name that is not among them, or fewer than two.
    """
    names = [alternative.name for alternative in alternatives]
    unknown = [name for name in only if name not in names]
    if unknown:
        raise InputError(f"`compare.only` should be among {', '.join(names)}. Received: {', '.join(unknown)}")
    if len(only) == 1:
        raise InputError(f"`compare.only` should name two alternatives or more. Received: {only[0]}")
    return [alternative for alternative in alternatives if not only or alternative.name in only]
