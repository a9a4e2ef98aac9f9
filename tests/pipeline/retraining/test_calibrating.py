"""The calibration that was judged is the one that is served."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, logit

from models.abandonment import build_abandonment, predict
from models.artifacts import load_model, save_model
from models.config import AbandonmentConfig
from pipeline.fingerprint import folder_hashes
from pipeline.retraining.calibrating import NOTE, calibrate
from pipeline.workdir import MANIFEST, read_manifest
from tests.models.tables import carts

CARTS = carts(300, 0)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A challenger's work folder with a network that nobody has trained."""
    train = tmp_path / "train"
    train.mkdir()
    save_model(build_abandonment(CARTS, AbandonmentConfig(units=(8,))), train / "abandonment.keras")
    (train / "threshold.json").write_text(json.dumps({"value": 0.4, "notes": ["before"]}))
    manifest = {"fingerprint": {"input": {}}, "outputs": folder_hashes(train), "status": "done"}
    (train / MANIFEST).write_text(json.dumps(manifest))
    return tmp_path


def test_the_model_says_what_the_calibration_says_and_ranks_as_before(work: Path) -> None:
    file = work / "train" / "abandonment.keras"
    before = predict(load_model(file), CARTS)
    calibrate(work, {"scale": 0.4, "shift": 0.9})
    after = predict(load_model(file), CARTS)
    assert after == pytest.approx(expit(0.4 * logit(before) + 0.9), abs=1e-5)
    order = np.argsort(before)
    assert (np.diff(after[order]) >= 0).all()
    chosen = json.loads((work / "train" / "threshold.json").read_text())
    assert (chosen["value"], chosen["notes"]) == (0.4, ["before", NOTE])


def test_done_again_it_changes_nothing_and_the_manifest_tells_what_is_there(work: Path) -> None:
    calibrate(work, {"scale": 0.4, "shift": 0.9})
    once = folder_hashes(work / "train")
    calibrate(work, {"scale": 0.4, "shift": 0.9})
    assert folder_hashes(work / "train") == once
    assert (read_manifest(work, "train") or {})["outputs"] == once
