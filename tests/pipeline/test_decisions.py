"""Decisions in a real MLflow store: each once, whatever was killed in between."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

from pipeline.config import load_config
from pipeline.store import open_store
from pipeline.tracking.decisions import log_decision, open_decision, version_of_retrain

CONFIG = load_config(None, None, ["tracking.experiment=shop"])


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowClient]:
    """A client of a new store, which is the store while these tests last: where artifacts go is asked each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path_factory.mktemp('store') / 'mlflow.db'}")
        yield open_store()


def test_a_retrain_has_one_run_with_its_decision_reason_and_evidence(client: MlflowClient, tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "index.html").write_text("page")
    run_id = open_decision(client, CONFIG, "2026-05-01-ab", "title")
    assert open_decision(client, CONFIG, "2026-05-01-ab", "title") == run_id
    assert open_decision(client, CONFIG, "2026-05-08-cd", "title") != run_id
    for _ in range(2):  # the second as after a kill
        log_decision(client, run_id, "kept", "x" * 9000, {"abandonment.auc.low": -0.01}, [tmp_path / "report"])
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert client.get_experiment(run.info.experiment_id).name == "shop retraining"
    assert (run.data.tags["decision"], run.data.tags["kind"]) == ("kept", "retraining")
    assert run.data.tags["reason"] == "x" * 5000
    assert run.data.metrics == {"abandonment.auc.low": -0.01}
    assert [one.path for one in client.list_artifacts(run_id, "report")] == ["report/index.html"]


def test_the_version_that_a_retrain_registered_is_found_by_its_tag(client: MlflowClient, tmp_path: Path) -> None:
    client.create_registered_model("cart")
    client.create_model_version("cart", str(tmp_path), tags={"retrain": "one"})
    client.create_model_version("cart", str(tmp_path), tags={"retrain": "two"})
    assert version_of_retrain(client, "cart", "two") == "2"
    assert version_of_retrain(client, "cart", "three") is None
    assert version_of_retrain(client, "absent", "one") is None
