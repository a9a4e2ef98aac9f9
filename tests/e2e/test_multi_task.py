"""The multi-task networks from the command line: made where asked for, and no trace where not."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.e2e.conftest import pipeline
from tests.explain.pages import Page

SETTINGS = (
    "multi_task.enabled=true", "multi_task.epochs=2", "demo.sessions=3000", "tune.trials=0", "abandonment.epochs=4",
    "recommender.epochs=1", "explain.max_rows=50", "explain.permutation_repeats=2",
)  # fmt: skip
NAMES = ["tabular", "session", "session_multi_task", "tabular_and_session"]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    home = tmp_path_factory.mktemp("multi_task")
    words = [word for setting in SETTINGS for word in ("--set", setting)]
    return home, pipeline("run", "--workdir", home / "work", *words, home=home).stdout


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def test_all_four_are_in_the_summary_the_report_and_on_the_screen(asked: tuple[Path, str]) -> None:
    home, told = asked
    found = read(home / "work" / "summary.json")["multi_task"]
    assert list(found["test"]) == NAMES
    assert found["test"]["tabular"] == read(home / "work" / "summary.json")["abandonment"]["test"]
    for name in NAMES[1:]:
        difference, low, high = found["differences"][name]["auc"]
        assert low <= high
        assert difference == pytest.approx(found["test"][name]["auc"] - found["test"]["tabular"]["auc"])
        assert name.replace("_", " ") in " ".join(told.split())
    text = Page((home / "work" / "report" / "index.html").read_text()).text
    assert "What the session adds" in text
    assert (home / "work" / "train" / "multi_task.keras").exists()


def test_its_figures_and_curves_are_in_mlflow(asked: tuple[Path, str]) -> None:
    from mlflow import MlflowClient

    home, _ = asked
    summary = read(home / "work" / "summary.json")
    client = MlflowClient(f"sqlite:///{home / 'mlflow.db'}")
    run = client.get_run(summary["mlflow"]["run_id"])
    for name in NAMES:
        assert run.data.metrics[f"multi_task.test.{name}.auc"] == summary["multi_task"]["test"][name]["auc"]
    assert len(client.get_metric_history(run.info.run_id, "multi_task.session.val_loss")) == 2
    assert run.data.params["multi_task.weight"] == "0.1"


def test_a_session_is_explained_event_by_event(asked: tuple[Path, str], tmp_path: Path) -> None:
    home, _ = asked
    work = home / "work"
    session = str(pd.read_parquet(work / "split" / "test.parquet")["session_id"].iloc[0])
    told = pipeline("explain", "--session", session, "-o", tmp_path / "cart.html", "--workdir", work, home=home).stdout
    assert "with a typical event in the place of each" in told
    assert "1. view " in told
    text = Page((tmp_path / "cart.html").read_text()).text
    assert "The network that reads the session says" in text
    assert "multi_task.enabled" not in text


def test_without_being_asked_there_is_no_trace(demo: Path) -> None:
    work = demo / "work"
    assert not [path for path in work.rglob("*") if "multi_task" in path.name or "example_sequences" in path.name]
    assert "multi_task" not in read(work / "summary.json")
    assert "multi_task" not in read(work / "train" / "history.json")
