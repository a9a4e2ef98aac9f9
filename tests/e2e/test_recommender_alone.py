"""A log without cart events from the command line: the recommender is made alone, and everything says so."""

import json
import random
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import pipeline
from tests.explain.pages import Page

ITEMS = 40


def write_yoochoose(folder: Path, sessions: int = 500) -> None:
    """Sessions 20 minutes apart that walk through the items in order, now and then jumping; one in ten buys."""
    chance = random.Random(0)
    clicks, buys = [], []
    for session in range(sessions):
        moment, item = datetime(2014, 4, 1) + timedelta(minutes=20 * session), chance.randrange(ITEMS)
        for _ in range(chance.randint(1, 7)):
            clicks.append(f"{session},{moment.isoformat()}.000Z,{1000 + item},0\n")
            item = (item + 1) % ITEMS if chance.random() < 0.8 else chance.randrange(ITEMS)
            moment += timedelta(seconds=chance.randint(5, 90))
        if session % 10 == 0:
            buys.append(f"{session},{moment.isoformat()}.000Z,{1000 + item},1046,1\n")
    folder.mkdir()
    (folder / "yoochoose-clicks.dat").write_text("".join(clicks))
    (folder / "yoochoose-buys.dat").write_text("".join(buys))


def run(home: Path, *settings: str, check: bool = True, work: str = "work") -> tuple[str, dict[str, Any]]:
    words = [word for setting in settings for word in ("--set", setting)]
    source = ("--preset", "yoochoose", "--input", home / "log")
    process = pipeline("run", *source, "--workdir", home / work, *words, home=home, check=check)
    summary = home / work / "summary.json"
    return process.stdout + process.stderr, json.loads(summary.read_text()) if summary.exists() else {}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, dict[str, Any]]:
    """Folder, output and summary of a run on clicks and buys."""
    home = tmp_path_factory.mktemp("alone")
    write_yoochoose(home / "log")
    return home, *run(home)


def test_the_recommender_is_made_and_the_abandonment_model_left_out_with_the_reason(
    alone: tuple[Path, str, dict[str, Any]],
) -> None:
    home, told, summary = alone
    why = "switched off by `abandonment.enabled`"
    assert f"No abandonment model: {why}" in told
    assert summary["abandonment"] == {"skipped": why}
    assert (summary["stages"]["tune"]["status"], summary["stages"]["tune"]["reason"]) == ("not applicable", why)
    found = summary["recommender"]
    assert found["test"]["recall_at_20"] > found["baselines"]["popularity"]["recall_at_20"] + 0.1
    assert json.loads((home / "work" / "evaluate" / "curves.json").read_text()) == {}
    assert not list(home.glob("work/*/examples.parquet"))
    assert not list(home.glob("work/*/abandonment.keras"))


def test_the_report_tells_of_the_recommender_and_names_no_abandonment_figure(
    alone: tuple[Path, str, dict[str, Any]],
) -> None:
    home, _, summary = alone
    text = Page((home / "work" / "report" / "index.html").read_text()).text
    assert f"{summary['recommender']['counts']['prefixes']:,} steps" in text
    assert "There are no SHAP values" in text
    assert "AUC" not in text
    assert "Decision points" not in text


def test_only_the_recommender_is_registered_and_the_run_names_its_data(
    alone: tuple[Path, str, dict[str, Any]],
) -> None:
    import mlflow

    home, _, summary = alone
    registered = json.loads((home / "work" / "register" / "registered.json").read_text())
    assert [model["name"] for model in registered] == ["next-item"]
    client = mlflow.MlflowClient(f"sqlite:///{home / 'mlflow.db'}")
    assert [model.name for model in client.search_registered_models()] == ["next-item"]
    logged = client.get_run(summary["mlflow"]["run_id"])
    assert logged.data.metrics["recommender.test.recall_at_20"] == summary["recommender"]["test"]["recall_at_20"]
    assert not [name for name in logged.data.metrics if name.startswith("abandonment")]
    digests = {used.dataset.name: used.dataset.digest for used in logged.inputs.dataset_inputs}
    outputs = json.loads((home / "work" / "split" / "stage.json").read_text())["outputs"]
    assert digests == {side: outputs[f"sequences_{side}.parquet"] for side in ("train", "validation", "test")}


def test_a_second_run_computes_nothing(alone: tuple[Path, str, dict[str, Any]]) -> None:
    home, _, first = alone
    told, summary = run(home)
    assert {stage["status"] for stage in summary["stages"].values()} == {"skipped", "not applicable"}
    assert "done" not in told
    assert summary["recommender"] == first["recommender"]


def test_training_starts_from_the_registered_champion_and_only_again_when_that_has_changed(
    alone: tuple[Path, str, dict[str, Any]],
) -> None:
    home = alone[0]
    shutil.copytree(home / "work", home / "warm")
    told, summary = run(home, "recommender.warm_start=models:/next-item@champion", work="warm")
    stages = summary["stages"]
    assert "input champion/recommender.keras is new" in stages["train"]["reason"]
    assert {name for name, stage in stages.items() if stage["status"] == "done"} == {
        "train", "evaluate", "explain", "register",
    }  # fmt: skip
    note = json.loads((home / "warm" / "train" / "history.json").read_text())["recommender"]["warm_start"]["note"]
    assert f"{ITEMS} items kept, 0 added, 0 dropped" in note
    assert note in told
    assert note in Page((home / "warm" / "report" / "index.html").read_text()).text
    # The same content at another place is no change; a place without any stops the run before it starts.
    again, _ = run(home, f"recommender.warm_start={home / 'work' / 'train'}", work="warm")
    assert "done" not in again
    missing, _ = run(home, f"recommender.warm_start={home / 'none'}", work="warm", check=False)
    assert "has no recommender.keras" in missing
    assert "Traceback" not in missing


@pytest.mark.parametrize("command", [["score", "log", "-o", "rescue.csv"], ["explain", "--session", "1"]])
def test_commands_about_carts_say_that_there_is_no_abandonment_model(
    alone: tuple[Path, str, dict[str, Any]], command: list[str]
) -> None:
    process = pipeline(*command, "--workdir", alone[0] / "work", home=alone[0], check=False)
    assert process.returncode == 2
    assert "has no abandonment model" in process.stderr


def test_a_run_that_can_make_neither_model_says_why(tmp_path: Path) -> None:
    write_yoochoose(tmp_path / "log", sessions=100)
    told, summary = run(tmp_path, "recommender.min_sessions=1000", check=False)
    assert "Nothing is left to make" in told
    assert "`recommender.min_sessions` asks for 1000" in told
    assert "Traceback" not in told
    assert summary == {}
