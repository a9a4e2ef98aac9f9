"""A run killed at random moments ends, when it is started again, with the bytes of an unbroken one."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from pipeline.fingerprint import folder_hashes
from pipeline.stage import STAGES
from tests.conftest import ROOT
from tests.e2e.conftest import SMALL, pipeline

SETTINGS = ("demo.sessions=1000", "evaluate.bootstrap=50", "explain.max_rows=60", "explain.permutation_repeats=2",
            "explain.quality.enabled=false")  # fmt: skip
TINY = (*SMALL, *(word for setting in SETTINGS for word in ("--set", setting)))
KILLS = 3


def outputs(workdir: Path) -> dict[str, dict[str, str]]:
    # Versions in the registry count up with every attempt; everything else is a function of the input.
    return {stage.name: folder_hashes(workdir / stage.name) for stage in STAGES if stage.name != "register"}


def test_a_run_killed_at_random_moments_ends_with_the_bytes_of_an_unbroken_one(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir()
    broken.mkdir()
    pipeline("run", "--workdir", whole / "work", *TINY, home=whole)

    chance, killed = random.Random(1), 0
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-m", "pipeline", "run", "--workdir", str(broken / "work"), *TINY],
            cwd=ROOT,
            env={**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{broken / 'mlflow.db'}"},
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        time.sleep(chance.uniform(3, 12))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    assert killed >= 2  # a fast machine may finish before the last one
    pipeline("run", "--workdir", broken / "work", *TINY, home=broken)

    assert outputs(broken / "work") == outputs(whole / "work")
    assert not (broken / "work" / ".partial").exists()
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{broken / 'mlflow.db'}")
    runs = client.search_runs([client.get_experiment_by_name("demo").experiment_id])
    assert {run.info.status for run in runs} <= {"FINISHED", "KILLED"}
    parents = [run for run in runs if run.data.tags["kind"] == "pipeline"]
    assert [run.info.status for run in parents] == ["FINISHED"]
