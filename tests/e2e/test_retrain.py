"""A shop's log grows by the week: every call of `retrain` decides once, and a kill at any moment changes nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlflow import MlflowClient

from data.config import DemoConfig
from data.demo import simulate
from pipeline.champion import own_folder
from pipeline.fingerprint import file_hash
from pipeline.retraining.state import HOME
from pipeline.serving.sources import Source
from pipeline.tracking import fetch_model
from pipeline.tracking.champions import CHAMPION, HISTORY
from tests.conftest import ROOT
from tests.e2e.conftest import pipeline

NAMES = {"abandonment": "cart-abandonment", "recommender": "next-item"}
CONFIG = """
[source]
format = "csv"
[source.columns]
visitor_id = "visitor_id"
ts = "ts"
event = "event"
item_id = "item_id"
category = "category"
price = "price"
quantity = "quantity"
[tune]
trials = 0
[abandonment]
units = [16]
epochs = 1
[recommender]
epochs = 1
baselines = ["popularity"]
[evaluate]
bootstrap = 50
[explain]
background = 10
max_rows = 60
permutation_repeats = 2
[explain.quality]
enabled = false
[retrain]
min_sessions = 100
resamples = 200
"""
BETTER = ("--set", "abandonment.epochs=12", "--set", "recommender.epochs=4")
"""What makes the challenger better than the champion for certain."""

ASLEEP = ("--set", "abandonment.optimizer.learning_rate=1e-9", "--set", "recommender.optimizer.learning_rate=1e-9")
"""What makes it no better."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which two weeks of a shop were run once, with a training that is far too short."""
    return first_weeks(tmp_path_factory.mktemp("retrain"))


def first_weeks(folder: Path) -> Path:
    """The folder, after that run."""
    (folder / "logs").mkdir()
    (folder / "shop.toml").write_text(CONFIG)
    weeks()[0].to_csv(folder / "logs" / "until-week1.csv", index=False)
    arguments = ("--config", folder / "shop.toml", "--input", folder / "logs", "--workdir", folder / "work")
    pipeline("run", *arguments, home=folder)
    return folder


def weeks() -> list[pd.DataFrame]:
    """The first two weeks, then the third and the fourth."""
    events = simulate(DemoConfig(sessions=5000, days=28, items=200)).events
    week = (events["ts"] - events["ts"].min().normalize()) // timedelta(days=7)
    return [frame for _, frame in events.groupby(week.clip(1, 3))]


def command(home: Path, *more: str) -> list[str]:
    """With the work folder as most people name it, relative to where they are."""
    work = os.path.relpath(home / "work", ROOT)
    words = ["retrain", "--config", home / "shop.toml", "--input", home / "logs", "--workdir", work, "--json"]
    return [*map(str, words), *more]


def retrain(home: Path, *more: str, code: int = 0) -> dict[str, Any]:
    """Call it and give the decision it prints."""
    process = pipeline(*command(home, *more), home=home, check=False)
    assert process.returncode == code, process.stderr
    decision: dict[str, Any] = json.loads(process.stdout)
    return decision


def client(home: Path) -> MlflowClient:
    return MlflowClient(f"sqlite:///{home / 'mlflow.db'}")


def registered(home: Path) -> dict[str, tuple[str, list[str], list[str]]]:
    """Champion, champions so far and versions of each model."""
    found = {}
    for model, name in NAMES.items():
        known = client(home).get_registered_model(name)
        versions = sorted(str(one.version) for one in client(home).search_model_versions(f"name = '{name}'"))
        found[model] = (str(known.aliases[CHAMPION]), known.tags[HISTORY].split(), versions)
    return found


def decisions(home: Path) -> list[str]:
    """Decisions of the MLflow runs, oldest first."""
    experiment = client(home).get_experiment_by_name("shop retraining")
    runs = client(home).search_runs([experiment.experiment_id]) if experiment else []
    return [run.data.tags.get("decision", "") for run in reversed(runs)]


