"""MLflow's own pages in a real browser: the views that every experiment gets."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

from pipeline.tracking.views import VIEWS
from tests.conftest import ROOT
from tests.e2e.browser import Tab, open_tab
from tests.e2e.tracking_server import PATIENCE, free_port, wait_for


@pytest.fixture(scope="module")
def address(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The UI over the demo's store, as `python -m pipeline ui` starts it."""
    port, log = free_port(), tmp_path_factory.mktemp("ui") / "ui.log"
    with log.open("w") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "pipeline", "ui", "--port", str(port)],
            cwd=ROOT,
            env={**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{demo / 'mlflow.db'}"},
            stdout=told,
            stderr=told,
            start_new_session=True,  # it has the server and its workers below it
        )
    try:
        wait_for(process, f"http://127.0.0.1:{port}/health", log)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def test_each_view_shows_its_runs_and_its_columns(address: str, demo: Path, tmp_path: Path) -> None:
    client = MlflowClient(f"sqlite:///{demo / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("demo").experiment_id
    with open_tab(tmp_path / "profile") as tab:
        tab.call("Emulation.setDeviceMetricsOverride", width=2600, height=1200, deviceScaleFactor=1, mobile=False)
        for view in VIEWS:
            runs = client.search_runs([experiment], f"tags.kind = '{view.kind}'")
            shown = [name for run in runs for name in run.data.metrics if name in view.metrics]
            wanted = {view.name, f"tags.kind = '{view.kind}'", *shown, *(run.info.run_name for run in runs)}
            tab.call("Page.navigate", url="about:blank")
            tab.call("Page.navigate", url=f"{address}/#/experiments/{experiment}/runs?viewStateShareKey={view.key}")
            _wait_for(tab, wanted)
            if view.kind == "trial":
                best = min(run.data.metrics["best_val_loss"] for run in runs)
                figures = tab.value("[...document.querySelectorAll('[col-id*=best_val_loss]')].map(e => e.innerText)")
                assert float(next(text for text in figures if text[:1].isdigit())) == best


def _wait_for(tab: Tab, wanted: set[str]) -> None:
    end = time.monotonic() + PATIENCE
    shown = "(document.body?.innerText ?? '') + [...document.querySelectorAll('input')].map(e => e.value)"
    while missing := {words for words in wanted if words not in str(tab.value(shown))}:
        assert time.monotonic() < end, missing
        time.sleep(0.3)
