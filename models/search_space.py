"""Which settings of the abandonment model a search tries."""

from typing import Any

import keras_tuner

from models.config import AbandonmentConfig

UNITS = ("32", "64", "128", "32-16", "64-32", "128-64", "128-64-32", "256-128")
ACTIVATIONS = ("relu", "elu", "tanh")
BATCH_NORMALIZATION = ("after", "before", "off")
BATCH_SIZES = (128, 256, 512, 1024)
PENALTIES = (0.0, 1e-6, 1e-5, 1e-4, 1e-3)
RHOS = (0.9, 0.95, 0.99)
MOMENTA = (0.8, 0.9, 0.95, 0.99)


def declare(config: AbandonmentConfig) -> keras_tuner.HyperParameters:
    """The space around a configuration; its own values are always part of it, as the defaults.

    The learning rate is drawn from a tenth of the configured one to three times it, evenly on a logarithmic scale;
    ρ only for rules that have it, momentum likewise. The update rule itself stays as configured.
    """
    own = values_of(config)
    space = keras_tuner.HyperParameters()
    _choice(space, "units", UNITS, own)
    _choice(space, "activation", ACTIVATIONS, own)
    _choice(space, "batch_normalization", BATCH_NORMALIZATION, own)
    space.Float("dropout", 0.0, max(0.6, own["dropout"]), default=own["dropout"])
    _choice(space, "l2", PENALTIES, own)
    _choice(space, "batch_size", BATCH_SIZES, own)
    rate = own["learning_rate"]
    space.Float("learning_rate", rate / 10, rate * 3, sampling="log", default=rate)
    if "rho" in own:
        _choice(space, "rho", RHOS, own)
    if "momentum" in own:
        _choice(space, "momentum", MOMENTA, own)
    return space


def values_of(config: AbandonmentConfig) -> dict[str, Any]:
    """A configuration as a point of the space."""
    values: dict[str, Any] = {
        "units": "-".join(str(units) for units in config.units),
        "activation": config.activation,
        "batch_normalization": config.batch_normalization,
        "dropout": config.dropout,
        "l2": config.l2,
        "batch_size": config.batch_size,
        "learning_rate": config.optimizer.learning_rate,
    }
    if config.optimizer.name in ("adadelta", "rmsprop"):
        values["rho"] = config.optimizer.rho
    if config.optimizer.name in ("momentum", "nag"):
        values["momentum"] = config.optimizer.momentum
    return values


def configured(config: AbandonmentConfig, values: dict[str, Any]) -> AbandonmentConfig:
    """The configuration with the values of a point of the space put in."""
    optimizer: dict[str, Any] = {name: values[name] for name in ("learning_rate", "rho", "momentum") if name in values}
    rest = {name: value for name, value in values.items() if name not in optimizer and name != "units"}
    units = tuple(int(part) for part in values["units"].split("-"))
    changed = config.optimizer.model_copy(update=optimizer)
    # Validated again, so that no search can leave the ranges a user is held to.
    return AbandonmentConfig.model_validate(
        config.model_copy(update={**rest, "units": units, "optimizer": changed}).model_dump()
    )


def _choice(space: keras_tuner.HyperParameters, name: str, values: tuple[Any, ...], own: dict[str, Any]) -> None:
    space.Choice(name, list(dict.fromkeys((*values, own[name]))), default=own[name])
