"""Raw values become columns without gaps, the same way in training and after loading."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from data.examples import Examples
from data.feature import Feature
from models.abandonment import run
from models.artifacts import load_model, save_model
from models.category_encoder import CategoryEncoder
from models.encoder import as_inputs, fit_encoder
from models.numeric_encoder import NumericEncoder
from tests.models.tables import carts, numbers_only


def numeric(values: dict[str, Any], intervals: int = 0) -> tuple[NumericEncoder, npt.NDArray[np.float32]]:
    frame = pd.DataFrame(values).astype("float32")
    layer = NumericEncoder.fit(frame, intervals)
    return layer, np.asarray(layer(frame.to_numpy()))


def test_a_gap_becomes_the_mean_and_is_marked() -> None:
    _, encoded = numeric({"a": [1.0, 3.0, np.nan, 2.0], "b": [1.0, 2.0, 3.0, 4.0]})
    np.testing.assert_allclose(encoded, [[1, 1, 0], [3, 2, 0], [2, 3, 1], [2, 4, 0]])


def test_a_heavy_tail_enters_as_its_logarithm_and_a_symmetric_column_as_it_is() -> None:
    tail = np.array([0.0] * 90 + [1.0] * 9 + [1000.0])
    _, encoded = numeric({"tail": tail, "even": np.linspace(-1, 1, 100)})
    np.testing.assert_allclose(encoded[:, 0], np.log1p(tail), rtol=1e-6)
    np.testing.assert_allclose(encoded[:, 1], np.linspace(-1, 1, 100), rtol=1e-6)


def test_values_beyond_training_are_read_as_the_nearest_known() -> None:
    layer, _ = numeric({"a": [1.0, 2.0, 3.0]})
    later = np.array([[-5.0], [99.0], [np.inf], [np.nan]], np.float32)
    np.testing.assert_allclose(np.asarray(layer(later))[:, 0], [1.0, 3.0, 3.0, 2.0])


def test_a_column_of_nulls_and_a_constant_one_are_harmless() -> None:
    _, encoded = numeric({"null": [np.nan] * 3, "same": [7.0] * 3}, intervals=4)
    np.testing.assert_allclose(encoded, [[0, 7, 1]] * 3)


def test_the_piecewise_encoding_adds_up_to_the_value() -> None:
    column = np.random.default_rng(0).uniform(-2, 5, 500)
    layer, encoded = numeric({"a": column}, intervals=6)
    edges = np.array(layer.edges[0])
    assert encoded.shape == (500, 7)
    np.testing.assert_allclose(edges[0] + encoded[:, 1:] @ np.diff(edges), encoded[:, 0], atol=1e-5)
    assert ((encoded[:, 1:] >= 0) & (encoded[:, 1:] <= 1)).all()


def test_every_encoded_column_has_its_feature() -> None:
    examples = carts(400, 1)
    encoder = fit_encoder(examples, intervals=4)
    encoded = run(encoder, as_inputs(examples.features, examples.specs))
    names = [name for layer in encoder.layers if hasattr(layer, "encoded_columns") for name in layer.encoded_columns()]
    assert encoded.shape == (400, len(names))
    assert set(names) == {spec.name for spec in examples.specs}
    assert np.isfinite(encoded).all()


def test_a_category_is_one_column_and_unseen_rare_and_unknown_ones_share_another() -> None:
    words = pd.DataFrame({"c": ["a"] * 20 + ["b"] * 20 + ["rare"] * 3 + [None] * 2})
    layer = CategoryEncoder.fit(words)
    assert layer.vocabularies == (("a", "b"),)
    spec = (Feature("c", "C", "item", kind="categorical"),)
    later = pd.DataFrame({"c": ["a", "b", "rare", "never seen", None]})
    encoded = run(keras.Sequential([keras.Input((1,), dtype="string"), layer]), as_inputs(later, spec)["categorical"])
    np.testing.assert_array_equal(encoded, [[0, 1, 0], [0, 0, 1], [1, 0, 0], [1, 0, 0], [1, 0, 0]])
    np.testing.assert_array_equal(encoded.sum(axis=1), 1)


def test_frequent_unknowns_are_a_category_of_their_own() -> None:
    layer = CategoryEncoder.fit(pd.DataFrame({"c": [None] * 30 + ["a"] * 30}))
    assert layer.vocabularies == (("", "a"),)


def test_a_table_without_numbers_or_with_only_rare_categories_is_encoded() -> None:
    specs = (Feature("c", "C", "item", kind="categorical"),)
    frame = pd.DataFrame({"c": [f"word {i}" for i in range(12)]})
    encoder = fit_encoder(Examples(carts(12, 0).keys, frame, np.zeros(12, np.int8), specs), intervals=4)
    np.testing.assert_array_equal(run(encoder, as_inputs(frame, specs)).sum(axis=1), 1)


@pytest.mark.parametrize("strings", [True, False])
def test_a_loaded_encoder_encodes_the_same(tmp_path: Path, strings: bool) -> None:
    examples = carts(300, 2) if strings else numbers_only(carts(300, 2))
    encoder = fit_encoder(examples, intervals=5)
    save_model(encoder, tmp_path / "encoder.keras")
    inputs = as_inputs(examples.features, examples.specs)
    np.testing.assert_array_equal(run(encoder, inputs), run(load_model(tmp_path / "encoder.keras"), inputs))
