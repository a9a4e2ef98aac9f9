"""Configuration of early stopping."""

from typing import Literal

from pydantic import Field, PositiveInt

from data.errors import InputError
from data.strict import StrictModel


class EarlyStopping(StrictModel):
    """When to stop training before `epochs` is reached."""

    monitor: Literal["val_auc", "val_loss", "val_accuracy"] = "val_loss"
    """Metric watched after each epoch; its direction is derived from its name. The abandonment model and the multi-task
    networks have `val_auc`, the digit classifier `val_accuracy`."""

    patience: PositiveInt = 6
    """Epochs without improvement to wait for before stopping."""

    min_delta: float = Field(default=0.0, ge=0.0)
    """Least change that counts as an improvement."""

    restore_best: bool = True
    """Whether the model gets the best epoch's weights back; else it keeps the last one's."""

    def check(self, section: str, without: str) -> None:
        """Refuse a metric that the model of a section does not have.

        Raises:
            InputError: it is the one monitored.
        """
        if self.monitor == without:
            known = " or ".join(name for name in ("val_loss", "val_auc", "val_accuracy") if name != without)
            raise InputError(f"`{section}.early_stopping.monitor` should be {known}. Received: {without}")
