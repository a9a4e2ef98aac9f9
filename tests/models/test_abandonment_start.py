"""Training that starts from an earlier model takes over what means the same, and nothing else."""

from functools import cache

import numpy as np
import pytest

from data.examples import Examples
from models.abandonment import build_abandonment, core, predict
from models.abandonment_start import start_from
from models.config import AbandonmentConfig
from models.training import train_abandonment
from tests.models.tables import carts, numbers_only

SMALL = AbandonmentConfig(units=(8, 8), epochs=2, residual=True, baselines=())


@cache
def sides() -> tuple[Examples, Examples]:
    return carts(800, 1), carts(300, 2)


def test_the_same_form_on_the_same_examples_predicts_the_same() -> None:
    train, validation = sides()
    earlier = train_abandonment(train, validation, SMALL.model_copy(update={"calibration": "off"}), 0).model
    model = build_abandonment(train, SMALL)
    assert not np.allclose(predict(model, validation), predict(earlier, validation), atol=0.01)
    told = start_from(earlier, model)
    assert "from an earlier one's weights" in told
    np.testing.assert_allclose(predict(model, validation), predict(earlier, validation), atol=1e-6)


def test_columns_that_the_earlier_model_had_too_keep_their_weights_and_new_ones_their_start() -> None:
    train, _ = sides()
    words = train.features["category"].replace({"toys": "hats"})
    changed = Examples(train.keys, train.features.assign(category=words), train.abandoned, train.specs)
    earlier, model = build_abandonment(train, SMALL), build_abandonment(changed, SMALL)
    keys = model.get_layer("encoder").get_layer("categories").column_keys()
    assert keys == (("category",), ("category", ""), ("category", "books"), ("category", "hats"), ("category", "shoes"))
    before = core(model).get_layer("dense_0").kernel.numpy()
    start_from(earlier, model)
    after, source = (core(one).get_layer("dense_0").kernel.numpy() for one in (model, earlier))
    place = len(after) - len(keys)
    np.testing.assert_array_equal(after[place + 3], before[place + 3])  # hats
    np.testing.assert_array_equal(after[place + 4], source[place + 3])  # shoes come after books in both but toys
    np.testing.assert_array_equal(after[:place], source[:place])


@pytest.mark.parametrize(
    ("form", "told"),
    [({"units": (16, 16)}, "have other shapes"), ({"batch_normalization": "off"}, "are in one of them only")],
)
def test_another_form_is_trained_from_zero_and_says_so(form: dict[str, object], told: str) -> None:
    train, _ = sides()
    model = build_abandonment(train, SMALL)
    before = [weight.numpy() for weight in model.weights]
    sentence = start_from(build_abandonment(train, SMALL.model_copy(update=form)), model)
    assert "trained from zero" in sentence
    assert told in sentence
    for weight, value in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)


def test_other_features_are_no_hindrance() -> None:
    train, _ = sides()
    model = build_abandonment(train, SMALL)
    width = core(model).input_shape[1]
    assert f"{width - 5} of {width} encoded columns" in start_from(build_abandonment(numbers_only(train), SMALL), model)


def test_what_it_started_from_is_told() -> None:
    train, validation = sides()
    earlier = train_abandonment(train, validation, SMALL, 0)
    assert earlier.start == ""
    again = train_abandonment(train, validation, SMALL, 0, earlier=earlier.model)
    assert again.start.startswith("The abandonment model was trained from an earlier one's weights")
    assert again.history["val_loss"][0] < earlier.history["val_loss"][0]
