"""A challenger that is not promoted waits with its files, until it is heard again or is no longer there."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from mlflow import MlflowClient

from pipeline.config import PipelineConfig
from pipeline.retraining.champions import Champions, Standing
from pipeline.retraining.composing import KEPT
from pipeline.retraining.decision import FILE
from pipeline.retraining.kept import keep, kept_challenger
from pipeline.retraining.state import HOME, Part, State
from pipeline.store import open_store
from pipeline.tracking.decisions import RETRAIN

FILES = {"abandonment.keras", "threshold.json", "gradients.json", "history.json", "features.json"}
MOMENT = datetime(2026, 3, 1)
ID, NAME = "2026-03-08-0a1b2c3d", "cart-abandonment"


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    """Of a store with a champion, version 1, and the challenger of a retrain, version 2."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    client = open_store()
    client.create_registered_model(NAME)
    client.create_model_version(NAME, str(tmp_path))
    client.create_model_version(NAME, str(tmp_path), tags={RETRAIN: ID})
    return client


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    """Where that retrain has decided, and its challenger's work folder still lies."""
    work = tmp_path / "work" / HOME / ID / "challenger"
    for name in (*FILES, "recommender.keras", "baseline_scores.parquet"):
        folder = work / ("split" if name == "features.json" else "train")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (work.parent / FILE).write_text(json.dumps({"test_from": "2026-03-01T10:00:00.000001"}))
    return tmp_path / "work"


def state(kept: str | None) -> State:
    part = Part(id="run", names=(), hashes=(), events=1, added=1, late=0, first=MOMENT, last=MOMENT)
    return State(parts=(part,), tracking_uri="", window_from=MOMENT, kept=kept)


def champions(version: str) -> Champions:
    return Champions(Path("champion"), {"abandonment": Standing(NAME, version, "abandonment", None)})


def test_what_is_kept_outlives_the_work_folder_and_says_what_it_has_not_learnt_from(
    client: MlflowClient, workdir: Path
) -> None:
    retrain = workdir / HOME / ID
    for _ in range(2):  # the second as after a kill
        keep(retrain / "challenger", retrain)
    found = kept_challenger(client, PipelineConfig(), workdir, state(ID), champions("1"))
    assert found is not None
    assert (found.retrain, found.version, found.folder) == (ID, "2", retrain / KEPT)
    assert found.heard_from == datetime(2026, 3, 1, 10, 0, 0, 1)
    assert {file.name for file in found.folder.iterdir()} == FILES


@pytest.mark.parametrize("gone", ["nobody", "files", "version", "champion"])
def test_one_that_is_gone_or_is_the_champion_by_now_is_not_heard(
    client: MlflowClient, workdir: Path, gone: str
) -> None:
    retrain = workdir / HOME / ID
    if gone != "files":
        keep(retrain / "challenger", retrain)
    if gone == "version":
        client.delete_model_version(NAME, "2")
    known, standing = state(None if gone == "nobody" else ID), champions("2" if gone == "champion" else "1")
    assert kept_challenger(client, PipelineConfig(), workdir, known, standing) is None
