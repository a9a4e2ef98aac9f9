"""Ill networks are told apart, and the advised settings cure them: small ones, trained on carts of known truth."""

from functools import cache
from typing import Any

import keras
import numpy as np
import pytest

from models.config import AbandonmentConfig
from models.divergence import DivergedError
from models.fitting import seed_everything
from models.gradient_health import diagnose, sentences
from models.training import Trained, train_abandonment
from tests.models.tables import carts

PLAIN: dict[str, Any] = {
    **{"batch_normalization": "off", "dropout": 0.0, "weight_average": 0.0},
    "early_stopping": {"patience": 100},
}
VANISHING: dict[str, Any] = {
    **PLAIN,
    **{"units": (16,) * 8, "activation": "sigmoid", "initializer": "glorot_uniform"},
    **{"epochs": 6, "batch_size": 50, "optimizer": {"name": "sgd", "learning_rate": 0.3}},
}
RULE = {"name": "gradient_descent", "learning_rate": 1.0}  # one step an epoch
EXPLODING: dict[str, Any] = {
    **PLAIN,
    **{"units": (16,) * 6, "activation": "elu", "epochs": 14, "optimizer": RULE},
}


@cache
def sides() -> tuple[Any, Any]:
    return carts(1500, 1), carts(500, 2)


def trained(settings: dict[str, Any]) -> Trained:
    return train_abandonment(*sides(), AbandonmentConfig.model_validate(settings), 0)


def best_auc(result: Trained) -> float:
    return max(result.history["val_auc"])


def test_a_deep_sigmoid_network_is_found_to_vanish_from_its_first_layer_on_and_learns_nothing() -> None:
    result = trained(VANISHING)
    found = [one for one in result.findings if one.kind == "vanishing"]
    assert [one.layer for one in found] == [f"dense_{i}" for i in range(len(found))]
    assert 3 <= len(found) < 8
    shares = [one.figure for one in found]
    assert shares == sorted(shares)  # the further from the loss, the less
    assert {one.kind for one in result.findings} == {"vanishing"}
    assert np.ptp(result.history["loss"]) < 0.01
    assert best_auc(result) < 0.6
    assert "vanishes in `dense_0`" in sentences(result.findings)[0]


@pytest.mark.parametrize(
    "remedy",
    [
        {"activation": "relu"},
        {"activation": "relu", "initializer": "he_normal"},
        {"residual": True},
        {"batch_normalization": "before"},
        {"batch_normalization": "after"},
        {"units": (16, 16)},
    ],
    ids=str,
)
def test_each_remedy_alone_has_the_deep_network_learn(remedy: dict[str, Any]) -> None:
    result = trained(VANISHING | remedy)
    assert not [one for one in result.findings if one.kind == "vanishing"]
    assert best_auc(result) > 0.68


def test_another_start_alone_does_not_have_a_deep_sigmoid_network_learn() -> None:
    assert best_auc(trained(VANISHING | {"initializer": "he_normal"})) < 0.62


def test_a_rate_too_large_is_found_to_explode_epochs_before_the_loss_is_lost() -> None:
    config = AbandonmentConfig.model_validate(EXPLODING)
    told: dict[str, list[float]] = {}

    def tell(_epoch: int, metrics: Any) -> None:
        for name, value in metrics.items():
            told.setdefault(name, []).append(value)

    with pytest.raises(DivergedError, match=r"diverged in epoch (\d+).* explodes in `dense_0`.*clip_norm=1\.0") as end:
        train_abandonment(*sides(), config, 0, tell)
    assert np.isfinite(told["loss"]).all()
    found = diagnose(told, {name.partition("/")[2]: 272 for name in told if name.startswith("gradient_norm")}, config)
    assert {one.kind for one in found} >= {"exploding"}
    assert f"diverged in epoch {len(told['loss']) + 1}:" in str(end.value)


@pytest.mark.parametrize(
    "remedy",
    [
        {"optimizer": RULE | {"learning_rate": 0.1}},
        {"optimizer": RULE | {"clip_norm": 1.0}},
        {"optimizer": RULE | {"clip_value": 0.1}},
        {"batch_normalization": "before"},
    ],
    ids=str,
)
def test_each_remedy_alone_keeps_the_gradient_in_bounds_and_the_network_learning(remedy: dict[str, Any]) -> None:
    result = trained(EXPLODING | remedy)
    assert result.findings == ()
    assert best_auc(result) > 0.64


def test_a_rate_that_kills_relus_is_found_by_their_layers() -> None:
    result = trained(
        PLAIN
        | {"units": (16,) * 4, "epochs": 4, "optimizer": {"name": "adam", "learning_rate": 3.0}, "batch_size": 100}
    )
    dead = {one.layer: one.figure for one in result.findings if one.kind == "dead"}
    assert dead
    assert set(dead) <= {f"dense_{i}" for i in range(4)}
    assert all(share > 0.5 for share in dead.values())


def test_an_lstm_lets_more_of_the_gradient_through_to_the_first_step_than_a_plain_recurrent_cell() -> None:
    assert reach(keras.layers.LSTM) > 3 * reach(keras.layers.SimpleRNN)


def reach(cell: type[keras.Layer]) -> float:
    """Gradient at the first of 40 steps, as a share of that at the last, after learning what only the first tells."""
    import tensorflow as tf

    seed_everything(0)
    rng = np.random.default_rng(0)
    signals = rng.normal(0.0, 0.5, (1000, 40, 1)).astype(np.float32)
    labels = (rng.random((1000, 1)) < 0.5).astype(np.float32)
    signals[:, 0] = 4 * labels - 2
    inputs = keras.Input((40, 1))
    model = keras.Model(inputs, keras.layers.Dense(1)(cell(16)(inputs)))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, steps_per_execution=10)
    model.fit(signals, labels, batch_size=100, epochs=8, verbose=0)
    some = tf.constant(signals[:200])
    with tf.GradientTape() as tape:
        tape.watch(some)
        value = loss(labels[:200], model(some))
    by_step = np.linalg.norm(tape.gradient(value, some).numpy(), axis=(0, 2))
    return float(by_step[0] / by_step[-1])
