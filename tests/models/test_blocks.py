"""Every setting of the network's form does what it says, and none of them touches a network that leaves it alone."""

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from models import blocks
from models.abandonment import build_abandonment, core, encode
from models.artifacts import load_model, save_model
from models.config import AbandonmentConfig
from tests.models.tables import carts

TRAIN = carts(400, 1)


def body(**settings: Any) -> keras.Model:
    keras.utils.set_random_seed(0)
    return core(build_abandonment(TRAIN, AbandonmentConfig.model_validate(settings)))


def scaled(columns: np.ndarray, rows: np.ndarray, kind: str) -> np.ndarray:
    inputs = keras.Input((columns.shape[1],))
    config = AbandonmentConfig.model_validate({"input_normalization": kind})
    model = keras.Model(inputs, blocks.scaled(inputs, columns, config))
    return np.asarray(model(rows.astype(np.float32)))


def names(model: keras.Model) -> list[str]:
    return [layer.name for layer in model.layers]


def test_the_default_network_has_the_layers_it_always_had() -> None:
    block = ("dense", "activation", "batch_normalization", "dropout")
    hidden = [f"{layer}_{number}" for number in (0, 1) for layer in block]
    assert names(body()) == ["encoded", "normalization", *hidden, "logit", "calibration", "probability"]


@given(
    columns=arrays(np.float32, (7, 3), elements=st.floats(-1e3, 1e3, width=32)).filter(
        lambda columns: (np.ptp(columns, axis=0) > 1e-3).all()
    )
)
def test_min_max_puts_the_training_examples_between_0_and_1(columns: np.ndarray) -> None:
    found = scaled(columns, columns, "min_max")
    assert_allclose(found.min(axis=0), 0.0, atol=1e-6)
    assert_allclose(found.max(axis=0), 1.0, atol=1e-6)
    low, high = columns.min(axis=0).astype(np.float64), columns.max(axis=0).astype(np.float64)
    assert_allclose(found, (columns - low) / (high - low), atol=1e-5)


@pytest.mark.parametrize("kind", ["min_max", "standardize"])
def test_a_column_that_never_varied_becomes_0_and_stays_finite_where_it_varies_later(kind: str) -> None:
    columns = np.array([[5.0, 1.0], [5.0, 3.0]], np.float32)
    assert_allclose(scaled(columns, columns, kind)[:, 0], 0.0)
    assert_allclose(scaled(columns, np.array([[7.0, 2.0]]), kind)[0, 0], 2.0)


def test_standardized_inputs_have_mean_0_and_deviation_1_and_unscaled_ones_are_as_they_are() -> None:
    columns = np.random.default_rng(0).normal(4.0, 3.0, (500, 4)).astype(np.float32)
    found = scaled(columns, columns, "standardize")
    assert_allclose(found.mean(axis=0), 0.0, atol=1e-5)
    assert_allclose(found.std(axis=0), 1.0, atol=1e-5)
    config = AbandonmentConfig(input_normalization="off")
    inputs = keras.Input((4,))
    assert blocks.scaled(inputs, columns, config) is inputs
    assert "normalization" not in names(core(build_abandonment(TRAIN, config)))


def test_leaky_relu_in_pieces_is_that_of_keras() -> None:
    rows = np.linspace(-3.0, 3.0, 31, dtype=np.float32)[:, None]
    assert_allclose(blocks.SplitLeakyReLU()(rows), keras.layers.LeakyReLU()(rows), rtol=1e-6)
    assert_allclose(blocks.SplitLeakyReLU(0.1)(rows), np.where(rows > 0, rows, 0.1 * rows), rtol=1e-6)


ALL = {
    "input_normalization": "min_max",
    "activation": "leaky_relu",
    "initializer": "orthogonal",
    "batch_normalization": "before",
    "batch_normalization_axis": 1,
    "gamma_initializer": "random_normal",
    "l1": 1e-4,
    "l2": 1e-3,
    "input_noise": 0.2,
    "hidden_noise": 0.3,
    "residual": True,
}


def test_a_saved_network_with_everything_on_says_the_same(tmp_path: Any) -> None:
    model = build_abandonment(TRAIN, AbandonmentConfig.model_validate(ALL))
    save_model(model, tmp_path / "model.keras")
    loaded, encoded = load_model(tmp_path / "model.keras"), encode(model, TRAIN)
    assert_array_equal(core(model)(encoded), core(loaded)(encoded))


