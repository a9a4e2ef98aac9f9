"""Model files are a pure function of architecture and weights."""

import os
import time
from pathlib import Path

import keras
import numpy as np
import pytest

from data.errors import InputError
from models.artifacts import load_model, save_model


def small_model(seed: int = 1) -> keras.Model:
    keras.utils.set_random_seed(seed)
    inner_inputs = keras.Input((4,), name="inner_inputs")
    shared = keras.layers.Dense(4, name="shared", kernel_initializer="he_normal")
    hidden = keras.layers.Dropout(0.5, name="dropout")(shared(shared(inner_inputs)))
    inner = keras.Model(inner_inputs, keras.layers.BatchNormalization(name="norm")(hidden), name="inner")
    inputs = keras.Input((4,), name="inputs")
    return keras.Model(inputs, inner(inputs), name="outer")


def test_equal_models_give_equal_bytes_whenever_they_are_saved(tmp_path: Path) -> None:
    save_model(small_model(), tmp_path / "first.keras")
    time.sleep(2.1)  # a zip archive counts in steps of 2 s
    save_model(small_model(), tmp_path / "second.keras")
    assert (tmp_path / "first.keras").read_bytes() == (tmp_path / "second.keras").read_bytes()
    save_model(small_model(seed=2), tmp_path / "other.keras")
    assert (tmp_path / "first.keras").read_bytes() != (tmp_path / "other.keras").read_bytes()


def test_saving_a_loaded_model_gives_the_same_bytes(tmp_path: Path) -> None:
    save_model(small_model(), tmp_path / "first.keras")
    save_model(load_model(tmp_path / "first.keras"), tmp_path / "again.keras")
    assert (tmp_path / "first.keras").read_bytes() == (tmp_path / "again.keras").read_bytes()


def test_the_optimizer_leaves_no_trace(tmp_path: Path) -> None:
    save_model(small_model(), tmp_path / "plain.keras")
    model = small_model()
    model.compile(keras.optimizers.Adadelta(1.0), "mse")
    model.optimizer.build(model.trainable_variables)
    save_model(model, tmp_path / "compiled.keras")
    assert (tmp_path / "plain.keras").read_bytes() == (tmp_path / "compiled.keras").read_bytes()


def test_a_loaded_model_predicts_the_same_and_is_not_compiled(tmp_path: Path) -> None:
    model = small_model()
    save_model(model, tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    rows = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
    np.testing.assert_array_equal(model.predict(rows, verbose=0), loaded.predict(rows, verbose=0))
    assert not loaded.compiled


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.keras"
    save_model(small_model(), path)
    before = path.read_bytes()

    def full_disk(_: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="no space"):
        save_model(small_model(seed=2), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_or_broken_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no model at"):
        load_model(tmp_path / "nothing.keras")
    (tmp_path / "broken.keras").write_bytes(b"half a zip")
    with pytest.raises(InputError, match="no model archive"):
        load_model(tmp_path / "broken.keras")
    with pytest.raises(InputError, match=r"end in `\.keras`"):
        save_model(small_model(), tmp_path / "model.h5")
