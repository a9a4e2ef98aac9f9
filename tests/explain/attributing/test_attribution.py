from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import get_args

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

from data.errors import InputError
from explain.attributing.adapter import DeepShap, check_layers
from explain.attributing.attribution import attribute, background_sample
from models.abandonment import build_abandonment, core, encode, encoded_columns, predict
from models.config import AbandonmentConfig
from models.encoder import fit_encoder
from tests.explain.shop import carts, linear, trained

TRAIN, TEST = carts(600), carts(70, seed=1)
NOTHING = np.zeros(0, dtype=np.int64)
FORMS = {
    "relu": AbandonmentConfig(units=(16, 8)),
    "elu, residual": AbandonmentConfig(units=(16, 16), activation="elu", residual=True, batch_normalization="before"),
    "tanh, no normalization": AbandonmentConfig(units=(8,), activation="tanh", batch_normalization="off", dropout=0.0),
}


@cache
def network(form: str) -> keras.Model:
    return trained(TRAIN, FORMS[form])


@pytest.mark.parametrize("form", FORMS)
def test_values_add_up_to_the_log_odds(form: str) -> None:
    model = network(form)
    found = attribute(model, background_sample(TRAIN, 50, 0), TEST)
    probability = predict(model, TEST)
    assert found.values.shape == (len(TEST), len(TEST.specs))
    assert found.error <= 1e-5
    assert_allclose(found.log_odds, np.log(probability / (1 - probability)), atol=2e-5)
    assert_allclose(found.probability, probability, atol=1e-6)


def test_a_linear_model_gets_its_coefficients_times_the_distance_from_the_mean_background() -> None:
    coefficients = np.linspace(-1.0, 1.0, fit_encoder(TRAIN, 0).output_shape[1])
    model = linear(TRAIN, coefficients)
    background = background_sample(TRAIN, 30, 0)
    found = attribute(model, background, TEST)
    columns = 2.0 * coefficients * (encode(model, TEST) - encode(model, background).mean(axis=0))
    names = np.array(encoded_columns(model))
    for position, spec in enumerate(TEST.specs):
        assert_allclose(found.values[:, position], columns[:, names == spec.name].sum(axis=1), atol=1e-4)


def test_models_that_are_explained_at_once_do_not_disturb_each_other() -> None:
    background = background_sample(TRAIN, 20, 0)
    models = [network(form) for form in ("relu", "elu, residual")]
    alone = [attribute(model, background, TEST).values for model in models]
    with ThreadPoolExecutor(4) as threads:  # as where a server loads a model and answers by the one before
        at_once = list(threads.map(lambda model: attribute(model, background, TEST).values, models * 4))
    for values, expected in zip(at_once, alone * 4, strict=True):
        assert_allclose(values, expected, atol=1e-6)


def test_batches_give_what_shap_gives_row_by_row() -> None:
    model = network("relu")
    body = model.get_layer("core")
    deep = DeepShap(keras.Model(body.inputs, body.get_layer("calibration").output), encode(model, TRAIN)[:20])
    rows = encode(model, TEST)
    one_by_one = deep._deep.shap_values(rows, check_additivity=False)[..., 0]
    assert_allclose(deep.values(rows), one_by_one, atol=1e-6)


def test_no_carts_give_no_values() -> None:
    found = attribute(network("relu"), TRAIN, TEST.take(NOTHING))
    assert found.values.shape == (0, len(TEST.specs))
    assert found.error == 0.0


def test_an_empty_background_is_refused() -> None:
    with pytest.raises(InputError, match="at least one background"):
        attribute(network("relu"), TRAIN.take(NOTHING), TEST)


def test_the_background_is_the_same_for_a_seed_and_another_for_another() -> None:
    first, again, other = (background_sample(TRAIN, 20, seed).keys for seed in (3, 3, 4))
    assert first.equals(again)
    assert not first.equals(other)


@pytest.mark.parametrize("activation", get_args(AbandonmentConfig.model_fields["activation"].annotation))
@pytest.mark.parametrize("batch_normalization", ["after", "before", "off"])
@pytest.mark.parametrize("residual", [False, True])
def test_every_form_of_block_has_exact_values(activation: str, batch_normalization: str, residual: bool) -> None:
    form = {"activation": activation, "batch_normalization": batch_normalization, "residual": residual}
    noise = {"input_normalization": "min_max", "input_noise": 0.1, "hidden_noise": 0.1, "units": (8, 6)}
    model = build_abandonment(TRAIN, AbandonmentConfig.model_validate(form | noise))
    generator = np.random.default_rng(0)
    for weight in core(model).weights:
        if weight.dtype == "float32":  # a normalization's variances above zero, like all others here
            weight.assign(generator.uniform(-1.0 if weight.ndim == 2 else 0.3, 1.0, weight.shape))
    found = attribute(model, background_sample(TRAIN, 10, 0), TEST.take(np.arange(32)))
    assert found.error <= 1e-5
    assert np.abs(found.values).max() > 0.01


@pytest.mark.parametrize("layer", [keras.layers.Dense(2, activation="gelu"), keras.layers.LeakyReLU()])
def test_a_layer_without_a_rule_is_refused_before_shap_sees_it(layer: keras.Layer) -> None:
    inputs = keras.Input((3,))
    with pytest.raises(InputError, match="Received"):
        check_layers(keras.Model(inputs, layer(inputs)))
