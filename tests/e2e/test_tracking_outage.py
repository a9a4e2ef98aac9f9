"""A tracking server that is killed in the middle of a run."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
from mlflow import MlflowClient

from tests.conftest import ROOT
from tests.e2e.conftest import pipeline
from tests.e2e.test_tracking_server import TINY
from tests.e2e.tracking_server import free_port, serving


def test_what_a_killed_server_did_not_hear_is_sent_when_it_is_back(tmp_path: Path) -> None:
    port, work, database = free_port(), tmp_path / "work", f"sqlite:///{tmp_path / 'mlflow.db'}"
    there = {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}"}
    with serving(database, tmp_path, port=port):
        run = subprocess.Popen(
            [sys.executable, "-m", "pipeline", "run", "--workdir", str(work), *TINY],
            cwd=ROOT,
            env={**os.environ, **there},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        while not (work / "tracking.json").exists() and run.poll() is None:
            time.sleep(0.05)
        assert run.poll() is None, "the run ended before the server could be killed"
        _kill_server(port)
        told = run.communicate(timeout=500)[0]
    assert run.returncode == 2
    assert "cannot be told what goes on" in told
    assert "Nothing is lost" in told
    assert (work / "report" / "index.html").exists()
    assert (work / "summary.json").exists()
    with serving(database, tmp_path, port=port) as address:
        again = pipeline("run", "--workdir", work, *TINY, home=tmp_path, environment=there)
        assert _ran(again.stderr) == ["register"]
        client = MlflowClient(address)
        runs = client.search_runs([client.get_experiment_by_name("demo").experiment_id])
        assert sorted(one.data.tags["kind"] for one in runs) == ["pipeline", "trial", "trial"]
        assert {one.info.status for one in runs} == {"FINISHED"}
        for trial in (one for one in runs if one.data.tags["kind"] == "trial"):
            series = [point.value for point in client.get_metric_history(trial.info.run_id, "val_loss")]
            assert min(series) == trial.data.metrics["best_val_loss"]
        assert sum("chosen" in one.data.tags for one in runs) == 1
        assert set(client.get_registered_model("cart-abandonment").aliases) == {"champion", "challenger"}


def _ran(progress: str) -> list[str]:
    """Stages that were done."""
    return [line.split()[0] for line in progress.splitlines() if " done " in line]


def _kill_server(port: int) -> None:
    (server,) = [one for one in psutil.Process().children() if f"--port={port}" in one.cmdline()]
    for process in (*server.children(recursive=True), server):
        process.send_signal(signal.SIGKILL)
