"""Runs of whole commands, as a user would type them."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.conftest import ROOT

SETTINGS = ("tune.trials=2", "tune.epochs=3", "abandonment.epochs=8", "recommender.epochs=2")
SMALL = tuple(word for setting in SETTINGS for word in ("--set", setting))
"""Settings that keep a run of a test short."""


def pipeline(
    *arguments: str | Path, home: Path, check: bool = True, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `python -m pipeline …` with its MLflow store in `home`."""
    store = {"MLFLOW_TRACKING_URI": f"sqlite:///{home / 'mlflow.db'}", "COLUMNS": "200"}
    process = subprocess.run(
        [sys.executable, "-m", "pipeline", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **store, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=580,
    )
    if check:
        assert process.returncode == 0, process.stderr
    return process


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demo was run once: `work` and `mlflow.db`."""
    home = tmp_path_factory.mktemp("demo")
    pipeline("run", "--workdir", home / "work", "--set", "demo.sessions=3000", *SMALL, home=home)
    return home
