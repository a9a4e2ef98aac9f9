"""Configuration of the multi-task networks."""

from typing import Self

from pydantic import Field, PositiveInt, model_validator

from data.errors import InputError
from data.strict import StrictModel
from models.config.optimizer import OptimizerConfig
from models.config.stopping import EarlyStopping


class MultiTaskConfig(StrictModel):
    """Networks that read a session's events for two tasks at once, which item comes next and whether the cart is left.

    They are measured beside the abandonment model, alone and together with it; the rescue list does not use them.
    """

    enabled: bool = False
    """Whether to train and measure them. Needs an event source and both models."""

    weight: float = Field(default=0.1, gt=0.0)
    """Weight of the next-item loss in the joint loss; that of the abandonment loss is 1. A network without the
    next-item task is always measured too."""

    units: PositiveInt = 32
    """Units of the abandonment head's hidden layer."""

    dropout: float = Field(default=0.4, ge=0.0, lt=1.0)
    """Share dropped in training of what enters that layer, and of what leaves it."""

    input_dropout: float = Field(default=0.3, ge=0.0, lt=1.0)
    """Share of the entries of the events' vectors dropped in training, before the encoder."""

    optimizer: OptimizerConfig = OptimizerConfig()
    """How the weights are updated; `gradient_descent` and `single_sgd` are for the abandonment model alone."""

    batch_size: PositiveInt = 256
    """Examples in a training step; `recommender.batch_size` says how many next items go with them."""

    epochs: PositiveInt = 30
    """Most passes over the training examples."""

    early_stopping: EarlyStopping = EarlyStopping(patience=4)
    """When to stop before that, by abandonment on the validation examples."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        self.early_stopping.check("multi_task", without="val_accuracy")
        if self.optimizer.name in ("gradient_descent", "single_sgd"):
            raise InputError(
                "`multi_task.optimizer.name` should be an update rule for batches (sgd, momentum, nag, adagrad, "
                f"rmsprop, adadelta, adam). Received: {self.optimizer.name}"
            )
        return self
