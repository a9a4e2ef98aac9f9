"""Whole runs through a real tracking server, on PostgreSQL behind a password and on SQLite without one."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
import psutil
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from data.raw.pseudonyms import VARIABLE
from pipeline.stage import STAGES
from tests.conftest import ROOT
from tests.e2e.conftest import pipeline
from tests.e2e.tracking_server import free_port, postgres, serving

SETTINGS = (
    "demo.sessions=1500", "tune.trials=2", "tune.epochs=2", "abandonment.epochs=3", "recommender.epochs=1",
    "explain.max_rows=40", "explain.permutation_repeats=2", "explain.quality.enabled=false",
)  # fmt: skip
TINY = tuple(word for setting in SETTINGS for word in ("--set", setting))
SECRET = "a secret of one shop"
VISITOR = re.compile(rb"\bv\d{7}\b")
PASSWORD = "long-enough-for-a-test"


@pytest.fixture(scope="module", params=["postgresql", "sqlite"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder with `work`, the run that was logged through a server, and the server's address.

    The server on SQLite is killed in the middle of the run, which is told in `killed.log`, and started again.
    """
    home = tmp_path_factory.mktemp(request.param)
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, SECRET)
        command = ["run", "--workdir", str(home / "work"), *TINY, "--set", "ingest.hash_visitors=true"]
        if request.param == "postgresql":
            address = stack.enter_context(serving(stack.enter_context(postgres()), home, PASSWORD))
            patch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
            patch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)
        else:
            database, port = f"sqlite:///{home / 'mlflow.db'}", free_port()
            with serving(database, home, port=port) as address:
                _lose_the_server(command, home, address, port)
            stack.enter_context(serving(database, home, port=port))
        run = pipeline(*command, home=home, environment={"MLFLOW_TRACKING_URI": address})
        (home / "whole.log").write_text(run.stderr)
        yield home, address


def _lose_the_server(command: list[str], home: Path, address: str, port: int) -> None:
    """Run a command, and kill the server as soon as the command has begun to tell it something."""
    run = subprocess.Popen(
        [sys.executable, "-m", "pipeline", *command],
        cwd=ROOT,
        env={**os.environ, "MLFLOW_TRACKING_URI": address},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while not (home / "work" / "tracking.json").exists() and run.poll() is None:
        time.sleep(0.05)
    assert run.poll() is None, "the run ended before the server could be killed"
    (server,) = [one for one in psutil.Process().children() if f"--port={port}" in one.cmdline()]
    for process in (*server.children(recursive=True), server):
        process.send_signal(signal.SIGKILL)
    told = run.communicate(timeout=500)[0]
    assert run.returncode == 2
    (home / "killed.log").write_text(told)


def test_a_run_its_trials_and_its_artifacts_come_back_from_the_server(served: tuple[Path, str], tmp_path: Path) -> None:
    home, address = served
    client = MlflowClient(address)
    experiment = client.get_experiment_by_name("demo")
    assert experiment.artifact_location.startswith("mlflow-artifacts:")
    runs = client.search_runs([experiment.experiment_id])
    assert {run.info.status for run in runs} == {"FINISHED"}
    (parent,) = [run for run in runs if run.data.tags["kind"] == "pipeline"]
    trials = [run for run in runs if run.data.tags["kind"] == "trial"]
    assert len(trials) == 2
    for trial in trials:
        series = [point.value for point in client.get_metric_history(trial.info.run_id, "val_loss")]
        assert min(series) == trial.data.metrics["best_val_loss"]
    assert sum("chosen" in trial.data.tags for trial in trials) == 1
    summary = json.loads((home / "work" / "summary.json").read_text())
    assert (summary["mlflow"]["run_id"], summary["mlflow"]["tracking_uri"]) == (parent.info.run_id, address)
    assert parent.data.metrics["abandonment.test.auc"] == summary["abandonment"]["test"]["auc"]
    page = client.download_artifacts(parent.info.run_id, "report/index.html", str(tmp_path))
    assert Path(page).read_bytes() == (home / "work" / "report" / "index.html").read_bytes()
    assert any((home / "artifacts").rglob("index.html"))  # the server keeps it, the client only sends


def test_a_killed_server_stops_no_training_and_only_what_it_missed_is_done_again(served: tuple[Path, str]) -> None:
    home, _ = served
    done = [line.split()[0] for line in (home / "whole.log").read_text().splitlines() if " done " in line]
    if not (home / "killed.log").exists():
        assert done == [stage.name for stage in STAGES]
        return
    told = (home / "killed.log").read_text()
    assert told.count("cannot be told what goes on") == 1
    assert "Nothing is lost" in told
    assert done == ["register"]


def test_where_visitors_are_hashed_the_server_gets_no_id_and_no_key(served: tuple[Path, str]) -> None:
    home, _ = served
    kept = [path for path in (*(home / "artifacts").rglob("*"), home / "mlflow.db") if path.is_file()]
    assert any(path.name == "index.html" for path in kept)
    for path in kept:
        content = path.read_bytes()
        assert not VISITOR.search(content), path
        assert SECRET.encode() not in content, path
    shop = home / "work" / "ingest" / "demo" / "events.parquet"
    assert VISITOR.search(pd.read_parquet(shop)["visitor_id"].iloc[0].encode())


def test_both_models_are_registered_and_the_files_of_the_champion_come_back(
    served: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.tracking import fetch_model

    home, address = served
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    client = MlflowClient(address)
    for name, file in (("cart-abandonment", "abandonment.keras"), ("next-item", "recommender.keras")):
        assert set(client.get_registered_model(name).aliases) == {"champion", "challenger"}
        folder = tmp_path / name
        folder.mkdir()
        (found,) = fetch_model(f"models:/{name}@champion", folder, "address").rglob(file)
        assert found.read_bytes() == (home / "work" / "train" / file).read_bytes()


def test_without_the_password_nothing_is_answered(served: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    home, address = served
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "wrong")
    told = pipeline("models", home=home, environment={"MLFLOW_TRACKING_URI": address}, check=False)
    if (home / "auth.ini").exists():
        with pytest.raises(MlflowException, match="401"):
            MlflowClient(address).search_experiments()
        assert told.returncode == 2
        assert "MLFLOW_TRACKING_PASSWORD" in told.stderr
    else:
        assert told.returncode == 0
