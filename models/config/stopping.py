"""Configuration of early stopping."""

from typing import Literal

from pydantic import Field, PositiveInt

from data.strict import StrictModel


class EarlyStopping(StrictModel):
    """When to stop training before `epochs` is reached."""

    monitor: Literal["val_auc", "val_loss"] = "val_loss"
    """Metric watched after each epoch; its direction is derived from its name."""

    patience: PositiveInt = 6
    """Epochs without improvement to wait for before stopping."""

    min_delta: float = Field(default=0.0, ge=0.0)
    """Least change that counts as an improvement."""

    restore_best: bool = True
    """Whether the model gets the best epoch's weights back; else it keeps the last one's."""