@pytest.mark.parametrize(
    ("activation", "start"),
    [
        *((one, "HeNormal") for one in ("relu", "leaky_relu", "elu")),
        ("selu", "LecunNormal"),
        *((one, "GlorotUniform") for one in ("tanh", "sigmoid")),
    ],
)
def test_kernels_start_as_their_activation_asks(activation: str, start: str) -> None:
    model = body(activation=activation)
    assert type(model.get_layer("dense_1").kernel_initializer).__name__ == start
    assert type(model.get_layer("logit").kernel_initializer).__name__ == "GlorotUniform"
    asked = body(activation=activation, initializer="random_normal", residual=True)
    for name in ("dense_0", "dense_1", "logit", "projection_0"):
        assert type(asked.get_layer(name).kernel_initializer).__name__ == "RandomNormal"


def test_a_kernel_of_he_normal_has_its_deviation() -> None:
    kernel = body(units=(2000,)).get_layer("dense_0").kernel
    assert np.asarray(kernel).std() == pytest.approx(np.sqrt(2 / kernel.shape[0]), rel=0.03)


def test_batch_normalization_takes_its_settings() -> None:
    settings = {"batch_normalization_momentum": 0.5, "batch_normalization_epsilon": 0.1, "units": (4,)}
    starts = {"gamma_initializer": "zeros", "beta_initializer": "ones", "dropout": 0.0}
    layer = body(**settings, **starts).get_layer("batch_normalization_0")
    rows = np.random.default_rng(0).normal(3.0, 2.0, (50, 4)).astype(np.float32)
    assert_allclose(layer(rows, training=True), 1.0)  # scales of 0, shifts of 1
    assert_allclose(layer.moving_mean, 0.5 * rows.mean(axis=0), rtol=1e-5)
    layer.gamma.assign(np.ones(4))
    expected = (rows - rows.mean(axis=0)) / np.sqrt(rows.var(axis=0) + 0.1) + 1.0
    assert_allclose(layer(rows, training=True), expected, atol=1e-4)


def test_the_axis_of_the_features_is_the_same_from_either_end() -> None:
    one, two = (body(batch_normalization_axis=axis) for axis in (-1, 1))
    rows = np.random.default_rng(0).normal(size=(20, one.input_shape[1])).astype(np.float32)
    assert_allclose(one(rows), two(rows), atol=1e-6)


@pytest.mark.parametrize(("l1", "l2"), [(0.0, 0.0), (0.01, 0.0), (0.0, 0.02), (0.01, 0.02)])
def test_penalties_are_those_of_the_dense_kernels(l1: float, l2: float) -> None:
    model = body(l1=l1, l2=l2)
    kernels = [np.asarray(model.get_layer(name).kernel) for name in ("dense_0", "dense_1", "logit")]
    expected = sum(l1 * np.abs(kernel).sum() + l2 * (kernel**2).sum() for kernel in kernels)
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)


def test_noise_is_there_in_training_alone_and_of_the_size_asked_for() -> None:
    quiet = {"batch_normalization": "off", "dropout": 0.0}
    plain, noisy = body(**quiet), body(**quiet, input_noise=0.2, hidden_noise=0.3)
    noise = [layer for layer in names(noisy) if "noise" in layer]
    assert noise == ["input_noise", "noise_0", "noise_1"]
    for mine, other in zip(noisy.trainable_weights, plain.trainable_weights, strict=True):
        mine.assign(other)
    rows = np.random.default_rng(0).normal(size=(100, plain.input_shape[1])).astype(np.float32)
    assert_array_equal(noisy(rows, training=False), plain(rows))
    assert (np.asarray(noisy(rows, training=True)) != np.asarray(plain(rows))).any()
    for name, size in (("input_noise", 0.2), ("noise_0", 0.3)):
        wide = np.zeros((200, 200), np.float32)
        assert np.asarray(noisy.get_layer(name)(wide, training=True)).std() == pytest.approx(size, rel=0.03)


def test_noise_is_the_same_for_a_seed() -> None:
    rows = np.ones((5, body().input_shape[1]), np.float32)
    first, again = (np.asarray(body(input_noise=0.5)(rows, training=True)) for _ in range(2))
    assert_array_equal(first, again)
