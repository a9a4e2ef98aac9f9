"""An epoch has every window once, in the stretches' order; the weights kept are the mean that is stated."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from models.recommending.cases import make_windows
from models.recommending.fitting import Batches, WeightMean, fit
from models.sessions.sequences import from_lists
from models.sessions.vocabulary import build_vocabulary
from tests.models.walks import walks


def test_batches_hold_every_window_once_in_every_epoch_and_differ_between_epochs() -> None:
    sequences = walks(300, 4)
    windows = make_windows(sequences, build_vocabulary(sequences), 10)
    batches = Batches(windows, 64, seed=0, shuffle=True)
    epochs = [[batch.ids for batch in batches()] for _ in range(2)]
    for epoch in epochs:
        assert len(epoch) == len(batches)
        found = sorted(tuple(row[row > 0].tolist()) for batch in epoch for row in batch)
        assert found == sorted(tuple(row[row > 0].tolist()) for row in windows.seen(np.arange(len(windows))).ids)
        assert max(int((batch[:, 1:] > 0).sum()) for batch in epoch) <= 64 + 10
    assert any(a.shape != b.shape or (a != b).any() for a, b in zip(*epochs, strict=True))
    fixed = Batches(windows, 64, seed=0, shuffle=False)
    assert all((a.ids == b.ids).all() for a, b in zip(fixed(), fixed(), strict=True))


def test_an_epoch_goes_through_the_stretches_of_time_in_order() -> None:
    lists = [["x"] * int(length) for length in np.random.default_rng(0).integers(2, 8, 400)]
    sequences = from_lists([[f"s{number}", *rest] for number, rest in enumerate(lists)])
    windows = make_windows(sequences, build_vocabulary(sequences), 10)
    batches = Batches(windows, 16, seed=0, shuffle=True, stretches=4)
    number = {int(windows.events.ids[start]): place for place, start in enumerate(windows.starts[:400])}
    parts = []
    for epoch in (list(batches()), list(batches())):
        assert len(epoch) == len(batches)
        order = [number[int(row[0])] for batch in epoch for row in batch.ids]
        assert sorted(order) == list(range(400))
        parts.append([set(order[start : start + 100]) for start in range(0, 400, 100)])
        assert order != sorted(order)
    assert parts[0] == parts[1] == [set(range(start, start + 100)) for start in range(0, 400, 100)]
    # too few for stretches of eight batches: everything is shuffled
    few = Batches(windows, 400, seed=0, shuffle=True, stretches=4)
    order = [number[int(row[0])] for batch in few() for row in batch.ids]
    assert set(order[:100]) != set(range(100))


class Counter(keras.Model):
    """A model whose one weight grows by one a training batch, and whose loss is its weight."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = self.add_weight(shape=(), initializer="zeros", name="steps")

    def train_on_batch(self, seen: Any, return_dict: bool) -> dict[str, float]:
        assert return_dict
        assert seen.ids.shape[1] >= 2
        self.steps.assign_add(1.0)
        return self.test_on_batch(seen, return_dict)

    def test_on_batch(self, seen: Any, return_dict: bool) -> dict[str, float]:  # noqa: ARG002 - Keras's signature
        return {"loss": float(self.steps)}


def test_each_epoch_is_judged_with_the_mean_of_the_latest_weights_and_training_goes_on_with_its_own() -> None:
    windows = make_windows(from_lists([["a", "b"]]), build_vocabulary(from_lists([["a", "b"]])), 5)
    batches = Batches(windows, 1, seed=0, shuffle=True)
    kept = []
    keep: Callable[..., None] = lambda epoch, logs: kept.append((float(model.steps), logs))  # noqa: ARG005, E731
    told = keras.callbacks.LambdaCallback(on_epoch_end=keep)
    model = Counter()
    history = fit(model, batches, batches, 6, 2.0, [told])
    # epochs 3, 4, 5, 6: 3; (3 + 4) / 2; (3.5 + 5) / 2; (4.25 + 6) / 2
    assert history == {"loss": [1, 2, 3, 4, 5, 6], "val_loss": [1, 2, 3, 3.5, 4.25, 5.125]}
    assert [weight for weight, _ in kept] == history["val_loss"]
    assert kept[-1][1] == {"loss": 6.0, "val_loss": 5.125}
    plain = fit(Counter(), batches, batches, 4, 0.0, [])
    assert plain["val_loss"] == [1, 2, 3, 4]


def test_an_early_end_keeps_the_best_epochs_weights() -> None:
    windows = make_windows(from_lists([["a", "b"]]), build_vocabulary(from_lists([["a", "b"]])), 5)
    batches = Batches(windows, 1, seed=0, shuffle=True)
    model = Counter()
    stopping = keras.callbacks.EarlyStopping("val_loss", mode="min", patience=2, restore_best_weights=True)
    history = fit(model, batches, batches, 9, 4.0, [stopping])
    assert history["val_loss"] == [1, 2, 3]
    assert float(model.steps) == 1.0


def test_random_states_are_no_part_of_the_mean() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dropout(0.5, seed=1), keras.layers.Dense(1)])
    mean = WeightMean(model, 2.0)
    assert len(mean._weights()) == 2
    before = [np.array(weight) for weight in model.weights]
    mean.enter()
    model.weights[0].assign(before[0] + 2.0)
    mean.enter()
    np.testing.assert_allclose(np.array(model.weights[0]), before[0] + 1.0, rtol=1e-6)
    mean.leave()
    np.testing.assert_allclose(np.array(model.weights[0]), before[0] + 2.0, rtol=1e-6)
