"""A rollback brings back what the work folder serves, and one that was cut off is finished, not done twice."""

import os
import shutil
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from data.errors import InputError
from pipeline.commands.registry import rollback_command
from pipeline.config import PipelineConfig
from pipeline.retraining import going_back, serving_set
from pipeline.retraining.champions import fetch_champions
from pipeline.retraining.composing import SETS
from pipeline.retraining.decision import FILE
from pipeline.retraining.going_back import NOTE, Change, WentBack, finish, go_back
from pipeline.retraining.serving_set import switch
from pipeline.retraining.state import HOME, Part, State, read_state, write_state
from pipeline.runner import CONFIG
from pipeline.store import Unreachable, open_store
from pipeline.tracking.champions import HISTORY, champion_of, promote
from pipeline.tracking.decisions import RETRAIN
from pipeline.workdir import stage_folder
from tests.conftest import ROOT
from tests.pipeline.retraining.test_serving_set import Stopped, fill

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow 3.17 warns of itself

SETTINGS = PipelineConfig()
UNLINK = Path.unlink
CART, ITEM = "cart-abandonment", "next-item"
BOTH = (CART, ITEM)
NETWORKS = {CART: "abandonment.keras", ITEM: "recommender.keras"}
KILLED = """
import os, signal, sys
from pathlib import Path
from pipeline.retraining import going_back
from pipeline.store import open_store
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
roll_back = going_back.roll_back
if sys.argv[2] == "second":
    going_back.roll_back = lambda client, name: die() if name == "next-item" else roll_back(client, name)
else:
    setattr(going_back, sys.argv[2], die)
going_back.go_back(open_store(), ["cart-abandonment", "next-item"], Path(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with three versions of both models, of a run and of two retrains, and no champion."""
    place = tmp_path_factory.mktemp("registry")
    client = MlflowClient(f"sqlite:///{place / 'mlflow.db'}")
    experiment = client.create_experiment("shop", artifact_location=(place / "artifacts").as_uri())
    for name in NETWORKS:
        client.create_registered_model(name)
    for version in (1, 2, 3):
        for name, file in NETWORKS.items():
            run = client.create_run(experiment).info.run_id
            (place / file).write_text(f"{name} {version}")
            client.log_artifact(run, str(place / file), "model/data/model")
            tags = {RETRAIN: f"retrain {version}"} if version > 1 else {}
            client.create_model_version(name, f"runs:/{run}/model", run, tags=tags)
    return place / "mlflow.db"


