"""The hypergradient is the derivative of the validation loss one step ahead, and leads away from bad rates."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest

from models.fitting import seed_everything
from models.optimizing.hypergradient import HypergradientEpochs, Lookahead

Rows = npt.NDArray[np.float32]


def mean_square(labels: Any, outputs: Any) -> Any:
    return keras.ops.mean(keras.ops.square(labels - outputs))


def problem(rows: int, seed: int) -> tuple[Rows, Rows]:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(rows, 5)).astype(np.float32)
    noise = generator.normal(size=(rows, 1))
    return x, (x @ np.array([[1.0], [-2.0], [0.5], [0.0], [1.5]]) + 0.3 * noise).astype(np.float32)


def linear(optimizer: keras.optimizers.Optimizer) -> keras.Model:
    seed_everything(0)
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, loss=mean_square)
    return model


OPTIMIZERS = {
    "sgd": lambda rate: keras.optimizers.SGD(rate),
    "nag": lambda rate: keras.optimizers.SGD(rate, momentum=0.9, nesterov=True),
    "adagrad": lambda rate: keras.optimizers.Adagrad(rate),
    "rmsprop": lambda rate: keras.optimizers.RMSprop(rate),
    "adadelta": lambda rate: keras.optimizers.Adadelta(rate, epsilon=1e-2),
    "adam": lambda rate: keras.optimizers.Adam(rate),
}
X, Y = problem(64, 1)
HELD, HELD_Y = problem(64, 2)


def ahead(name: str, rate: float, l2: float) -> tuple[float, Any]:
    """Validation loss after one step, and what the step told."""
    model = linear(OPTIMIZERS[name](rate))
    look = Lookahead(model, [model.layers[0].kernel], mean_square)
    told = look.step(X, Y, np.ones(64, np.float32), HELD, HELD_Y, np.float32(rate), np.float32(l2)).numpy()
    return float(mean_square(HELD_Y, model(HELD))), told


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_gradient_by_the_rate_is_that_of_the_validation_loss_a_step_ahead(name: str) -> None:
    rate, change = 0.1, 0.02
    (more, _), (less, _) = ahead(name, rate * np.exp(change), 0.01), ahead(name, rate * np.exp(-change), 0.01)
    _, told = ahead(name, rate, 0.01)
    assert told[1] == pytest.approx((more - less) / (2 * change), rel=0.01)
    assert -1.0 <= told[3] <= 1.0
    assert np.sign(told[3]) == np.sign(told[1])


def test_the_gradient_by_the_penalty_is_exact_for_gradient_descent() -> None:
    l2, change = 0.5, 0.02
    (more, _), (less, _) = ahead("sgd", 0.1, l2 * np.exp(change)), ahead("sgd", 0.1, l2 * np.exp(-change))
    _, told = ahead("sgd", 0.1, l2)
    assert told[2] == pytest.approx((more - less) / (2 * change), rel=0.01)


def adapted(rate: float, epochs: int = 8, l2: float = 0.0) -> tuple[list[float], list[float], HypergradientEpochs]:
    """Rates and validation losses, epoch by epoch."""
    model = linear(keras.optimizers.SGD(rate))
    (x, y), (held, held_y) = problem(2000, 3), problem(500, 4)
    epochs_of = HypergradientEpochs(
        model, [model.layers[0].kernel], x, y, held, held_y, batch_size=50, seed=0, l2=l2, judge=mean_square
    )
    rates, losses = [], []
    for epoch in range(epochs):
        rates.append(epochs_of(epoch)["learning_rate"])
        losses.append(float(mean_square(held_y, model(held))))
    return rates, losses, epochs_of


def plain(rate: float, epochs: int) -> float:
    model = linear(keras.optimizers.SGD(rate))
    (x, y), (held, held_y) = problem(2000, 3), problem(500, 4)
    model.fit(x, y, batch_size=50, epochs=epochs, verbose=0)
    return float(mean_square(held_y, model(held)))


def test_a_rate_far_too_low_rises_and_ends_better() -> None:
    rates, losses, _ = adapted(0.1 / 300, epochs=4)
    assert rates[1] > 10 * rates[0] / 3
    assert losses[-1] < 0.5 * plain(0.1 / 300, 4)


def test_a_rate_far_too_high_falls() -> None:
    rates, losses, _ = adapted(0.6, epochs=4)  # gradient descent on these rows is stable up to about 1
    assert rates[-1] < rates[0] / 2
    assert losses[-1] < plain(0.6, 4)


def test_it_goes_on_from_its_state_as_if_unbroken() -> None:
    unbroken, _, _ = adapted(0.01, epochs=4)
    rates, _, first = adapted(0.01, epochs=2)
    # The model is the state's other half; the fitting loop's checkpoint holds it.
    state = [value.copy() for value in first.state()]
    first.restore(state)
    rates += [first(epoch)["learning_rate"] for epoch in (2, 3)]
    assert rates == unbroken
