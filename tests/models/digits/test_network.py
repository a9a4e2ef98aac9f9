"""The digit classifier has the configured form, gives logits, and learns."""

from typing import Any

import keras
import numpy as np
import pytest

from models.config import DigitsConfig, OptimizerConfig
from models.digits.network import build_digits
from models.optimizing.optimizers import make_optimizer


def config(**changed: Any) -> DigitsConfig:
    return DigitsConfig.model_validate(changed)


def test_by_default_it_has_one_hidden_layer() -> None:
    assert build_digits(config()).count_params() == 784 * 512 + 512 + 512 * 10 + 10


def test_its_layers_are_in_the_order_told() -> None:
    model = build_digits(config(units=(7, 5), batch_normalization=True, dropout=0.3, activation="tanh"), 12, 3)
    block = [keras.layers.Dense, keras.layers.BatchNormalization, keras.layers.Activation, keras.layers.Dropout]
    assert [type(layer) for layer in model.layers[1:]] == [*block, *block, keras.layers.Dense]
    assert model.output_shape == (None, 3)
    # the normalization's shift takes the place of the hidden bias
    assert [layer.use_bias for layer in model.layers if isinstance(layer, keras.layers.Dense)] == [False, False, True]


def test_it_gives_logits() -> None:
    outputs = np.asarray(build_digits(config(units=(8,)), 12, 4)(np.ones((2, 12), np.float32)))
    assert outputs.shape == (2, 4)
    assert (outputs < 0).any()  # and no probabilities
    assert not np.allclose(outputs.sum(axis=1), 1.0)


def test_without_options_a_tanh_network_is_its_closed_form() -> None:
    model = build_digits(config(units=(6,), activation="tanh"), 5, 3)
    w, b, v, c = (np.asarray(weight) for weight in model.weights)
    images = np.random.default_rng(0).random((4, 5), dtype=np.float32)
    np.testing.assert_allclose(model(images), np.tanh(images @ w + b) @ v + c, rtol=1e-4, atol=1e-6)


def test_the_penalty_is_on_all_kernels_and_on_them_alone() -> None:
    model = build_digits(config(units=(6,), l2=0.1), 5, 3)
    kernels = [np.asarray(weight) for weight in model.weights if weight.name == "kernel"]
    assert float(sum(model.losses)) == pytest.approx(
        0.1 * sum(float((kernel**2).sum()) for kernel in kernels), rel=1e-5
    )


@pytest.mark.parametrize(("activation", "variance"), [("relu", 2 / 400), ("tanh", 2 / 1000), ("selu", 1 / 400)])
def test_kernels_start_with_the_deviation_of_their_activation(activation: str, variance: float) -> None:
    keras.utils.set_random_seed(0)
    kernel = np.asarray(build_digits(config(units=(600,), activation=activation), 400).get_layer("dense_0").kernel)
    assert kernel.var() == pytest.approx(variance, rel=0.05)


def test_it_learns_digits_that_differ_in_one_pixel() -> None:
    keras.utils.set_random_seed(0)
    labels = np.arange(60) % 3
    images = np.eye(3, 12, dtype=np.float32)[labels]
    model = build_digits(config(units=(16,), dropout=0.1, batch_normalization=True), 12, 3)
    model.compile(
        make_optimizer(OptimizerConfig(name="adam", learning_rate=0.05)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.fit(images, labels, batch_size=20, epochs=10, verbose=0)
    np.testing.assert_array_equal(np.argmax(model(images), axis=1), labels)


def test_settings_that_cannot_go_together_are_refused() -> None:
    with pytest.raises(ValueError, match=r"`digits.batch_normalization` should be false .* Received: true"):
        config(optimizer={"name": "single_sgd"}, batch_normalization=True)
    with pytest.raises(ValueError, match=r"`digits.early_stopping.monitor` should be val_loss.* Received: val_auc"):
        config(early_stopping={"monitor": "val_auc"})
