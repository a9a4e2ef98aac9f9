"""The joint loss is the sum it says it is, and a state sees nothing that came later."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from models.config import MultiTaskConfig, RecommenderConfig
from models.multi_task.network import JointTrainer, SessionNetwork, build_session_network, next_item_loss

# Keras 3.15 saves an Embedding by np.array(variable), which NumPy 2 does not like.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ITEMS, LENGTH, WIDTH = 7, 5, 8
STILL = MultiTaskConfig(units=6, dropout=0.0, input_dropout=0.0)
TEMPERATURE = 0.1


def network(encoder: str = "gru", tabular_width: int = 0, config: MultiTaskConfig = STILL) -> SessionNetwork:
    recommender = RecommenderConfig.model_validate({"encoder": encoder, "dimension": WIDTH, "max_length": LENGTH})
    start = np.random.default_rng(0).normal(size=(ITEMS, WIDTH)).astype(np.float32)
    made = build_session_network(start, config, recommender, 3, tabular_width)
    # The last layer starts at zero, where every loss is log 2 and no gradient passes.
    head = made.leaving.get_layer("logit")
    head.set_weights([np.linspace(-1, 1, config.units, dtype=np.float32)[:, None], np.array([0.3], np.float32)])
    return made


def batch(tabular_width: int = 0) -> tuple[dict[str, Any], npt.NDArray[np.float32]]:
    """Four examples and three sessions to guess in; among the targets are unknown items, padding and repeats."""
    inputs: dict[str, Any] = {
        "ids": np.array([[1, 2, 3, 0, 0], [4, 0, 0, 0, 0], [5, 6, 7, 1, 2], [2, 0, 3, 0, 0]], np.int32),
        "kinds": np.array([[1, 1, 2, 0, 0], [2, 0, 0, 0, 0], [1, 5, 2, 3, 1], [1, 1, 2, 0, 0]], np.int32),
        "window_ids": np.array([[1, 2, 3, 2, 0, 0], [3, 0, 5, 0, 0, 0], [6, 3, 0, 0, 0, 0]], np.int32),
        "window_kinds": np.array([[1, 1, 1, 2, 0, 0], [1, 1, 2, 0, 0, 0], [1, 1, 0, 0, 0, 0]], np.int32),
    }
    if tabular_width:
        inputs["tabular"] = np.random.default_rng(1).normal(size=(4, tabular_width)).astype(np.float32)
    return inputs, np.array([[1], [0], [0], [1]], np.float32)


def by_hand(made: SessionNetwork, inputs: dict[str, Any], labels: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Both losses, term by term."""
    read = {name: inputs[name] for name in ("ids", "kinds", "tabular") if name in inputs}
    logits = np.asarray(made.scorer(read))[:, 0]
    leaving = np.mean(np.logaddexp(0, logits) - labels[:, 0] * logits)
    states = np.asarray(made.reader({"ids": inputs["window_ids"][:, :-1], "kinds": inputs["window_kinds"][:, :-1]}))
    table = np.asarray(made.items.embeddings)
    table = table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-12)
    following = inputs["window_ids"][:, 1:]
    cases = [(states[row, place], following[row, place]) for row, place in zip(*np.nonzero(following), strict=True)]
    losses = []
    for mine, (state, target) in enumerate(cases):
        asked = np.asarray(made.next_item(state[None]))[0]
        rivals = [item for other, (_, item) in enumerate(cases) if other == mine or item != target]
        scores = table[rivals] @ asked / TEMPERATURE
        losses.append(np.log(np.exp(scores).sum()) - table[target] @ asked / TEMPERATURE)
    assert len(losses) == 5
    return float(leaving), float(np.mean(losses))


