"""Models are registered once, however often the call that does it is stopped, in a real store on SQLite."""

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import LoggedModelStatus

from pipeline.store import open_store
from pipeline.tracking import LoggedModel, register
from tests.pipeline.toy import constant

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow 3.17 warns of itself

NAME, TAGS = "constant", {"config": "1", "code": "a"}


class Stopped(BaseException):
    """Stands for a kill."""


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    return open_store()


@pytest.fixture
def run_id(client: MlflowClient, tmp_path: Path) -> str:
    experiment = client.create_experiment("shop", artifact_location=(tmp_path / "artifacts").as_uri())
    return str(client.create_run(experiment).info.run_id)


@pytest.fixture
def model(tmp_path: Path) -> LoggedModel:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "answer").write_text("0.5")
    example = pd.DataFrame({"x": [1.0]})
    output = constant._load_pyfunc(str(folder)).predict(example)
    return LoggedModel(NAME, "tests.pipeline.toy.constant", (), (), folder, example, output, {"auc": 0.7})


def stopped(*_: Any, **__: Any) -> None:
    raise Stopped


def logged(client: MlflowClient, run_id: str) -> list[Any]:
    experiment = client.get_run(run_id).info.experiment_id
    return list(client.search_logged_models([experiment], f"source_run_id = '{run_id}'"))


STEPS = {
    "while its files are sent": (MlflowClient, "log_model_artifacts"),
    "before it is registered": (mlflow, "register_model"),
    "before it has its aliases": (MlflowClient, "set_registered_model_alias"),
}


@pytest.mark.parametrize(("owner", "step"), STEPS.values(), ids=STEPS)
def test_one_that_was_stopped_is_logged_and_registered_once_and_nothing_half_stays(
    client: MlflowClient, run_id: str, model: LoggedModel, monkeypatch: pytest.MonkeyPatch, owner: object, step: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(owner, step, stopped)
        with pytest.raises(Stopped):
            register(client, run_id, model, TAGS)
    for _ in range(2):
        assert register(client, run_id, model, TAGS)["version"] == "1"
        (only,) = logged(client, run_id)
        assert only.status == LoggedModelStatus.READY
        (version,) = client.search_model_versions(f"name = '{NAME}'")
        assert version.source == f"models:/{only.model_id}"
        assert version.tags == {**TAGS, "auc": "0.7"}
    assert client.get_registered_model(NAME).aliases == {"champion": 1, "challenger": 1}
    assert mlflow.pyfunc.load_model(f"models:/{NAME}@champion").predict(model.example)["answer"].tolist() == [0.5]


def test_one_of_other_code_or_another_run_is_another_version(
    client: MlflowClient, run_id: str, model: LoggedModel
) -> None:
    register(client, run_id, model, TAGS)
    assert register(client, run_id, model, TAGS | {"code": "b"})["version"] == "2"
    other = client.create_run(client.get_run(run_id).info.experiment_id).info.run_id
    assert register(client, other, model, TAGS)["version"] == "3"
