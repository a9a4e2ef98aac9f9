"""The update rules that a configuration can name."""

from collections.abc import Callable
from typing import Any

import keras

from models.config import OptimizerConfig

_RULES: dict[str, Callable[[OptimizerConfig, dict[str, Any]], keras.optimizers.Optimizer]] = {
    "adadelta": lambda c, rest: keras.optimizers.Adadelta(c.learning_rate, rho=c.rho, epsilon=c.epsilon, **rest),
    "adam": lambda c, rest: keras.optimizers.Adam(c.learning_rate, epsilon=c.epsilon, **rest),
    "sgd": lambda c, rest: keras.optimizers.SGD(c.learning_rate, **rest),
    "momentum": lambda c, rest: keras.optimizers.SGD(c.learning_rate, momentum=c.momentum, **rest),
    "nag": lambda c, rest: keras.optimizers.SGD(c.learning_rate, momentum=c.momentum, nesterov=True, **rest),
    "adagrad": lambda c, rest: keras.optimizers.Adagrad(c.learning_rate, epsilon=c.epsilon, **rest),
    "rmsprop": lambda c, rest: keras.optimizers.RMSprop(c.learning_rate, rho=c.rho, epsilon=c.epsilon, **rest),
}


def make_optimizer(config: OptimizerConfig, average: float = 0.0) -> keras.optimizers.Optimizer:
    """A fresh optimizer.

    Args:
        config: the rule; `clip_norm` bounds the norm of the whole gradient, not of one variable's.
        average: steps over which the weights are averaged exponentially; one or less for none.
    """
    rest: dict[str, Any] = {"global_clipnorm": config.clip_norm}
    if average > 1.0:
        rest |= {"use_ema": True, "ema_momentum": 1.0 - 1.0 / average}
    return _RULES[config.name](config, rest)
