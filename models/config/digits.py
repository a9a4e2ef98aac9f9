"""Configuration of the digit classifier."""

from typing import Literal, Self

from pydantic import Field, PositiveInt, model_validator

from data.errors import InputError
from data.strict import StrictModel
from models.config.optimizer import OptimizerConfig
from models.config.stopping import EarlyStopping


class DigitsConfig(StrictModel):
    """The network that tells handwritten digits apart: blocks of Dense, BatchNormalization, activation, Dropout."""

    units: tuple[PositiveInt, ...] = Field(default=(512,), min_length=1)
    """Units of each hidden block."""

    activation: Literal["relu", "leaky_relu", "elu", "selu", "tanh", "sigmoid"] = "relu"
    """Activation of the hidden blocks."""

    batch_normalization: bool = False
    """Batch normalization before each activation, where Ioffe & Szegedy 2015 put it."""

    dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Share of a block's outputs dropped in training."""

    l2: float = Field(default=0.0, ge=0.0)
    """L2 penalty on the dense kernels."""

    optimizer: OptimizerConfig = OptimizerConfig()
    """How the weights are updated."""

    batch_size: PositiveInt = 128
    """Images in a training step."""

    epochs: PositiveInt = 20
    """Most passes over the training images."""

    early_stopping: EarlyStopping = EarlyStopping()
    """When to stop before that."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        self.early_stopping.check("digits", without="val_auc")
        if self.optimizer.name == "single_sgd" and self.batch_normalization:
            raise InputError(
                "`digits.batch_normalization` should be false where `digits.optimizer.name` is single_sgd: a batch of "
                f"one image has no variance. Received: {str(self.batch_normalization).lower()}"
            )
        return self
