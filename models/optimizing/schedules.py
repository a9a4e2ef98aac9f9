"""How the learning rate changes over the steps of a training."""

from typing import Any

import keras
from keras import ops

from data.errors import InputError
from models.config import ScheduleConfig

Schedule = Any  # a `keras.optimizers.schedules.LearningRateSchedule`


@keras.saving.register_keras_serializable(package="models")
class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """Another schedule, scaled in the first steps by a share that rises in a straight line from 0 to 1."""

    def __init__(self, schedule: Schedule, steps: int) -> None:
        """Reach `schedule` at the 0-based step `steps`."""
        self.schedule, self.steps = schedule, steps

    def __call__(self, step: Any) -> Any:
        """The learning rate of a 0-based step, a float32 scalar."""
        return self.schedule(step) * ops.minimum(1.0, ops.cast(step, "float32") / self.steps)

    def get_config(self) -> dict[str, Any]:
        """Settings to make the schedule from again."""
        return {"schedule": keras.optimizers.schedules.serialize(self.schedule), "steps": self.steps}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "WarmUp":
        """The schedule of such settings."""
        return cls(keras.optimizers.schedules.deserialize(config["schedule"]), config["steps"])


def make_schedule(rate: float, config: ScheduleConfig, steps_per_epoch: float, epochs: int) -> float | Schedule:
    """The learning rate, as Keras's optimizers take it.

    With e epochs passed (steps over `steps_per_epoch`) and w epochs of warm-up the rate is
    `constant`: rate · min(1, e / w),
    `step`: rate · factor^⌊e / every⌋ · min(1, e / w), epochs counted from the start, warm-up included,
    `cosine` (Loshchilov & Hutter 2017, arXiv:1608.03983): rate · e / w while e < w, then
    rate · (floor + (1 − floor) · (1 + cos(π · min(1, (e − w) / (epochs − w)))) / 2).
    Durations are rounded to whole steps, at least one.

    Args:
        rate: the learning rate that the schedule starts from.
        config: its form.
        steps_per_epoch: updates in an epoch.
        epochs: most epochs of the training; at their end `cosine` is at its floor and stays there.

    Returns:
        A plain float where the rate never changes, else a serializable schedule.

    Raises:
        InputError: the warm-up does not end before the training does.
    """
    if config.warmup >= epochs and config.warmup > 0.0:
        raise InputError(
            f"`optimizer.schedule.warmup` should be less than the epochs of the training, {epochs}. "
            f"Received: {config.warmup:g}"
        )
    warm = _steps(config.warmup, steps_per_epoch) if config.warmup else 0
    match config.kind:
        case "cosine":
            rest = max(1, round(epochs * steps_per_epoch) - warm)
            start = {"warmup_target": rate, "warmup_steps": warm} if warm else {}
            return keras.optimizers.schedules.CosineDecay(0.0 if warm else rate, rest, alpha=config.floor, **start)
        case "step":
            every = _steps(config.every, steps_per_epoch)
            steps = keras.optimizers.schedules.ExponentialDecay(rate, every, config.factor, staircase=True)
            return WarmUp(steps, warm) if warm else steps
        case _:
            return keras.optimizers.schedules.PolynomialDecay(0.0, warm, end_learning_rate=rate) if warm else rate


def _steps(epochs: float, steps_per_epoch: float) -> int:
    return max(1, round(epochs * steps_per_epoch))
