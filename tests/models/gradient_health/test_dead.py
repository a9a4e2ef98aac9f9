"""A unit is dead where its activation is flat for every row."""

import keras
import numpy as np
import pytest

from models.blocks import block
from models.config import AbandonmentConfig
from models.gradient_health.dead import DeadUnits

ROWS = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)


def network(config: AbandonmentConfig) -> keras.Model:
    keras.utils.set_random_seed(1)  # by chance a unit may be dead from the start
    inputs = keras.Input((4,))
    hidden = inputs
    for number, units in enumerate(config.units):
        hidden = block(hidden, units, number, config)
    return keras.Model(inputs, keras.layers.Dense(1, name="logit")(hidden))


@pytest.mark.parametrize(
    ("activation", "killing", "place", "residual"),
    [
        ("relu", -50.0, "after", False),
        ("relu", -50.0, "before", True),
        ("elu", -50.0, "off", True),
        ("selu", -50.0, "off", False),
        ("tanh", 50.0, "before", False),
        ("sigmoid", -50.0, "after", True),
    ],
)
def test_the_share_is_that_of_the_units_pushed_to_where_the_activation_is_flat(
    activation: str, killing: float, place: str, residual: bool
) -> None:
    config = AbandonmentConfig.model_validate(
        {"units": (8, 5), "activation": activation, "batch_normalization": place, "residual": residual}
    )
    model = network(config)
    shift = model.get_layer("batch_normalization_0").beta if place == "before" else model.get_layer("dense_0").bias
    shift.assign([killing] * 3 + [0.0] * 5)
    assert DeadUnits(model, ROWS)() == {"dense_0": pytest.approx(3 / 8), "dense_1": 0.0}


def test_a_unit_that_one_row_moves_is_alive() -> None:
    model = network(AbandonmentConfig(units=(1,), batch_normalization="off"))
    model.get_layer("dense_0").set_weights([np.ones((4, 1)), np.array([-5.0])])
    still = np.zeros((6, 4), np.float32)
    assert DeadUnits(model, still)() == {"dense_0": 1.0}
    still[3] = 2.0
    assert DeadUnits(model, still)() == {"dense_0": 0.0}


def test_an_activation_that_is_never_flat_has_no_share() -> None:
    model = network(AbandonmentConfig(units=(4,), activation="leaky_relu"))
    assert DeadUnits(model, ROWS)() == {}
