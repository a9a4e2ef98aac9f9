"""The update rules that a configuration can name."""

from typing import Any

import keras

from models.config import OptimizerConfig
from models.optimizing.schedules import make_schedule
from models.optimizing.update_rules import SGD, Adadelta, Adagrad, Adam, RMSprop


def make_optimizer(
    config: OptimizerConfig, average: float = 0.0, steps_per_epoch: float = 1.0, epochs: int = 1
) -> keras.optimizers.Optimizer:
    """A fresh optimizer.

    `gradient_descent`, `single_sgd` and `sgd` are one rule; what tells them apart is the batch
    (`OptimizerConfig.batch`). On TensorFlow Adadelta, AdaGrad and plain SGD update only those rows of an embedding
    table that a batch touched; the other rules go through the whole table.

    Args:
        config: the rule; `clip_value` bounds the entries of the gradient, and then `clip_norm` the norm of the whole
            gradient, not of one variable's (`models.optimizing.clipping`).
        average: steps over which the weights are averaged exponentially; one or less for none.
        steps_per_epoch: updates in an epoch, for the learning rate's schedule.
        epochs: most epochs of the training, likewise.

    Raises:
        InputError: the schedule's warm-up does not end before the training does.
    """
    rest: dict[str, Any] = {"clip_value": config.clip_value, "clip_norm": config.clip_norm}
    if average > 1.0:
        rest |= {"use_ema": True, "ema_momentum": 1.0 - 1.0 / average}
    rate = make_schedule(config.learning_rate, config.schedule, steps_per_epoch, epochs)
    return _rule(config.name)(rate, **_settings(config), **rest)


def _rule(name: str) -> Any:
    if keras.backend.backend() == "tensorflow" and name in ("adadelta", "adagrad"):
        from models.optimizing.row_rules import RowAdadelta, RowAdagrad  # TensorFlow's own kernels

        return RowAdadelta if name == "adadelta" else RowAdagrad
    return {"adadelta": Adadelta, "adagrad": Adagrad, "rmsprop": RMSprop, "adam": Adam}.get(name, SGD)


def _settings(config: OptimizerConfig) -> dict[str, Any]:
    match config.name:
        case "momentum":
            return {"momentum": config.momentum}
        case "nag":
            return {"momentum": config.momentum, "nesterov": True}
        case "adagrad":
            return {"epsilon": config.epsilon}
        case "adadelta" | "rmsprop":
            return {"rho": config.rho, "epsilon": config.epsilon}
        case "adam":
            return {"beta_1": config.beta_1, "beta_2": config.beta_2, "epsilon": config.epsilon}
        case _:
            return {}
