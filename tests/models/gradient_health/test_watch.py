"""What is recorded equals what NumPy says of the same steps."""

import math

import keras
import numpy as np
import numpy.typing as npt
import pytest

from models.config import RULES, OptimizerConfig
from models.gradient_health import GradientWatch
from models.optimizing.optimizers import make_optimizer
from tests.conftest import on_jax

RATE, BATCH = 0.1, 4
X = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
Y = (X @ np.array([[1.0], [-2.0], [0.5]]) + 0.3).astype(np.float32)
START = [np.array([[0.5], [0.2], [-0.4]], np.float32), np.array([0.1], np.float32)]


def watched(optimizer: keras.optimizers.Optimizer) -> tuple[keras.Model, GradientWatch]:
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(1, name="line")(inputs))
    model.set_weights(START)
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, "mse", steps_per_execution=2)
    return model, GradientWatch(model)


def by_hand(epochs: int) -> list[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """Gradient norms and update ratios of each epoch's steps of plain gradient descent on the squared error."""
    weights, found = np.append(*START).astype(np.float64), []
    rows = np.column_stack([X, np.ones(len(X))]).astype(np.float64)
    for _ in range(epochs):
        norms, ratios = [], []
        for start in range(0, len(X), BATCH):
            part = slice(start, start + BATCH)
            gradient = 2 / BATCH * rows[part].T @ (rows[part] @ weights - Y[part, 0])
            norms.append(np.linalg.norm(gradient))
            ratios.append(np.linalg.norm(RATE * gradient) / np.linalg.norm(weights))
            weights -= RATE * gradient
        found.append((np.array(norms), np.array(ratios)))
    return found


def one_epoch(model: keras.Model) -> None:
    model.fit(X, Y, batch_size=BATCH, shuffle=False, verbose=0)


@pytest.mark.parametrize("average", [0.0, 10.0])
def test_norms_and_update_ratio_of_a_linear_model_are_those_of_numpy(average: float) -> None:
    model, watch = watched(make_optimizer(OptimizerConfig(name="sgd", learning_rate=RATE), average))
    for norms, ratios in by_hand(3):
        own = model.get_weights()
        watch.start_epoch()
        one_epoch(model)
        health = watch.read()["line"]
        assert health.gradient_norm == pytest.approx(norms.mean(), rel=1e-5)
        assert health.gradient_peak == pytest.approx(norms.max(), rel=1e-5)
        assert health.gradient_start == pytest.approx(norms[0], rel=1e-5)
        assert health.update_ratio == pytest.approx(ratios.mean(), rel=1e-5)
        assert health.dead is None
        if average:  # the epoch ended with the average in the place of the weights; only the first is compared
            assert not np.allclose(own[0], model.get_weights()[0])
            break


def test_the_norm_is_that_before_clipping_and_the_update_that_after() -> None:
    bound = OptimizerConfig(name="sgd", learning_rate=RATE, clip_norm=1e-3)
    model, watch = watched(make_optimizer(bound))
    watch.start_epoch()
    model.fit(X[:BATCH], Y[:BATCH], batch_size=BATCH, shuffle=False, verbose=0)
    health = watch.read()["line"]
    assert health.gradient_norm == pytest.approx(by_hand(1)[0][0][0], rel=1e-5)
    assert health.update_ratio == pytest.approx(RATE * 1e-3 / np.linalg.norm(np.append(*START)), rel=1e-3)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_watched_and_moves_the_weights_as_unwatched(rule: str) -> None:
    found = []
    for watching in (False, True):
        inputs = keras.Input((3,))
        model = keras.Model(inputs, keras.layers.Dense(1, name="line")(inputs))
        model.set_weights(START)
        optimizer = make_optimizer(OptimizerConfig.model_validate({"name": rule, "learning_rate": 0.05}))
        optimizer.build(model.trainable_variables)
        model.compile(optimizer, "mse", run_eagerly=True)
        if watching:
            watch = GradientWatch(model)
        one_epoch(model)
        found.append(model.get_weights()[0])
    np.testing.assert_array_equal(*found)
    assert watch.read()["line"].update_ratio > 0.0


def test_a_step_that_is_not_finite_shows_and_hides_nothing_of_those_before() -> None:
    model, watch = watched(make_optimizer(OptimizerConfig(name="sgd", learning_rate=RATE)))
    spoilt = Y.copy()
    spoilt[-1] = np.inf
    watch.start_epoch()
    model.fit(X, spoilt, batch_size=BATCH, shuffle=False, verbose=0)
    health, (norms, ratios) = watch.read()["line"], by_hand(1)[0]
    assert math.isnan(health.gradient_norm)
    assert health.gradient_peak == pytest.approx(norms[:2].max(), rel=1e-5)
    assert health.update_ratio == pytest.approx(ratios[:2].mean(), rel=1e-5)


def test_layers_come_in_order_and_embedding_tables_are_left_out() -> None:
    inputs = keras.Input((2,), dtype="int32")
    hidden = keras.layers.Flatten()(keras.layers.Embedding(5, 4, name="table")(inputs))
    hidden = keras.layers.BatchNormalization(name="two")(keras.layers.Dense(3, name="one")(hidden))
    model = keras.Model(inputs, keras.layers.Dense(1, name="three")(hidden))
    optimizer = make_optimizer(OptimizerConfig())
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, "mse", run_eagerly=True)
    watch = GradientWatch(model)
    assert watch.sizes == {"one": 27, "two": 6, "three": 4}
    model.fit(np.array([[0, 1], [2, 3]]), np.ones((2, 1)), verbose=0)
    assert all(health.gradient_norm > 0 for health in watch.read().values())
    names = ("gradient_norm", "gradient_peak", "update_ratio")
    assert list(watch.metrics()) == [f"{n}/{layer}" for n in names for layer in watch.sizes] + ["gradient_start"]


SCRIPT = """
import json, sys
from tests.models.gradient_health import test_watch as tests
from models.config import OptimizerConfig
from models.optimizing.optimizers import make_optimizer
model, watch = tests.watched(make_optimizer(OptimizerConfig(name="sgd", learning_rate=tests.RATE)))
watch.start_epoch()
tests.one_epoch(model)
print(json.dumps({"backend": tests.keras.backend.backend(), **vars(watch.read()["line"])}))
"""


def test_on_jax_the_same_is_recorded() -> None:
    said, (norms, ratios) = on_jax(SCRIPT), by_hand(1)[0]
    assert said["backend"] == "jax"
    assert said["gradient_norm"] == pytest.approx(norms.mean(), rel=1e-5)
    assert said["gradient_peak"] == pytest.approx(norms.max(), rel=1e-5)
    assert said["update_ratio"] == pytest.approx(ratios.mean(), rel=1e-5)