def kill_when(home: Path, there: Callable[[], bool]) -> None:
    """Start a retrain and kill it as soon as something is there."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", *command(home, *BETTER)],
        cwd=ROOT,
        env={**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{home / 'mlflow.db'}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 400
    while not there() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.03)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


@pytest.mark.timeout(1200)  # ten starts of the command, four of them killed
def test_every_call_decides_once_whatever_comes_and_whenever_it_is_killed(home: Path) -> None:
    first = dict.fromkeys(NAMES, ("1", ["1"], ["1"]))
    assert registered(home) == first

    assert retrain(home)["decision"] == "nothing new"
    week2, week3 = weeks()[1:]
    week2.assign(price=week2["price"] * 100).to_csv(home / "logs" / "week2.csv", index=False)
    refused = retrain(home, code=3)
    assert refused["decision"] == "refused"
    assert "`retrain.data.max_price_ratio`" in refused["refused"][0]["sentence"]
    assert retrain(home)["decision"] == "nothing new"
    assert registered(home) == first
    assert decisions(home) == ["refused"]

    week2.to_csv(home / "logs" / "week2.csv", index=False)
    retrains = home / "work" / HOME
    kill_when(home, lambda: '"pending": null' not in (retrains / "state.json").read_text())
    assert registered(home) == first
    kill_when(home, lambda: bool(list(retrains.glob("2025*/decision.json"))))
    assert registered(home) == first
    kill_when(home, lambda: "2" in registered(home)["recommender"][2])
    assert [found[:2] for found in registered(home).values()] == [("1", ["1"])] * 2
    kill_when(home, lambda: (retrains / "current").is_symlink())
    told = retrain(home, *BETTER)
    assert told["decision"] == "nothing new"
    assert told["resumed"]["decision"] == "promoted"
    after = registered(home)
    assert after == dict.fromkeys(NAMES, ("2", ["1", "2"], ["1", "2"]))
    assert decisions(home) == ["refused", "promoted"]
    assert {one["challenger"] for one in told["resumed"]["models"].values()} == {"2"}
    _check_served(home, told["resumed"])

    week3.to_csv(home / "logs" / "week3.csv", index=False)
    few = retrain(home, *BETTER, "--set", "retrain.min_sessions=100000")
    assert few["decision"] == "kept"
    assert "They count again next time." in few["details"]["sentence"]
    assert registered(home) == after
    assert decisions(home) == ["refused", "promoted", "kept"]


def _check_served(home: Path, decision: dict[str, Any]) -> None:
    """The work folder has the champions, their report and whole stages, and the pages and evidence are there."""
    work = home / "work"
    for model, name in NAMES.items():
        assert file_hash(_registered_file(home, name, model)) == file_hash(work / "train" / f"{model}.keras")
    assert set(Source(work).state()) >= set(NAMES)
    assert json.loads((work / "summary.json").read_text())["mlflow"]["run_id"] == decision["run_id"]
    assert (work / "report" / "index.html").exists()
    listed = pipeline("explain", "--workdir", work, home=home)
    assert listed.returncode == 0
    run = client(home).get_run(decision["run_id"])
    assert run.data.metrics["abandonment.auc.low"] > 0
    assert run.info.status == "FINISHED"
    kept = {Path(one.path).name for one in client(home).list_artifacts(decision["run_id"])}
    assert {"decision.json", "report"} <= kept
    (tags,) = (one.tags for one in client(home).search_model_versions(f"name = '{NAMES['abandonment']}'")
               if one.version in (2, "2"))  # fmt: skip
    assert tags["retrain"] == decision["id"]
    assert pd.Timestamp(tags["validation_to"]) < pd.Timestamp(decision["test_from"]) <= pd.Timestamp(tags["test_from"])


def _registered_file(home: Path, name: str, model: str) -> Path:
    """The champion's model file, from the registry."""
    (home / name).mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{home / 'mlflow.db'}")
        return own_folder(model, fetch_model(f"models:/{name}@{CHAMPION}", home / name, "name")) / f"{model}.keras"


@pytest.fixture(scope="module")
def second_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same shop at its beginning, for another story."""
    return first_weeks(tmp_path_factory.mktemp("again"))


@pytest.mark.timeout(600)
def test_a_challenger_that_was_kept_is_heard_again_and_served_as_it_was(second_home: Path) -> None:
    home = second_home
    weeks()[1].to_csv(home / "logs" / "week2.csv", index=False)
    strict = ("retrain.margin=0.4", "retrain.log_loss_margin=9", "retrain.recommender_margin=0.9")
    # Nothing gains so much at once: the better model waits.
    kept = retrain(home, *BETTER, *(word for setting in strict for word in ("--set", setting)))
    assert kept["decision"] == "kept"
    assert [found[0] for found in registered(home).values()] == ["1", "1"]

    weeks()[2].to_csv(home / "logs" / "week3.csv", index=False)
    told = retrain(home, *ASLEEP)
    assert told["decision"] == "promoted"
    one = told["details"]["models"]["abandonment"]
    assert (one["hearing"]["version"], one["challenger"]) == ("2", "3")
    first, again = (found["evidence"] for found in (one, one["hearing"]))
    assert again["sessions"] > first["sessions"]
    assert registered(home)["abandonment"] == ("2", ["1", "2"], ["1", "2", "3"])
    served = home / "work" / "train" / "abandonment.keras"
    assert file_hash(_registered_file(home, NAMES["abandonment"], "abandonment")) == file_hash(served)
    assert set(Source(home / "work").state()) >= set(NAMES)
