"""Training learns, stops where it should, and gives the same model again."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from data.errors import InputError
from data.examples import Examples
from models.abandonment import core, encode, encoded_columns, logit_model, logits, predict
from models.artifacts import load_model, save_model
from models.checkpoint import Place
from models.config import AbandonmentConfig, EarlyStopping, GradientHealthConfig, OptimizerConfig
from models.divergence import DivergedError
from models.training import Trained, train_abandonment
from tests.models.tables import carts, numbers_only, truth

QUICK = AbandonmentConfig(units=(16,), epochs=6, dropout=0.1)


@cache
def sides() -> tuple[Examples, Examples, Examples]:
    return carts(3000, 1), carts(600, 2), carts(2000, 3)


@cache
def trained(config: AbandonmentConfig = QUICK, seed: int = 0) -> Trained:
    train, validation, _ = sides()
    return train_abandonment(train, validation, config, seed)


def test_the_network_nearly_reaches_the_true_probabilities() -> None:
    test = sides()[2]
    best = roc_auc_score(test.abandoned, truth(test))
    assert roc_auc_score(test.abandoned, predict(trained().model, test)) > best - 0.02


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_ones(tmp_path: Path) -> None:
    train, validation, _ = sides()
    save_model(trained().model, tmp_path / "first.keras")
    save_model(train_abandonment(train, validation, QUICK, 0).model, tmp_path / "again.keras")
    save_model(trained(seed=1).model, tmp_path / "other.keras")
    first, again, other = ((tmp_path / f"{name}.keras").read_bytes() for name in ("first", "again", "other"))
    assert first == again
    assert first != other


def test_a_saved_model_predicts_the_same(tmp_path: Path) -> None:
    model, test = trained().model, sides()[2]
    save_model(model, tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(predict(model, test), predict(loaded, test))
    assert encoded_columns(loaded) == encoded_columns(model)
    assert len(encoded_columns(model)) == encode(model, test).shape[1] == core(loaded).input_shape[1]


def test_the_parts_make_up_the_whole() -> None:
    model, test = trained().model, sides()[2]
    encoded = encode(model, test)
    scale, shift = (float(weight.ravel()[0]) for weight in core(model).get_layer("calibration").get_weights())
    by_hand = 1 / (1 + np.exp(-(scale * logits(model, encoded) + shift)))
    np.testing.assert_allclose(predict(model, test), by_hand, atol=1e-6)
    assert logit_model(model).output_shape == (None, 1)


def test_calibration_keeps_the_ranking() -> None:
    model, test = trained().model, sides()[2]
    before = roc_auc_score(test.abandoned, logits(model, encode(model, test)))
    assert roc_auc_score(test.abandoned, predict(model, test)) == pytest.approx(before, abs=1e-4)
    raw = trained(QUICK.model_copy(update={"calibration": "off"}))
    assert core(raw.model).get_layer("calibration").get_weights()[0].item() == 1.0


@pytest.mark.parametrize("average", [0.0, 0.5])
def test_training_stops_early_and_keeps_the_best_epoch(average: float) -> None:
    train, validation, _ = sides()
    few = train.take(np.arange(200))
    stopping = EarlyStopping(patience=3)
    config = QUICK.model_copy(
        update={"epochs": 60, "dropout": 0.0, "early_stopping": stopping, "batch_size": 32, "weight_average": average}
    )
    result = train_abandonment(few, validation, config, 0)
    losses = result.history["val_loss"]
    assert result.best_epoch == int(np.argmin(losses))
    assert len(losses) == result.best_epoch + 1 + 3 < 60
    scores = logits(result.model, encode(result.model, validation))
    assert np.mean(np.logaddexp(0, scores) - validation.abandoned * scores) == pytest.approx(min(losses), abs=1e-5)


def test_the_last_weights_are_kept_where_the_best_are_not_wanted() -> None:
    train, validation, _ = sides()
    few = train.take(np.arange(200))
    stopping = EarlyStopping(patience=3, restore_best=False)
    config = QUICK.model_copy(update={"epochs": 60, "dropout": 0.0, "early_stopping": stopping, "batch_size": 32})
    result = train_abandonment(few, validation, config, 0)
    scores = logits(result.model, encode(result.model, validation))
    loss = np.mean(np.logaddexp(0, scores) - validation.abandoned * scores)
    assert loss == pytest.approx(result.history["val_loss"][-1], abs=1e-5)
    assert loss > min(result.history["val_loss"]) + 1e-4


class Killed(Exception):
    pass


@pytest.mark.parametrize("average", [0.0, 0.5])
@pytest.mark.parametrize("kill", [0, 2, 5])
def test_a_killed_training_ends_with_the_bytes_of_an_unbroken_one(average: float, kill: int, tmp_path: Path) -> None:
    train, validation, _ = sides()
    rule = OptimizerConfig(name="adam", schedule={"kind": "step", "every": 2.0})
    config = QUICK.model_copy(update={"weight_average": average, "optimizer": rule})
    told: list[int] = []

    def until(epoch: int, _: object) -> None:
        told.append(epoch)
        if epoch == kill and told.count(epoch) == 1:
            raise Killed

    with pytest.raises(Killed):
        train_abandonment(train, validation, config, 0, until, Place(tmp_path))
    resumed = train_abandonment(train, validation, config, 0, until, Place(tmp_path))
    whole = train_abandonment(train, validation, config, 0)
    assert told == [*range(kill + 1), *range(kill, config.epochs)]  # that epoch may not have been told
    assert resumed.history == whole.history
    save_model(resumed.model, tmp_path / "resumed.keras")
    save_model(whole.model, tmp_path / "whole.keras")
    assert (tmp_path / "resumed.keras").read_bytes() == (tmp_path / "whole.keras").read_bytes()


def test_a_longer_training_goes_on_from_a_shorter_one_and_one_of_other_settings_does_not(tmp_path: Path) -> None:
    train, validation, _ = sides()
    short, longer, other = (tmp_path / name for name in ("short", "long", "other"))
    for folder in (short, longer, other):
        folder.mkdir()
    train_abandonment(train, validation, QUICK, 0, place=Place(short, epochs=2))
    epochs: list[int] = []
    result = train_abandonment(
        train, validation, QUICK, 0, lambda epoch, _: epochs.append(epoch), Place(longer, start=short)
    )
    assert epochs == [1, 2, 3, 4, 5]  # the last of the shorter one is told again
    assert result.history == trained().history
    epochs.clear()
    wider = QUICK.model_copy(update={"units": (17,)})
    train_abandonment(train, validation, wider, 0, lambda epoch, _: epochs.append(epoch), Place(other, start=short))
    assert epochs == list(range(6))


def test_weighted_classes_count_the_same_before_calibration_and_as_they_are_after() -> None:
    rare = [side.take(np.flatnonzero((side.abandoned == 0) | (np.arange(len(side)) % 5 == 0))) for side in sides()]
    config = QUICK.model_copy(update={"imbalance": "class_weight"})
    weighted = train_abandonment(rare[0], rare[1], config, 0)
    plain = train_abandonment(rare[0], rare[1], QUICK, 0)
    share = rare[2].abandoned.mean()
    means = [1 / (1 + np.exp(-logits(one.model, encode(one.model, rare[2])))).mean() for one in (weighted, plain)]
    assert share < 0.3
    assert 1 / means[0] > share + 0.1
    assert predict(weighted.model, rare[2]).mean() == pytest.approx(share, abs=0.04)
    assert predict(plain.model, rare[2]).mean() == pytest.approx(share, abs=0.04)


def test_a_rate_that_diverges_is_a_clear_error() -> None:
    train, validation, _ = sides()
    wild = QUICK.model_copy(
        update={"optimizer": OptimizerConfig(name="sgd", learning_rate=1e30), "batch_normalization": "off"}
    )
    with pytest.raises(DivergedError, match=r"epoch 1.*learning_rate.*clip_norm"):
        train_abandonment(train, validation, wild, 0)


def test_a_training_that_diverges_later_keeps_the_state_before_and_says_so(tmp_path: Path) -> None:
    train, validation, _ = sides()
    wild = OptimizerConfig(name="gradient_descent", learning_rate=3.0)
    deep = {"units": (16,) * 6, "activation": "elu", "batch_normalization": "off", "dropout": 0.0, "optimizer": wild}
    told: list[float] = []
    with pytest.raises(DivergedError, match="explodes in `dense_0`") as end:
        train_abandonment(
            train, validation, QUICK.model_copy(update=deep), 0, lambda _, m: told.append(m["loss"]), Place(tmp_path)
        )
    assert len(told) > 0
    assert np.isfinite(told).all()
    assert f"The weights after epoch {len(told)} are kept in {tmp_path}" in str(end.value)
    with np.load(tmp_path / "state.npz") as state:
        values = [state[name] for name in state.files if name.startswith("variables")]
    assert all(np.isfinite(value).all() for value in values)


def test_watching_the_gradients_changes_no_weight() -> None:
    train, validation, _ = sides()
    unwatched = QUICK.model_copy(update={"gradient_health": GradientHealthConfig(enabled=False)})
    plain = train_abandonment(train, validation, unwatched, 0)
    assert list(plain.history) == ["loss", "val_loss", "val_auc"]
    assert all(trained().history[name] == values for name, values in plain.history.items())
    for one, other in zip(plain.model.get_weights(), trained().model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    layers = ("dense_0", "batch_normalization_0", "logit")
    assert {f"gradient_norm/{layer}" for layer in layers} | {"dead/dense_0"} < set(trained().history)


def test_labels_of_one_class_or_no_examples_are_clear_errors() -> None:
    train, validation, _ = sides()
    with pytest.raises(InputError, match="All 3,000 training examples are abandoned"):
        train_abandonment(replace(train, abandoned=np.ones(3000, np.int8)), validation, QUICK, 0)
    with pytest.raises(InputError, match="no validation examples"):
        train_abandonment(train, validation.take(np.zeros(600, bool)), QUICK, 0)


def test_a_handful_of_examples_is_enough_to_finish() -> None:
    train, validation, test = (side.take(np.arange(12)) for side in sides())
    one_class = replace(validation, abandoned=np.ones(12, np.int8))
    result = train_abandonment(train, one_class, QUICK, 0)
    assert np.isfinite(predict(result.model, test)).all()
    assert "not calibrated" in result.notes[0]


@pytest.mark.parametrize(
    "form",
    [
        {"residual": True, "units": (8, 8, 4), "batch_normalization": "before"},
        {"input_dropout": 0.2, "activation": "tanh", "l2": 1e-4, "intervals": 0, "batch_normalization": "off"},
    ],
)
def test_every_form_of_the_network_trains_saves_and_loads(form: dict[str, object], tmp_path: Path) -> None:
    train, validation, test = (numbers_only(side.take(np.arange(300))) for side in sides())
    result = train_abandonment(train, validation, QUICK.model_copy(update={**form, "epochs": 2}), 0)
    save_model(result.model, tmp_path / "model.keras")
    np.testing.assert_array_equal(predict(load_model(tmp_path / "model.keras"), test), predict(result.model, test))
