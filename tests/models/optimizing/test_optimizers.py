"""Every rule does what was published, step by step, within bounds that hold together."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.config import RULES, OptimizerConfig, ScheduleConfig
from models.optimizing.optimizers import make_optimizer

Floats = npt.NDArray[np.float64]

SLOPES = hnp.arrays(np.float64, (6, 2), elements=st.floats(-3.0, 3.0))


def configs(name: str) -> st.SearchStrategy[OptimizerConfig]:
    share = st.floats(0.5, 0.984375, width=32)  # float32, as Keras has them
    drawn = {
        "learning_rate": st.floats(2.0**-10, 2.0, width=32),
        "rho": share,
        "momentum": share,
        "beta_1": share,
        "beta_2": share,
        "epsilon": st.sampled_from([1e-8, 1e-6, 1e-3]),
    }
    return st.fixed_dictionaries(drawn).map(lambda values: OptimizerConfig.model_validate({"name": name, **values}))


def steepest(c: OptimizerConfig, slopes: Floats) -> Floats:
    """Cauchy: x ← x − η g."""
    return -c.learning_rate * np.cumsum(slopes, axis=0)


def heavy_ball(c: OptimizerConfig, slopes: Floats) -> Floats:
    """Polyak, equation 9: x ← x − η g + μ (x − the x before)."""
    x = [np.zeros(2), np.zeros(2)]
    for g in slopes:
        x.append(x[-1] - c.learning_rate * g + c.momentum * (x[-1] - x[-2]))
    return np.array(x[2:])


def nesterov(c: OptimizerConfig, slopes: Floats) -> Floats:
    """Sutskever et al., equations 3 and 4: v ← μ v − η ∇f(θ + μ v), θ ← θ + v; told are the points θ + μ v."""
    theta, v, told = np.zeros(2), np.zeros(2), []
    for g in slopes:
        v = c.momentum * v - c.learning_rate * g
        theta = theta + v
        told.append(theta + c.momentum * v)
    return np.array(told)


def adagrad(c: OptimizerConfig, slopes: Floats) -> Floats:
    """Duchi et al., figure 1: H = δ I + diag(‖g₁…ₜ‖₂), x ← x − η H⁻¹ g."""
    norms = np.array([np.linalg.norm(slopes[: step + 1], axis=0) for step in range(len(slopes))])
    return -c.learning_rate * np.cumsum(slopes / (c.epsilon + norms), axis=0)


def rmsprop(c: OptimizerConfig, slopes: Floats) -> Floats:
    """Tieleman & Hinton: MeanSquare ← ρ MeanSquare + (1 − ρ) g², x ← x − η g / √MeanSquare (and ε under it)."""
    x, square, told = np.zeros(2), np.zeros(2), []
    for g in slopes:
        square = c.rho * square + (1 - c.rho) * g**2
        x = x - c.learning_rate * g / np.sqrt(square + c.epsilon)
        told.append(x)
    return np.array(told)


def adadelta_states(c: OptimizerConfig, slopes: Floats) -> tuple[Floats, Floats, Floats]:
    """Zeiler, algorithm 1: positions, E[g²] and E[Δx²] after each step."""
    x, squares, updates, told = np.zeros(2), np.zeros(2), np.zeros(2), []
    for g in slopes:
        squares = c.rho * squares + (1 - c.rho) * g**2
        delta = -np.sqrt(updates + c.epsilon) / np.sqrt(squares + c.epsilon) * g
        updates = c.rho * updates + (1 - c.rho) * delta**2
        x = x + c.learning_rate * delta
        told.append((x, squares, updates))
    positions, first, second = (np.array(part) for part in zip(*told, strict=True))
    return positions, first, second


def adam(c: OptimizerConfig, slopes: Floats) -> Floats:
    """Kingma & Ba, algorithm 1, with ε = ε̂ / √(1 − β₂ᵗ) as the end of section 2 has it."""
    x, m, v, told = np.zeros(2), np.zeros(2), np.zeros(2), []
    for t, g in enumerate(slopes, start=1):
        m = c.beta_1 * m + (1 - c.beta_1) * g
        v = c.beta_2 * v + (1 - c.beta_2) * g**2
        right = 1 - c.beta_2**t
        x = x - c.learning_rate * (m / (1 - c.beta_1**t)) / (np.sqrt(v / right) + c.epsilon / np.sqrt(right))
        told.append(x)
    return np.array(told)


PUBLISHED: dict[str, Callable[[OptimizerConfig, Floats], Floats]] = {
    "gradient_descent": steepest,
    "single_sgd": steepest,
    "sgd": steepest,
    "momentum": heavy_ball,
    "nag": nesterov,
    "adagrad": adagrad,
    "rmsprop": rmsprop,
    "adadelta": lambda c, slopes: adadelta_states(c, slopes)[0],
    "adam": adam,
}


def walk(optimizer: keras.optimizers.Optimizer, slopes: Floats) -> Floats:
    """Positions after each step from the origin; float64, so that only the formula counts."""
    variable, told = keras.Variable(np.zeros(slopes.shape[1]), dtype="float64"), []
    for slope in slopes:
        optimizer.apply([keras.ops.convert_to_tensor(slope)], [variable])
        told.append(np.array(variable))
    return np.array(told)


@pytest.mark.parametrize("name", RULES)
@settings(deadline=None, max_examples=10)
@given(data=st.data(), slopes=SLOPES)
def test_every_rule_takes_the_published_steps(name: str, data: st.DataObject, slopes: Floats) -> None:
    config = data.draw(configs(name))
    np.testing.assert_allclose(walk(make_optimizer(config), slopes), PUBLISHED[name](config, slopes), 2e-5, 1e-12)


@pytest.mark.parametrize("name", RULES)
def test_so_it_does_with_its_defaults(name: str) -> None:
    config = OptimizerConfig.model_validate({"name": name})
    slopes = np.random.default_rng(0).normal(size=(20, 2))
    np.testing.assert_allclose(walk(make_optimizer(config), slopes), PUBLISHED[name](config, slopes), 2e-4)


@settings(deadline=None, max_examples=10)
@given(config=configs("adadelta"), slopes=SLOPES)
def test_adadelta_keeps_the_two_published_averages(config: OptimizerConfig, slopes: Floats) -> None:
    optimizer = make_optimizer(config)
    walk(optimizer, slopes)
    _, squares, updates = adadelta_states(config, slopes)
    kept = {
        end: next(np.array(variable) for variable in optimizer.variables if variable.name.endswith(end))
        for end in ("accumulated_grad", "accumulated_delta_var")
    }
    np.testing.assert_allclose(kept["accumulated_grad"], squares[-1], 1e-5, 1e-12)
    np.testing.assert_allclose(kept["accumulated_delta_var"], updates[-1], 1e-5, 1e-12)


def test_nesterov_reaches_the_minimum_of_a_valley_where_it_takes_its_own_gradients() -> None:
    config, curvature = OptimizerConfig(name="nag", learning_rate=0.05), np.array([1.0, 10.0])
    variable = keras.Variable(np.array([1.0, -1.0]), dtype="float64")
    optimizer, theta, v = make_optimizer(config), np.array([1.0, -1.0]), np.zeros(2)
    for _ in range(300):
        v = config.momentum * v - config.learning_rate * curvature * (theta + config.momentum * v)
        theta = theta + v
        optimizer.apply([keras.ops.convert_to_tensor(curvature * np.array(variable))], [variable])
    np.testing.assert_allclose(variable, theta + config.momentum * v, rtol=1e-3, atol=1e-9)
    np.testing.assert_allclose(variable, 0.0, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "expected"), [("gradient_descent", 700), ("single_sgd", 1), ("sgd", 32), ("adadelta", 32), ("adam", 32)]
)
def test_the_batch_tells_the_three_plain_rules_apart(name: str, expected: int) -> None:
    assert OptimizerConfig.model_validate({"name": name}).batch(32, 700) == expected


def test_rules_that_share_a_formula_share_their_steps() -> None:
    slopes = np.random.default_rng(0).normal(size=(5, 2))
    first, *others = (
        walk(make_optimizer(OptimizerConfig.model_validate({"name": name, "learning_rate": 0.1})), slopes)
        for name in ("gradient_descent", "single_sgd", "sgd")
    )
    for other in others:
        np.testing.assert_array_equal(other, first)


@settings(deadline=None, max_examples=30)
@given(slopes=SLOPES, value=st.none() | st.floats(0.05, 5.0), norm=st.none() | st.floats(0.05, 5.0))
def test_entries_are_bounded_first_and_then_the_norm(slopes: Floats, value: float | None, norm: float | None) -> None:
    config = OptimizerConfig(name="sgd", learning_rate=1.0, clip_value=value, clip_norm=norm)
    moved = walk(make_optimizer(config), slopes[:1])[0]
    expected = slopes[0] if value is None else np.clip(slopes[0], -value, value)
    if norm is not None:
        expected = expected * min(1.0, norm / max(float(np.linalg.norm(expected)), 1e-30))
    np.testing.assert_allclose(-moved, expected, rtol=1e-5, atol=1e-12)
    assert value is None or (np.abs(moved) <= value * (1 + 1e-6)).all()
    assert norm is None or np.linalg.norm(moved) <= norm * (1 + 1e-5)


def test_the_norm_is_that_of_all_variables_together() -> None:
    variables = [keras.Variable(np.zeros(shape, np.float32)) for shape in (2, (1, 2))]
    optimizer = make_optimizer(OptimizerConfig(name="sgd", learning_rate=1.0, clip_norm=1.0))
    optimizer.apply([keras.ops.full(variable.shape, 4.0) for variable in variables], variables)
    for variable in variables:
        np.testing.assert_allclose(variable, -0.5)  # (4, 4, 4, 4) has norm 8


def test_a_gradient_that_is_no_number_stays_none() -> None:
    optimizer = make_optimizer(OptimizerConfig(name="sgd", clip_norm=1.0, clip_value=1.0))
    assert np.isnan(walk(optimizer, np.array([[np.nan, 1.0]]))[0, 0])


@pytest.mark.parametrize("name", RULES)
def test_an_optimizer_made_from_its_own_settings_takes_the_same_steps(name: str) -> None:
    given_: dict[str, Any] = {"name": name, "clip_norm": 2.0, "clip_value": 1.5}
    schedule = ScheduleConfig(kind="step", warmup=1.0, every=2.0)
    config = OptimizerConfig.model_validate({**given_, "schedule": schedule})
    optimizer = make_optimizer(config, average=5.0, steps_per_epoch=2.0, epochs=3)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    slopes = np.random.default_rng(0).normal(size=(6, 2))
    np.testing.assert_array_equal(walk(again, slopes), walk(optimizer, slopes))
    assert again.use_ema


def test_the_schedule_drives_the_steps() -> None:
    config = OptimizerConfig(name="sgd", learning_rate=1.0, schedule=ScheduleConfig(kind="step", every=1, factor=0.1))
    told = walk(make_optimizer(config, steps_per_epoch=2.0, epochs=2), np.ones((4, 1)))[:, 0]
    np.testing.assert_allclose(np.diff(told, prepend=0.0), [-1.0, -1.0, -0.1, -0.1], rtol=1e-6)


def test_averaging_is_asked_of_the_optimizer_only_over_more_than_a_step() -> None:
    assert not make_optimizer(OptimizerConfig(), average=1.0).use_ema
    assert make_optimizer(OptimizerConfig(), average=100.0).ema_momentum == pytest.approx(0.99)
