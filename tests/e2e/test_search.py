"""`tune` and `compare` as a user types them."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from mlflow import MlflowClient

from tests.conftest import ROOT
from tests.e2e.conftest import pipeline

TINY = ("--set", "demo.sessions=1500", "--set", "recommender.enabled=false")
BUDGET = ("--trials", "4", "--epochs", "5")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an unbroken search by two workers."""
    folder = tmp_path_factory.mktemp("search")
    told = pipeline("tune", "--workdir", folder / "work", *TINY, *BUDGET, "--workers", "2", home=folder).stdout
    assert "python -m pipeline run --workdir" in told
    return folder


def results(workdir: Path) -> list[bytes]:
    return [(workdir / "tune" / name).read_bytes() for name in ("trials.json", "best.json")]


def trials_in_mlflow(home: Path) -> dict[str, str]:
    client = MlflowClient(f"sqlite:///{home / 'mlflow.db'}")
    runs = client.search_runs([client.get_experiment_by_name("demo").experiment_id])
    assert not [run for run in runs if run.info.status == "RUNNING"]
    return {run.data.tags["key"]: run.info.status for run in runs if run.data.tags["kind"] == "trial"}


def test_a_search_chooses_on_the_validation_examples_and_is_in_mlflow_trial_by_trial(home: Path) -> None:
    trials = json.loads((home / "work" / "tune" / "trials.json").read_text())
    best = min(trials, key=lambda trial: trial["metrics"]["val_loss"])
    chosen = json.loads((home / "work" / "tune" / "best.json").read_text())
    assert chosen["batch_size"] == best["values"]["batch_size"]
    assert chosen["dropout"] == best["values"]["dropout"]
    assert [trial["trial"] for trial in trials] == ["0000", "0001", "0002", "0003"]
    assert trials_in_mlflow(home) == dict.fromkeys((trial["trial"] for trial in trials), "FINISHED")
    assert not (home / "work" / "train").exists()
    client = MlflowClient(f"sqlite:///{home / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("demo").experiment_id
    first, *_ = client.search_runs([experiment], "tags.kind = 'trial'", order_by=["metrics.best_val_loss"])
    assert first.data.tags["key"] == best["trial"]
    assert [run.info.run_id for run in client.search_runs([experiment], "tags.chosen = 'yes'")] == [first.info.run_id]


@pytest.mark.parametrize("whom", ["worker", "command"])
def test_a_killed_search_ends_as_an_unbroken_one(whom: str, home: Path, tmp_path: Path) -> None:
    words = ["tune", "--workdir", str(tmp_path / "work"), *TINY, *BUDGET, "--workers", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", *words],
        cwd=ROOT,
        env={**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path / 'mlflow.db'}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    epochs = tmp_path / "work" / ".scratch" / "tune" / "trials" / "0001" / "epochs.jsonl"
    while not epochs.exists() and process.poll() is None:
        time.sleep(0.05)
    assert process.poll() is None, "the search ended before it could be killed"
    time.sleep(random.Random(whom).uniform(0.0, 0.5))
    workers = psutil.Process(process.pid).children()
    (workers[0] if whom == "worker" else process).send_signal(signal.SIGKILL)
    assert process.wait(timeout=300) == (0 if whom == "worker" else -signal.SIGKILL)
    if whom == "command":
        psutil.wait_procs(workers, timeout=30)
        assert not [worker for worker in workers if worker.is_running()]
        pipeline(*words, home=tmp_path)
    assert results(tmp_path / "work") == results(home / "work")
    assert trials_in_mlflow(tmp_path) == trials_in_mlflow(home)


def test_alternatives_are_compared_and_told_of_on_a_page_and_in_mlflow(home: Path) -> None:
    only = ("--only", "adadelta", "--only", "adadelta_keras")
    budget = ("--trials", "2", "--seeds", "2", "--epochs", "4", "--workers", "2")
    told = pipeline("compare", "--workdir", home / "work", *TINY, *only, *budget, home=home).stdout
    result = json.loads((home / "work" / "compare" / "optimizer" / "result.json").read_text())
    rows = {row["name"]: row for row in result["alternatives"]}
    assert [len(rows[name]["trials"]) for name in ("adadelta", "adadelta_keras")] == [2, 1]
    assert rows["adadelta"]["quality"][0] > rows["adadelta_keras"]["quality"][0]  # Keras's default hardly learns
    assert "Adadelta" in told
    page = (home / "work" / "report" / "compare-optimizer.html").read_text()
    assert "<svg" in page
    client = MlflowClient(f"sqlite:///{home / 'mlflow.db'}")
    runs = client.search_runs([client.get_experiment_by_name("demo").experiment_id])
    kinds = [run.data.tags["kind"] for run in runs]
    assert {kind: kinds.count(kind) for kind in ("comparison", "alternative", "seed")} == {
        "comparison": 1, "alternative": 2, "seed": 4,
    }  # fmt: skip
    assert {run.info.status for run in runs} == {"FINISHED"}
    adadelta = next(run for run in runs if run.data.tags.get("key") == "alternative adadelta")
    assert adadelta.data.metrics["judged_auc"] == pytest.approx(rows["adadelta"]["quality"][0])


def test_digits_are_tuned_and_the_test_images_opened_once(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    shapes = rng.integers(0, 255, (10, 6, 6))
    labels = rng.integers(0, 10, 11_000)
    images = np.clip(shapes[labels] + rng.normal(0, 250, (11_000, 6, 6)), 0, 255).astype(np.uint8)
    file = tmp_path / "digits.npz"
    np.savez(file, x_train=images[:10_500], y_train=labels[:10_500], x_test=images[10_500:], y_test=labels[10_500:])
    words = ("--preset", "mnist", "--input", file, "--workdir", tmp_path / "work", "--trials", "2", "--epochs", "2")
    told = pipeline("tune", *words, home=tmp_path).stdout
    result = json.loads((tmp_path / "work" / "digits" / "result.json").read_text())
    assert len(result["trials"]) == 2
    low, high = result["test"]["interval"]
    assert low < result["test"]["accuracy"] < high
    assert f"{result['test']['accuracy']:.2%}" in told
    refused = pipeline("run", *words[:6], home=tmp_path, check=False)
    assert refused.returncode == 2
    assert "digits are for `tune` and `compare`" in refused.stderr
