"""The registered abandonment model beside the server: one folder of files, one answer."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from mlflow.exceptions import MlflowException

from data.errors import InputError
from data.features.live import LiveEvent
from data.live.live_cart import LiveCart
from explain.cart.model import BACKGROUND, THRESHOLD, read_cart_model
from explain.loaders.cart import COLUMNS, CartFunction, _load_pyfunc
from pipeline.cart_files import example_carts, write_cart_model
from pipeline.runner import read_config
from pipeline.serving.sources import Source
from pipeline.store import open_store
from pipeline.tracking import LoggedModel, register
from tests.pipeline.serving.conftest import cart

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow 3.17 warns of itself when it is imported and on pandas 3

EVENT = {"ts": "2026-03-01T10:00:00Z", "event": "cart", "item_id": "a", "price": 9.5}


@pytest.fixture(scope="module")
def folder(workdir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that are registered."""
    folder = tmp_path_factory.mktemp("registered") / "model"
    write_cart_model(read_config(workdir), workdir, folder)
    return folder


@pytest.fixture(scope="module")
def function(folder: Path) -> CartFunction:
    return _load_pyfunc(str(folder))


@pytest.fixture(scope="module")
def some(sessions: pd.DataFrame) -> list[dict[str, Any]]:
    """Open carts of the log, as clients of the server send them."""
    opened = sessions.groupby("session_id").filter(
        lambda one: (one["event"] == "cart").any() and not (one["event"] == "purchase").any()
    )
    names = opened["session_id"].unique()
    return [cart(opened[opened["session_id"] == name]) for name in names[:: max(1, len(names) // 40)]]


def table_of(carts: list[dict[str, Any]]) -> pd.DataFrame:
    """The same carts as clients of the registered model send them."""
    rows = []
    for one in carts:
        events = [{key: value for key, value in event.items() if key != "visitor_id"} for event in one["events"]]
        rows.append({"visitor_id": one["events"][0]["visitor_id"], "events": events})
    return pd.DataFrame(rows)


def answers(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Answers as JSON carries them."""
    told: list[dict[str, Any]] = json.loads(json.dumps(frame.to_dict("records")))
    return told


def test_both_answer_the_same_to_the_bit(
    client: TestClient, function: CartFunction, some: list[dict[str, Any]]
) -> None:
    told = client.post("/v1/carts", json={"carts": some, "reasons": True, "items": 5}).json()["carts"]
    found = answers(function.predict(table_of(some)))
    assert [[one[name] for name in COLUMNS] for one in told] == [[one[name] for name in COLUMNS] for one in found]
    assert len(found) >= 20
    assert all(one["visitor_known"] for one in found)
    assert len({one["abandonment_probability"] for one in found}) > 10


def test_rows_keep_their_index_and_none_are_answered_with_none(function: CartFunction, workdir: Path) -> None:
    example = example_carts(workdir)
    found = function.predict(example.set_axis(["x", "y"], axis=0))
    assert (found.index.tolist(), found.columns.tolist()) == (["x", "y"], COLUMNS)
    assert found["visitor_known"].tolist() == [False, False]
    assert [function.predict(example.iloc[:0]).shape, found.shape] == [(0, len(COLUMNS)), (2, len(COLUMNS))]


def test_a_mistake_is_told_by_the_exception_whose_message_clients_see(function: CartFunction) -> None:
    with pytest.raises(MlflowException, match=r"`rows\.0\.events` should have a cart event\. Received: view") as found:
        function.predict(pd.DataFrame({"events": [[{**EVENT, "event": "view"}]]}))
    assert found.value.get_http_status_code() == 400


def test_no_id_of_a_visitor_or_a_session_is_in_the_files(folder: Path, workdir: Path, sessions: pd.DataFrame) -> None:
    ids = {*sessions["visitor_id"], *sessions["session_id"]}
    for file in folder.rglob("*.parquet"):
        for column in pq.read_table(file).itercolumns():
            assert not ids & set(map(str, column.to_pylist())), file
        assert not set(pq.read_schema(file).names) & {"visitor_id", "session_id", "row"}
    for file in folder.rglob("*.json"):
        assert not any(f'"{one}"' in file.read_text() for one in ids), file
    assert len(pd.read_parquet(folder / BACKGROUND)) == read_config(workdir).explain.background


def with_threshold(folder: Path, target: Path, value: float) -> Path:
    shutil.copytree(folder, target)
    (target / THRESHOLD).write_text(json.dumps({"value": value}))
    return target


def test_the_threshold_is_that_of_the_files(folder: Path, tmp_path: Path) -> None:
    carts = [LiveCart("v", None, carted()) for _ in range(2)]
    for value, sure in ((0.0, True), (1.0, False)):
        model = read_cart_model(with_threshold(folder, tmp_path / str(value), value))
        assert [one.nudge.by_threshold for one in model.scorer.score([carts])[0]] == [sure, sure]


def carted() -> list[LiveEvent]:
    return [LiveEvent(1_772_359_200_000_000, "cart", "a", None, 9.5, 1)]


def test_a_model_of_an_earlier_form_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "old")
    (tmp_path / "old" / BACKGROUND).unlink()
    with pytest.raises(InputError, match=r"Received: one without background\.parquet; register it anew"):
        read_cart_model(tmp_path / "old")


@pytest.fixture
def address(folder: Path, workdir: Path, function: CartFunction, tmp_path: Path, monkeypatch: Any) -> str:
    """The model in a registry of its own, with a threshold that nothing reaches."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    client, example = open_store(), example_carts(workdir)
    experiment = client.create_experiment("some", (tmp_path / "artifacts").as_uri())
    run = client.create_run(experiment)
    model = LoggedModel(
        "cart", "explain.loaders.cart", ("data", "models", "explain"), ("shap",),
        with_threshold(folder, tmp_path / "model", 1.0), example, function.predict(example), {},
    )  # fmt: skip
    register(client, run.info.run_id, model, {})
    return "models:/cart@champion"


def test_serve_takes_the_registered_models_threshold_over_a_run_and_needs_none(
    address: str, workdir: Path, tmp_path: Path
) -> None:
    carts = [[LiveCart("v", None, carted())]]
    own = Source(workdir)
    (expected,) = own.load(own.state()).carts.score(carts)[0]  # type: ignore[union-attr]
    assert expected.nudge.by_threshold
    for place in (workdir, tmp_path / "no run"):
        source = Source(place, abandonment=address)
        assert source.alone == (place != workdir)
        served = source.load(source.state())
        assert served.carts is not None
        assert served.items is not None
        (found,) = served.carts.score(carts)[0]
        assert (found.probability, found.nudge.by_threshold) == (expected.probability, False)
        assert served.versions.abandonment == "1"
        assert (served.versions.history is None) == source.alone
    with pytest.raises(InputError, match="should be the folder of an earlier run"):
        Source(tmp_path / "no run").state()


def test_the_signature_takes_whole_prices_and_names_all_that_is_needed(address: str, monkeypatch: Any) -> None:
    import mlflow

    monkeypatch.chdir(Path("/"))
    info = mlflow.models.get_model_info(address)
    events = info.signature.inputs.to_dict()[2]
    assert events["items"]["properties"]["price"] == {"type": "any", "required": False}
    assert events["items"]["properties"]["quantity"] == {"type": "long", "required": False}
    listed = Path(mlflow.artifacts.download_artifacts(f"{address}/requirements.txt")).read_text().split()
    assert all("==" in line for line in listed)
    names = {line.split("==")[0] for line in listed}
    assert {"mlflow", "shap", "scikit-learn", "numba", "numpy"} <= names


def test_probabilities_are_numbers_of_float32(function: CartFunction, some: list[dict[str, Any]]) -> None:
    found = function.predict(table_of(some))["abandonment_probability"].astype(float)
    np.testing.assert_array_equal(found, found.astype(np.float32).astype(float))
