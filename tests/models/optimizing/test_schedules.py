"""Learning rates follow their closed forms, from the first step to after the last."""

from math import cos, floor, pi

import keras
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from models.config import ScheduleConfig
from models.optimizing.schedules import make_schedule

STEPS, EPOCHS, RATE = 8, 5, 0.4


def rates(config: ScheduleConfig, steps: list[int]) -> list[float]:
    schedule = make_schedule(RATE, config, STEPS, EPOCHS)
    assert isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule)
    again = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(schedule))
    told = [float(schedule(step)) for step in steps]
    assert told == [float(again(step)) for step in steps]
    return told


def test_a_constant_rate_is_a_plain_number() -> None:
    assert make_schedule(RATE, ScheduleConfig(), STEPS, EPOCHS) == RATE


@given(step=st.integers(0, 100), warmup=st.sampled_from([0.5, 1.0, 2.0]))
def test_warm_up_rises_in_a_straight_line_and_then_stays(step: int, warmup: float) -> None:
    told = rates(ScheduleConfig(warmup=warmup), [step])
    assert told == pytest.approx([RATE * min(1.0, step / (warmup * STEPS))])


@given(step=st.integers(0, 100), every=st.sampled_from([0.25, 1.0, 2.0]), warmup=st.sampled_from([0.0, 0.5, 3.0]))
def test_steps_count_from_the_start_and_go_on_after_the_end(step: int, every: float, warmup: float) -> None:
    told = rates(ScheduleConfig(kind="step", every=every, factor=0.3, warmup=warmup), [step])
    rising = min(1.0, step / (warmup * STEPS)) if warmup else 1.0
    assert told == pytest.approx([rising * RATE * 0.3 ** floor(step / (every * STEPS))], rel=1e-5)


@given(step=st.integers(0, 100), lowest=st.sampled_from([0.0, 0.1, 1.0]), warmup=st.sampled_from([0.0, 0.5, 3.0]))
def test_cosine_falls_to_its_floor_at_the_last_epoch_and_stays(step: int, lowest: float, warmup: float) -> None:
    told = rates(ScheduleConfig(kind="cosine", floor=lowest, warmup=warmup), [step])
    start = warmup * STEPS
    share = min(1.0, (step - start) / (EPOCHS * STEPS - start))
    falling = lowest + (1 - lowest) * (1 + cos(pi * share)) / 2
    assert told == pytest.approx([RATE * (step / start if step < start else falling)], abs=1e-7)


@pytest.mark.parametrize("kind", ["constant", "step", "cosine"])
def test_a_warm_up_as_long_as_the_training_is_refused(kind: str) -> None:
    config = ScheduleConfig.model_validate({"kind": kind, "warmup": EPOCHS})
    with pytest.raises(InputError, match=r"`optimizer.schedule.warmup` should be less than .* 5. Received: 5"):
        make_schedule(RATE, config, STEPS, EPOCHS)
