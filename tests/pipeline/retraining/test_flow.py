"""A retrain whose store goes away says that nothing is lost, and the next call goes on."""

from pathlib import Path

import pytest
from mlflow.exceptions import MlflowException

from pipeline.progress import Progress
from pipeline.retraining import flow
from pipeline.retraining.flow import retrain
from pipeline.store import Unreachable
from tests.pipeline.retraining.shop import NOW, first_run


def gone(*_: object) -> None:
    raise MlflowException("connection refused")


def test_a_store_that_goes_away_is_told_with_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    config = first_run(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(flow, "take_in", gone)
        with pytest.raises(Unreachable, match=r"connection refused[\s\S]*Nothing is lost.*goes on from there"):
            retrain(config, tmp_path / "work", Progress(), NOW)
    assert retrain(config, tmp_path / "work", Progress(), NOW).decision is None


def test_an_absent_store_is_told_without_the_advice_to_do_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    config = first_run(tmp_path)
    with pytest.raises(Unreachable, match="Nothing is lost") as caught:
        retrain(config, tmp_path / "work", Progress(), NOW)
    assert "tracking.enabled" not in str(caught.value)
