"""Values of each setting that a search draws from: the project's own, and the user's in their place."""

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data.errors import InputError
from models.config import RULES, AbandonmentConfig, DigitsConfig, OptimizerConfig, TuneConfig

Network = AbandonmentConfig | DigitsConfig
"""A configuration that can be searched around; settings that it does not have are left out."""

UNITS = ("32", "64", "128", "32-16", "64-32", "128-64", "128-64-32", "256-128")
SINGLE_STEP = ("gradient_descent", "single_sgd")  # rules that set the examples of a step themselves

LOGARITHMIC = ("learning_rate", "epsilon", "l1", "l2", "clip_norm")
LINEAR = ("dropout", "input_dropout", "label_smoothing", "rho", "momentum", "beta_1", "beta_2")


@dataclass(frozen=True)
class Interval:
    """Every number from `low` to `high`, drawn evenly on its scale."""

    low: float
    high: float
    logarithmic: bool = False


Values = Interval | tuple[Any, ...]

BASIC: dict[str, Values] = {
    "units": UNITS,
    "activation": ("relu", "elu", "tanh"),
    "batch_normalization": ("after", "before", "off"),
    "dropout": Interval(0.0, 0.6),
    "l2": (0.0, 1e-6, 1e-5, 1e-4, 1e-3),
    "batch_size": (128, 256, 512, 1024),
}
"""Settings that every search draws."""

FURTHER: dict[str, Values] = {
    "input_dropout": Interval(0.0, 0.3),
    "l1": (0.0, 1e-6, 1e-5, 1e-4),
    "label_smoothing": (0.0, 0.05, 0.1),
    "clip_norm": (0.0, 1.0, 5.0),
}
"""Settings drawn beside update rules or where the user names them; a `clip_norm` of 0 leaves the gradient as it is."""

OPTIONS: dict[str, Values] = {
    "rho": (0.9, 0.95, 0.99),
    "epsilon": (1e-8, 1e-7, 1e-6, 1e-4),
    "momentum": (0.8, 0.9, 0.95, 0.99),
    "beta_1": (0.8, 0.9, 0.95),
    "beta_2": (0.9, 0.99, 0.999),
}
"""Settings that some update rules have."""


@dataclass(frozen=True)
class Parameter:
    """One setting of the space."""

    name: str
    values: Values
    rules: tuple[str, ...] = ()
    """Update rules it exists under; all where empty."""


def rules_of(config: Network, tune: TuneConfig) -> tuple[str, ...]:
    """The update rules to search over, the configured one first."""
    for name in tune.optimizers:
        if name not in RULES:
            raise InputError(f"`tune.optimizers` should be among {', '.join(RULES)}. Received: {name}")
    return tuple(dict.fromkeys((config.optimizer.name, *tune.optimizers)))


def parameters(config: Network, tune: TuneConfig) -> list[Parameter]:
    """The settings to search over, with the user's ranges in the place of the project's.

    Raises:
        InputError: `tune.optimizers` or `tune.space` names what there is not, or a range is none.
    """
    rules = rules_of(config, tune)
    known = _known(config, rules)
    for name, given in tune.space.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            raise InputError(f"`tune.space` should name {', '.join(known)}. Received: {name}.{hint}")
        known[name] = Parameter(name, _given(name, field_of(name, rules), given, known[name].values), known[name].rules)
    several = len(rules) > 1
    asked = [p for name, p in known.items() if several or name not in FURTHER or name in tune.space]
    return [Parameter("optimizer", rules), *asked] if several else asked


def field_of(name: str, rules: Sequence[str]) -> str:
    """A setting's name without the update rule it belongs to: "learning_rate" of "adam_learning_rate"."""
    prefixes = [f"{rule}_" for rule in sorted(rules, key=len, reverse=True)]
    fields = ("learning_rate", *OPTIONS)
    return next((name.removeprefix(p) for p in prefixes if name.startswith(p) and name.removeprefix(p) in fields), name)


def _known(config: Network, rules: tuple[str, ...]) -> dict[str, Parameter]:
    """Every setting that can be searched under these rules; what a single rule does not use is left out."""
    known: dict[str, Parameter] = {}
    for rule in rules:
        prefix, only = (f"{rule}_", (rule,)) if len(rules) > 1 else ("", ())
        own: Mapping[str, Values] = {name: OPTIONS[name] for name in RULES[rule].options}
        for name, values in {"learning_rate": _rates(config, rule, len(rules)), **own}.items():
            known[prefix + name] = Parameter(prefix + name, values, only)
    where = {
        "batch_size": tuple(rule for rule in rules if rule not in SINGLE_STEP),
        "batch_normalization": tuple(rule for rule in rules if rule != "single_sgd"),
    }
    fields = type(config).model_fields | OptimizerConfig.model_fields
    for name, values in (BASIC | FURTHER).items():
        having = where.get(name, rules)
        if having and name in fields:
            if name == "batch_normalization" and isinstance(config.batch_normalization, bool):
                values = (False, True)
            known[name] = Parameter(name, values, () if having == rules else having)
    return known


def _rates(config: Network, rule: str, rules: int) -> Interval:
    """A tenth to three times the configured rate of a rule alone; else the rule's usual rates and the configured."""
    own = config.optimizer.learning_rate
    if rules == 1:
        return Interval(own / 10, own * 3, logarithmic=True)
    low, high = RULES[rule].rates
    if rule == config.optimizer.name:
        low, high = min(low, own), max(high, own)
    return Interval(low, high, logarithmic=True)


def _given(name: str, field: str, given: tuple[Any, ...], usual: Values) -> Values:
    """A user's range or list as values."""
    received = f"Received: {json.dumps(given)}"
    if not given:
        raise InputError(f"`tune.space.{name}` should be a range from low to high or a list of values. {received}")
    if field not in LOGARITHMIC + LINEAR and not isinstance(usual, Interval):
        kind = type(usual[0])
        if any(type(value) is not kind for value in given):
            what = {int: "whole numbers", bool: "true and false"}.get(kind, "words")
            raise InputError(f"`tune.space.{name}` should be a list of {what}. {received}")
        return tuple(dict.fromkeys(given))
    if any(isinstance(value, str | bool) for value in given):
        raise InputError(f"`tune.space.{name}` should be a range or list of numbers. {received}")
    if len(given) != 2:
        return tuple(dict.fromkeys(float(value) for value in given))
    low, high = float(given[0]), float(given[1])
    if low >= high:
        raise InputError(f"`tune.space.{name}` should be a range from low to high. {received}")
    if field in LOGARITHMIC and low <= 0:
        raise InputError(
            f"`tune.space.{name}` should be a range of numbers above 0 (drawn evenly on a logarithmic scale), or a "
            f"list of three or more. {received}"
        )
    return Interval(low, high, field in LOGARITHMIC)
