"""The space of settings that a search tries."""

import re
from collections.abc import Mapping
from typing import Any, TypeVar, cast

import keras_tuner
from keras_tuner.engine import hyperparameters as kinds
from pydantic import ValidationError

from data.errors import InputError
from models.config import RULES, AbandonmentConfig, DigitsConfig, OptimizerConfig, TuneConfig
from models.search.ranges import Interval, Network, Parameter, field_of, parameters

Config = TypeVar("Config", bound=AbandonmentConfig | DigitsConfig)

Point = Mapping[str, Any]
"""Values of the settings that are active, by name; plain JSON values."""


def declare(config: Network, tune: TuneConfig | None = None) -> keras_tuner.HyperParameters:
    """The space around a configuration.

    Its own values are part of it, as the defaults, except where `tune.space` leaves them out. Without
    `tune.optimizers` the update rule stays as configured and its rate is drawn from a tenth of the configured one to
    three times it, evenly on a logarithmic scale. With them the rule is a setting too; each rule's rate and options
    exist under that rule alone and bear its name ("adam_learning_rate"), and input dropout, L1, label smoothing and
    clipping are drawn beside them.

    Args:
        config: the configuration.
        tune: update rules and ranges of the user's.

    Raises:
        InputError: `tune.optimizers` or `tune.space` cannot be used.
    """
    tune = tune or TuneConfig()
    space = keras_tuner.HyperParameters()
    for parameter in parameters(config, tune):
        _check(config, parameter, given=parameter.name in tune.space)
        own = None if parameter.rules and config.optimizer.name not in parameter.rules else _read(config, parameter)
        if parameter.rules:
            with space.conditional_scope("optimizer", list(parameter.rules)):
                _add(space, parameter, own, parameter.name in tune.space)
        else:
            _add(space, parameter, own, parameter.name in tune.space)
    return space


def values_of(config: Network, space: keras_tuner.HyperParameters | None = None) -> dict[str, Any]:
    """A configuration as a point of a space, by default of the one around it; its values may lie out of the ranges."""
    values: dict[str, Any] = {}
    for hp in (space or declare(config)).space:
        if all(condition.is_active(values) for condition in hp.conditions):
            values[hp.name] = _read(config, Parameter(hp.name, ()))
    return values


def defaults_of(space: keras_tuner.HyperParameters) -> dict[str, Any]:
    """The point with every setting's default."""
    values: dict[str, Any] = {}
    for hp in space.space:
        if all(condition.is_active(values) for condition in hp.conditions):
            values[hp.name] = hp.default
    return values


def configured(config: Config, values: Point) -> Config:
    """The configuration with the values of a point put in; what the point does not name stays.

    A rule other than the configured one starts from its own defaults, with the configured schedule and clipping.
    Without mini-batches (`single_sgd`) there is no batch normalization.

    Raises:
        ValidationError: a value is out of the range that a user is held to.
    """
    rule = values.get("optimizer", config.optimizer.name)
    fields = {field_of(name, [rule]): value for name, value in values.items() if name != "optimizer"}
    changed = {name: value for name, value in fields.items() if name in OptimizerConfig.model_fields}
    if "clip_norm" in changed:
        changed["clip_norm"] = changed["clip_norm"] or None
    kept = None if rule == config.optimizer.name else {"schedule", "clip_norm", "clip_value"}
    optimizer = {"name": rule, **config.optimizer.model_dump(include=kept), **changed}
    rest = {name: value for name, value in fields.items() if name not in OptimizerConfig.model_fields}
    if "units" in rest:
        rest["units"] = tuple(int(part) for part in rest["units"].split("-"))
    if rule == "single_sgd":
        rest.setdefault("batch_normalization", False if isinstance(config.batch_normalization, bool) else "off")
    changes = {**config.model_dump(), **rest, "optimizer": optimizer}
    return cast("Config", type(config).model_validate(changes))


def gridded(space: keras_tuner.HyperParameters, points: int) -> keras_tuner.HyperParameters:
    """The space with `points` values in the place of each range.

    They lie evenly on the range's scale from end to end, the one nearest to the default moved onto it, so that the
    defaults are a point of the grid.
    """
    grid = keras_tuner.HyperParameters()
    for hp in space.space:
        if isinstance(hp, kinds.Float):
            own = hp.value_to_prob(hp.default)
            places = [i / (points - 1) for i in range(points)] if points > 1 else [own]
            nearest = min(range(points), key=lambda i: abs(places[i] - own))
            values = [hp.default if i == nearest else hp.prob_to_value(place) for i, place in enumerate(places)]
            hp = kinds.Choice(hp.name, values, default=hp.default, conditions=hp.conditions)
        grid.merge([hp])
    return grid


def _read(config: Network, parameter: Parameter) -> Any:
    field = field_of(parameter.name, list(RULES))
    if field == "optimizer":
        return config.optimizer.name
    if field == "units":
        return "-".join(str(units) for units in config.units)
    value = getattr(config.optimizer if field in OptimizerConfig.model_fields else config, field)
    return 0.0 if value is None else value


def _add(space: keras_tuner.HyperParameters, parameter: Parameter, own: Any, given: bool) -> None:
    """Declare a setting; `own` is the configured value, which a range of the project's is widened to hold."""
    values = parameter.values
    if isinstance(values, Interval):
        low, high = values.low, values.high
        if own is not None and not given:
            low, high = min(low, own), max(high, own)
        middle = (low * high) ** 0.5 if values.logarithmic else (low + high) / 2
        default = middle if own is None else min(max(own, low), high)
        sampling = "log" if values.logarithmic else "linear"
        space.Float(parameter.name, low, high, sampling=sampling, default=default)
        return
    if own is not None and not given:
        values = tuple(dict.fromkeys((*values, own)))
    default = own if own in values else values[0]
    if len(values) == 1:
        space.Fixed(parameter.name, values[0])
    elif isinstance(default, bool):
        space.Boolean(parameter.name, default=default)
    else:
        space.Choice(parameter.name, list(values), default=default)


def _check(config: Network, parameter: Parameter, given: bool) -> None:
    """Hold a user's range to what the configuration takes."""
    if not given:
        return
    values = parameter.values
    for value in (values.low, values.high) if isinstance(values, Interval) else values:
        point = {parameter.name: value} | ({"optimizer": parameter.rules[0]} if parameter.rules else {})
        try:
            if parameter.name == "units" and not re.fullmatch(r"[1-9]\d*(-[1-9]\d*)*", value):
                raise InputError('should be units of the blocks such as "64-32"')
            configured(config, point)
        except ValidationError as error:
            rule = error.errors()[0]["msg"].replace("Input should", "should")
            raise InputError(f"`tune.space.{parameter.name}` {rule}. Received: {value!r}") from None
        except InputError as error:
            raise InputError(f"`tune.space.{parameter.name}` {error}. Received: {value!r}") from None
