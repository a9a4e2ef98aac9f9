"""A configuration's optimizer is the one it names."""

import keras
import numpy as np
import pytest

from models.config import OptimizerConfig
from models.optimizers import make_optimizer


def step(optimizer: keras.optimizers.Optimizer, start: float, gradient: float, steps: int = 1) -> float:
    variable = keras.Variable(np.array([start], np.float32))
    optimizer.build([variable])
    for _ in range(steps):
        optimizer.apply_gradients([(keras.ops.convert_to_tensor([gradient], "float32"), variable)])
    return float(keras.ops.convert_to_numpy(variable)[0])


def test_adadelta_is_the_published_one() -> None:
    rho, epsilon, gradient = 0.9, 1e-6, 0.7
    position = squares = updates = 0.0
    for _ in range(3):
        squares = rho * squares + (1 - rho) * gradient**2
        update = -np.sqrt(updates + epsilon) / np.sqrt(squares + epsilon) * gradient
        updates = rho * updates + (1 - rho) * update**2
        position += update
    ours = step(make_optimizer(OptimizerConfig(rho=rho, epsilon=epsilon)), 0.0, gradient, steps=3)
    assert ours == pytest.approx(position, rel=1e-4)


def test_momentum_and_nesterov_differ_from_plain_steps() -> None:
    moved = {
        name: step(make_optimizer(OptimizerConfig(name=name, learning_rate=0.1)), 0.0, 1.0, steps=2)
        for name in ("sgd", "momentum", "nag")
    }
    # v ← 0.9 v − 0.1 g: −0.1 then −0.19; Nesterov looks one step ahead: −0.19 then −0.271.
    assert moved == pytest.approx({"sgd": -0.2, "momentum": -0.29, "nag": -0.461})


def test_the_norm_of_the_whole_gradient_is_bounded() -> None:
    moved = step(make_optimizer(OptimizerConfig(name="sgd", learning_rate=1.0, clip_norm=0.5)), 0.0, 100.0)
    assert moved == pytest.approx(-0.5)


@pytest.mark.parametrize("name", ["adadelta", "adam", "sgd", "momentum", "nag", "adagrad", "rmsprop"])
def test_every_rule_moves_against_the_gradient(name: str) -> None:
    config = OptimizerConfig.model_validate({"name": name, "learning_rate": 0.1})
    assert step(make_optimizer(config), 1.0, 2.0) < 1.0


def test_averaging_is_asked_of_the_optimizer_only_over_more_than_a_step() -> None:
    assert not make_optimizer(OptimizerConfig(), average=1.0).use_ema
    assert make_optimizer(OptimizerConfig(), average=100.0).ema_momentum == pytest.approx(0.99)
