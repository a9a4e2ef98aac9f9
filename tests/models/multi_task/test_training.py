"""Training finds what the order of items tells, where a tabular model cannot, and is a function of its seed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import roc_auc_score

from data.errors import InputError
from data.feature import write_features
from models.abandonment import predict
from models.artifacts import load_model, save_model
from models.config import OptimizerConfig
from models.divergence import DivergedError
from models.encoder import as_inputs
from models.multi_task.batches import JointBatches, sessions_in_a_batch
from models.multi_task.inputs import Side, make_histories, read_side
from models.multi_task.training import (
    COMBINED,
    MULTI_TASK,
    NETWORKS,
    SESSION,
    train_multi_task,
)
from models.sessions.sequences import from_lists
from models.sessions.vocabulary import build_vocabulary
from tests.models.ordered_carts import CONFIG, EVENTS, RECOMMENDER, material, side, trained

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def test_the_session_finds_an_order_that_the_tabular_model_cannot() -> None:
    test = side(500, 3)
    labels = test.examples.abandoned
    assert roc_auc_score(labels, predict(material().tabular, test.examples)) < 0.6
    for name, scores in trained().scores(test).items():
        assert roc_auc_score(labels, scores) > 0.9, name
        assert np.mean(scores) == pytest.approx(labels.mean(), abs=0.05)


def test_the_best_epoch_is_kept_and_every_network_has_its_curves() -> None:
    history = trained().history()
    for name in NETWORKS:
        fitted = trained().fitted[name]
        assert fitted.best_epoch == int(np.argmin(history[f"{name}.val_loss"]))
        inputs = make_histories(material().validation.sequences, trained().vocabulary, 6).inputs()
        if name != COMBINED:
            logits = np.asarray(fitted.network.scorer(inputs), np.float64)[:, 0]
            labels = material().validation.examples.abandoned
            loss = np.mean(np.logaddexp(0, logits) - labels * logits)
            assert loss == pytest.approx(history[f"{name}.val_loss"][fitted.best_epoch], abs=1e-5)
    # The joint loss has the next items in it.
    assert history[f"{MULTI_TASK}.loss"][0] > history[f"{SESSION}.loss"][0] + 0.05


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_ones(tmp_path: Path) -> None:
    quick, tabular = CONFIG.model_copy(update={"epochs": 1}), material().tabular
    weights = tabular.get_weights()
    for name, seed in (("first", 4), ("again", 4), ("other", 5)):
        save_model(train_multi_task(material(), quick, RECOMMENDER, seed).model(), tmp_path / f"{name}.keras")
    first, again, other = ((tmp_path / f"{name}.keras").read_bytes() for name in ("first", "again", "other"))
    assert first == again
    assert first != other
    # What it builds on is left as it was.
    assert all(np.array_equal(one, other) for one, other in zip(weights, tabular.get_weights(), strict=True))


def test_the_saved_model_takes_raw_values_and_says_the_same(tmp_path: Path) -> None:
    test = side(40, 6)
    save_model(trained().model(), tmp_path / "multi_task.keras")
    model = load_model(tmp_path / "multi_task.keras")
    texts = {name: np.full((40, 6), "", dtype=object) for name in ("items", "events")}
    for row in range(40):
        texts["items"][row, :4], texts["events"][row, :4] = test.sequences.session(row), EVENTS
    answers = model(as_inputs(test.examples.features, test.examples.specs) | texts, training=False)
    np.testing.assert_allclose(np.asarray(answers["abandonment"])[:, 0], trained().scores(test)[COMBINED], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(answers["next_item"], axis=1), 1.0, atol=1e-5)
    # After the cart event of a session that has viewed "a" and "b", nothing comes; after one view, the other does.
    texts["items"][:, 1:], texts["events"][:, 1:], texts["items"][:, 0] = "", "", "a"
    asked = np.asarray(model(as_inputs(test.examples.features, test.examples.specs) | texts)["next_item"])[0]
    table = np.asarray(model.get_layer("reader").get_layer("item_table").embeddings)[1:]
    scores = dict(zip(trained().vocabulary.items, table @ asked / np.linalg.norm(table, axis=1), strict=True))
    assert scores["b"] > scores["a"]


def test_a_diverged_training_names_its_own_setting() -> None:
    wild = CONFIG.model_copy(update={"optimizer": OptimizerConfig(name="sgd", learning_rate=1e30)})
    with pytest.raises(DivergedError, match=r"multi_task\.optimizer\.learning_rate"):
        train_multi_task(material(), wild, RECOMMENDER, 0)


def test_an_epoch_has_every_example_once_and_every_session_before_one_comes_again() -> None:
    sessions = from_lists([[f"i{number}", "x", f"i{number}"] for number in range(50)])
    windows = make_histories(sessions, build_vocabulary(sessions), 5)
    batches = JointBatches({"row": np.arange(23)}, np.zeros(23, np.int8), windows, (4, 7), seed=0)
    seen: list[int] = []
    orders = []
    for _ in range(4):
        found = [batches[place] for place in range(len(batches))]
        orders.append(np.concatenate([inputs["row"] for inputs, _ in found]).tolist())
        assert sorted(orders[-1]) == list(range(23))
        seen += [int(row[0]) for inputs, _ in found for row in inputs["window_ids"]]
        batches.on_epoch_end()
    assert orders[0] != orders[1]
    assert all(len(set(seen[start : start + 50])) == 50 for start in range(0, 150, 50))
    assert sessions_in_a_batch(windows, 20) == 10
    assert (sessions_in_a_batch(windows, 1), sessions_in_a_batch(windows, 10**6)) == (1, 50)


def test_histories_keep_the_latest_events_and_those_of_unknown_items() -> None:
    known = from_lists([["a", "b"]] * 2)
    found = make_histories(
        from_lists([["a", "new", "b"], ["b"], []], [["view", "cart", "purchase"], ["uncart"], []]),
        build_vocabulary(known), 2,
    )  # fmt: skip
    assert found.ids.tolist() == [[0, 2], [2, 0], [0, 0]]
    assert found.kinds.tolist() == [[2, 4], [3, 0], [0, 0]]


def write_side(folder: Path, one: Side, sessions: list[str], points: list[int]) -> None:
    keys = one.examples.keys
    frame = pd.concat([keys, one.examples.features], axis=1).assign(abandoned=one.examples.abandoned)
    frame.to_parquet(folder / "test.parquet")
    write_features(one.examples.specs, folder / "features.json")
    lists = [one.sequences.session(row) for row in range(len(one.sequences))]
    columns = {"session_id": sessions, "decision_point": pa.array(points, pa.int32()), "items": lists}
    times = pa.array([0] * len(sessions), pa.timestamp("us"))
    gaps = pa.array([[0.0] * len(EVENTS)] * len(sessions), pa.list_(pa.float32()))
    table = pa.table({**columns, "session_start": times, "events": [EVENTS] * len(sessions), "gaps": gaps})
    pq.write_table(table, folder / "example_sequences_test.parquet")


def test_sequences_of_other_examples_are_refused(tmp_path: Path) -> None:
    one = side(6, 7)
    sessions, points = list(one.examples.keys["session_id"]), [int(k) for k in one.examples.keys["decision_point"]]
    write_side(tmp_path, one, sessions, points)
    found = read_side(tmp_path, "test")
    assert found.sequences.session(2) == one.sequences.session(2)
    assert len(found.examples) == 6
    for other, k in ((sessions[::-1], points), (sessions, points[::-1])):
        write_side(tmp_path, one, other, k)
        with pytest.raises(InputError, match="one row for each of the 6 examples beside it"):
            read_side(tmp_path, "test")
    (tmp_path / "example_sequences_test.parquet").unlink()
    with pytest.raises(InputError, match="no item sequences"):
        read_side(tmp_path, "test")