@pytest.mark.parametrize("tabular_width", [0, 4])
@pytest.mark.parametrize("weight", [0.0, 0.1, 2.5])
def test_the_joint_loss_is_the_weighted_sum_of_both(weight: float, tabular_width: int) -> None:
    made, (inputs, labels) = network(tabular_width=tabular_width), batch(tabular_width)
    leaving, following = by_hand(made, inputs, labels)
    trainer = JointTrainer(made, weight, TEMPERATURE)
    asked = inputs if weight else {name: one for name, one in inputs.items() if not name.startswith("window")}
    joint = float(trainer.compute_loss(y=labels, y_pred=trainer(asked)))
    assert joint == pytest.approx(leaving + weight * following, rel=1e-5)


def gradients(made: SessionNetwork, loss: Any) -> list[npt.NDArray[np.float32]]:
    with tf.GradientTape() as tape:
        value = loss()
    found = tape.gradient(value, [variable.value for variable in made.scorer.trainable_variables])
    return [np.asarray(tf.convert_to_tensor(one)) for one in found]


def test_with_weight_zero_the_gradient_is_that_of_the_single_task() -> None:
    made, (inputs, labels) = network(), batch()
    read = {name: inputs[name] for name in ("ids", "kinds")}
    zero, some = JointTrainer(made, 0.0, TEMPERATURE), JointTrainer(made, 0.7, TEMPERATURE)
    plain = keras.losses.BinaryCrossentropy(from_logits=True)
    single = gradients(made, lambda: plain(labels, made.scorer(read)))
    joint = gradients(made, lambda: zero.compute_loss(y=labels, y_pred=zero(read)))
    for one, other in zip(single, joint, strict=True):
        np.testing.assert_array_equal(one, other)
    both = gradients(made, lambda: some.compute_loss(y=labels, y_pred=some(inputs)))
    assert any(np.abs(one - other).max() > 1e-3 for one, other in zip(single, both, strict=True))
    # What is not part of the single task is not even there to be trained.
    assert not {v.path for v in made.next_item.trainable_variables} & {v.path for v in zero.trainable_variables}


def test_no_target_is_no_loss_and_a_sure_answer_costs_next_to_nothing() -> None:
    unit = np.eye(3, dtype=np.float32)
    assert float(next_item_loss(unit, unit, np.zeros(3, np.int32), TEMPERATURE)) == 0.0
    assert float(next_item_loss(unit, unit, np.array([1, 2, 3], np.int32), 0.01)) < 1e-6
    # Against itself alone a target cannot lose, whatever the others of its kind score.
    assert float(next_item_loss(-unit, unit, np.array([2, 2, 2], np.int32), TEMPERATURE)) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("encoder", ["gru", "lstm", "attention", "pooling"])
def test_a_state_sees_nothing_that_came_later(encoder: str) -> None:
    made, (inputs, _) = network(encoder), batch()
    ids, kinds = inputs["ids"][2:3], inputs["kinds"][2:3]
    for seen in range(1, LENGTH + 1):
        place = np.arange(LENGTH) < seen
        cut = made.scorer({"ids": np.where(place, ids, 0), "kinds": np.where(place, kinds, 0)})
        # Items left in the padding do not count: an event is there by its kind.
        odd = made.scorer({"ids": np.where(place, ids, 4), "kinds": np.where(place, kinds, 0)})
        np.testing.assert_allclose(cut, odd, atol=1e-6)
        states = made.reader({"ids": ids, "kinds": kinds})
        logit = made.leaving({"state": np.asarray(states)[:, seen - 1]})
        np.testing.assert_allclose(cut, logit, atol=1e-5)


def test_beside_a_tabular_model_it_starts_as_that_model() -> None:
    recommender = RecommenderConfig(dimension=WIDTH, max_length=LENGTH)
    made = build_session_network(np.ones((ITEMS, WIDTH), np.float32), STILL, recommender, 0, 4)
    inputs, _ = batch(4)
    read = {name: inputs[name] for name in ("ids", "kinds", "tabular")}
    np.testing.assert_allclose(made.scorer(read), inputs["tabular"][:, -1:], atol=1e-6)