@pytest.fixture
def client(registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    shutil.copyfile(registry, tmp_path / "mlflow.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    return open_store()


@pytest.fixture
def workdir(client: MlflowClient, tmp_path: Path) -> Path:
    """The folder of a run that made the first champions; a retrain knows of it."""
    work = tmp_path / "work"
    put(work, 1, 1)
    moment = datetime(2026, 3, 1)
    part = Part(id="run", names=(), hashes=(), events=1, added=1, late=0, first=moment, last=moment)
    write_state(work / HOME, State(parts=(part,), tracking_uri=os.environ["MLFLOW_TRACKING_URI"], window_from=moment))
    for name in NETWORKS:
        promote(client, name, "1")
    return work


def put(folder: Path, cart: int, item: int) -> None:
    """What a set, or a run, has: two networks and all that goes with them."""
    fill(folder, f"{cart} {item}")
    (folder / CONFIG).write_text(SETTINGS.model_dump_json())
    for file, text in zip(NETWORKS.values(), (f"{CART} {cart}", f"{ITEM} {item}"), strict=True):
        (folder / "train" / file).write_text(text)


def promoted(client: MlflowClient, workdir: Path, cart: int, item: int) -> None:
    """A promotion, as `retrain` does it."""
    folder = workdir / HOME / SETS / f"{cart}-{item}"
    put(folder, cart, item)
    for name, version in ((CART, cart), (ITEM, item)):
        promote(client, name, str(version))
    switch(SETTINGS, workdir, folder)


def served(workdir: Path) -> list[str]:
    """The networks that a reader of the folder finds."""
    return [(workdir / "train" / file).read_text() for file in NETWORKS.values()]


def test_a_rollback_brings_back_what_was_served_and_the_next_retrain_starts_from_there(
    client: MlflowClient, workdir: Path, tmp_path: Path
) -> None:
    promoted(client, workdir, 2, 1)
    assert served(workdir) == [f"{CART} 2", f"{ITEM} 1"]
    done = go_back(client, [CART], workdir)
    assert done == WentBack((Change(CART, "2", "1"),), served=True)
    assert served(workdir) == [f"{CART} 1", f"{ITEM} 1"]
    assert (workdir / "evaluate" / "word").read_text() == "1 1"
    champions = fetch_champions(client, SETTINGS, workdir, tmp_path / "fetched")
    assert {model: one.version for model, one in champions.models.items()} == {"abandonment": "1", "recommender": "1"}
    with pytest.raises(InputError, match="none to undo; cart-abandonment has no earlier champion"):
        go_back(client, [CART], workdir)
    assert not (workdir / HOME / NOTE).exists()
    promoted(client, workdir, 3, 1)
    assert served(workdir) == [f"{CART} 3", f"{ITEM} 1"]


def champions(client: MlflowClient) -> list[str | None]:
    return [champion_of(client, name) for name in NETWORKS]


def test_two_models_promoted_at_once_go_back_at_once(client: MlflowClient, workdir: Path) -> None:
    promoted(client, workdir, 2, 2)
    assert go_back(client, BOTH, workdir) == WentBack((Change(CART, "2", "1"), Change(ITEM, "2", "1")), served=True)
    assert (champions(client), served(workdir)) == (["1", "1"], [f"{CART} 1", f"{ITEM} 1"])
    with pytest.raises(InputError, match="none to undo; cart-abandonment, next-item have no earlier champion"):
        go_back(client, BOTH, workdir)


def test_one_model_alone_goes_back_where_that_is_asked_for_and_the_other_then_by_itself(
    client: MlflowClient, workdir: Path
) -> None:
    promoted(client, workdir, 2, 2)
    assert go_back(client, [CART], workdir).served is False
    assert (champions(client), served(workdir)) == (["1", "2"], [f"{CART} 2", f"{ITEM} 2"])
    assert go_back(client, BOTH, workdir) == WentBack((Change(ITEM, "2", "1"),), served=True)
    assert (champions(client), served(workdir)) == (["1", "1"], [f"{CART} 1", f"{ITEM} 1"])


def test_promotions_of_different_retrains_are_undone_one_by_one_the_newest_first(
    client: MlflowClient, workdir: Path
) -> None:
    promoted(client, workdir, 1, 2)
    promoted(client, workdir, 3, 2)
    assert go_back(client, BOTH, workdir) == WentBack((Change(CART, "3", "1"),), served=True)
    assert go_back(client, BOTH, workdir).changes == (Change(ITEM, "2", "1"),)
    assert champions(client) == ["1", "1"]


def test_a_model_whose_first_champion_came_with_the_promotion_stays(client: MlflowClient, workdir: Path) -> None:
    client.delete_model_version(ITEM, "1")
    promote(client, ITEM, "2")
    client.set_registered_model_tag(ITEM, HISTORY, "2")
    promote(client, CART, "2")
    assert go_back(client, BOTH, workdir).changes == (Change(CART, "2", "1"),)
    assert champions(client) == ["1", "2"]
    with pytest.raises(
        InputError, match="The last promotion cannot be undone: what it made champion, of next-item, is"
    ):
        go_back(client, BOTH, workdir)


def test_a_first_champion_of_a_later_run_was_no_promotion(client: MlflowClient, workdir: Path) -> None:
    promoted(client, workdir, 2, 1)
    client.create_registered_model("late")
    client.create_model_version("late", str(workdir))
    promote(client, "late", "1")
    assert go_back(client, (*BOTH, "late"), workdir).changes == (Change(CART, "2", "1"),)


def test_without_a_work_folder_the_registry_goes_back(client: MlflowClient, workdir: Path, tmp_path: Path) -> None:
    promoted(client, workdir, 2, 2)
    done = go_back(client, BOTH, tmp_path / "nowhere")
    assert done == WentBack((Change(CART, "2", "1"), Change(ITEM, "2", "1")), served=None)


def test_the_command_undoes_the_last_promotion_of_the_folders_own_models(
    client: MlflowClient, workdir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client.create_registered_model("another-shop")
    client.create_model_version("another-shop", str(workdir), tags={RETRAIN: "retrain 9"})
    client.create_model_version("another-shop", str(workdir), tags={RETRAIN: "retrain 9"})
    for version in ("1", "2"):
        promote(client, "another-shop", version)
    promoted(client, workdir, 2, 2)
    rollback_command(None, workdir)
    told = capsys.readouterr().out
    assert all(f"{name}: version 1 is the champion again; version 2 was left" in told for name in NETWORKS)
    assert f"{workdir} serves the champions" in told
    assert (champions(client), champion_of(client, "another-shop")) == (["1", "1"], "2")
    with pytest.raises(InputError, match=r"`--workdir` should be .*, or `--model` .* has another-shop, cart-ab"):
        rollback_command(None, workdir / "nowhere")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{workdir / 'other.db'}")
    other = open_store()
    for name in NETWORKS:
        other.create_registered_model(name)
    with pytest.raises(InputError, match="`MLFLOW_TRACKING_URI` should be"):
        rollback_command(None, workdir)


def test_a_folder_that_has_not_kept_the_champions_says_which_addresses_have_them(
    client: MlflowClient, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    promoted(client, workdir, 2, 2)
    shutil.rmtree(workdir / HOME / SETS / "before")
    rollback_command(None, workdir)
    told = capsys.readouterr().out
    assert f"{workdir} serves the same models as before" in told
    assert all(f"models:/{name}@champion" in told.partition("--recommender")[2] for name in NETWORKS)


def stopped(*_: object) -> None:
    raise Stopped


def stopped_at_the_note(path: Path, missing_ok: bool = False) -> None:
    if path.name == NOTE:
        raise Stopped
    UNLINK(path, missing_ok)


@pytest.mark.parametrize("moment", ["roll_back", "_serve_champions", "switch", "note"])
@pytest.mark.parametrize("again", ["rollback", "retrain"])
def test_a_rollback_stopped_at_any_moment_is_finished_and_goes_no_further(
    client: MlflowClient, workdir: Path, moment: str, again: str
) -> None:
    promoted(client, workdir, 2, 1)
    promoted(client, workdir, 3, 1)
    with pytest.MonkeyPatch.context() as patch:
        if moment == "note":
            patch.setattr(Path, "unlink", stopped_at_the_note)
        else:
            patch.setattr(going_back, moment, stopped)
        with pytest.raises(Stopped):
            go_back(client, [CART], workdir)
    assert finish(client, workdir) if again == "retrain" else go_back(client, [CART], workdir).resumed
    assert champion_of(client, CART) == "2"
    assert served(workdir) == [f"{CART} 2", f"{ITEM} 1"]
    assert finish(client, workdir) is None


@pytest.mark.parametrize(
    ("moment", "left"), [("switch", ["1", "1"]), ("roll_back", ["2", "2"]), ("second", ["1", "2"])]
)
def test_one_that_was_killed_is_finished(client: MlflowClient, workdir: Path, moment: str, left: list[str]) -> None:
    promoted(client, workdir, 2, 2)
    script = [sys.executable, "-c", KILLED, str(workdir), moment]
    killed = subprocess.run(script, cwd=ROOT, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert (champions(client), served(workdir)) == (left, [f"{CART} 2", f"{ITEM} 2"])
    done = go_back(client, BOTH, workdir)
    assert done == WentBack((Change(CART, "2", "1"), Change(ITEM, "2", "1")), served=True, resumed=True)
    assert (champions(client), served(workdir)) == (["1", "1"], [f"{CART} 1", f"{ITEM} 1"])


def test_what_a_later_run_made_stays(client: MlflowClient, workdir: Path) -> None:
    promoted(client, workdir, 2, 1)
    with stage_folder(workdir, "train") as out:
        (out / NETWORKS[CART]).write_text("made later")
    assert go_back(client, [CART], workdir).served is None
    assert (workdir / "train" / NETWORKS[CART]).read_text() == "made later"


def test_a_retrain_that_was_cut_off_finishes_its_decision_first_or_begins_anew(
    client: MlflowClient, workdir: Path
) -> None:
    promoted(client, workdir, 2, 1)
    state = read_state(workdir / HOME)
    assert state is not None
    write_state(workdir / HOME, state.model_copy(update={"pending": "some"}))
    pending = workdir / HOME / "some"
    pending.mkdir()
    (pending / FILE).write_text('{"decision": "promoted"}')
    with pytest.raises(InputError, match="should come after the retrain that was cut off"):
        go_back(client, [CART], workdir)
    assert champion_of(client, CART) == "2"
    (pending / FILE).unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(going_back, "drop", stopped)
        with pytest.raises(Stopped):
            go_back(client, [CART], workdir)
    assert finish(client, workdir)
    assert not pending.exists()


def test_one_stopped_before_the_report_was_put_in_place_puts_it_there(
    client: MlflowClient, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promoted(client, workdir, 2, 1)
    published: list[Path] = []
    with monkeypatch.context() as patch:
        patch.setattr(serving_set, "publish_report", stopped)
        with pytest.raises(Stopped):
            go_back(client, [CART], workdir)
    monkeypatch.setattr(serving_set, "publish_report", lambda folder, _: published.append(folder))
    assert finish(client, workdir)
    assert published == [workdir]
    assert served(workdir) == [f"{CART} 1", f"{ITEM} 1"]


def test_an_absent_store_is_told_with_what_to_do(
    client: MlflowClient, workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promoted(client, workdir, 2, 1)
    with monkeypatch.context() as patch:
        patch.setattr(client, "set_registered_model_alias", gone)
        with pytest.raises(Unreachable, match=r"did not answer[\s\S]*The same command finishes the rollback"):
            go_back(client, [CART], workdir)
    assert go_back(client, [CART], workdir).resumed
    assert champion_of(client, CART) == "1"


def gone(*_: object) -> None:
    raise MlflowException("connection refused")
