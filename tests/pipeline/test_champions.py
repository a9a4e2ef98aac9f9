"""Champions and the way back to the one before, in a real registry on SQLite."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlflow import MlflowClient

from data.errors import InputError
from pipeline.commands.registry import models_command, rollback_command
from pipeline.retraining.promotion import promote_challengers
from pipeline.store import open_store
from pipeline.tracking.champions import CHAMPION, HISTORY, newest_promotion, promote, roll_back
from pipeline.tracking.decisions import RETRAIN

NAME = "cart-abandonment"
NOWHERE = Path("nowhere")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a model of five versions and no champion."""
    file = tmp_path_factory.mktemp("registry") / "mlflow.db"
    client = MlflowClient(f"sqlite:///{file}")
    client.create_registered_model(NAME)
    for number in range(1, 6):
        client.create_model_version(NAME, str(file.parent), tags={"auc": f"0.{number}", "train_from": "2026-01-02"})
    return file


@pytest.fixture
def client(empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    shutil.copyfile(empty, tmp_path / "mlflow.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    return open_store()


class Stopped(BaseException):
    """Stands for a kill."""


def stopped(*_: object) -> None:
    raise Stopped


def champion(client: MlflowClient) -> str:
    return str(client.get_registered_model(NAME).aliases[CHAMPION])


@pytest.mark.parametrize("both", [True, False])
def test_an_earlier_challenger_is_promoted_by_the_retrain_that_heard_it_again(client: MlflowClient, both: bool) -> None:
    other, folder = "next-item", str(client.get_model_version(NAME, "1").source)
    client.create_registered_model(other)
    for name in (NAME, other):
        promote(client, name, str(client.create_model_version(name, folder).version))
    for retrain in ("first", "second"):
        made = {n: str(client.create_model_version(n, folder, tags={RETRAIN: retrain}).version) for n in (other, NAME)}
        if retrain == "first":
            heard = made[NAME]
            promote(client, other, made[other])
    models = {"abandonment": {"name": NAME, "promote": True, "hearing": {"promote": True, "version": heard}}}
    models["recommender"] = {"name": other, "promote": both}
    promote_challengers(
        client, {"id": "second", "models": models}, {"abandonment": made[NAME], "recommender": made[other]}
    )
    assert champion(client) == heard
    assert set(newest_promotion(client, (NAME, other))) == ({NAME, other} if both else {NAME})


def test_which_promotion_was_the_last_is_not_guessed_where_an_alias_was_moved_by_hand(client: MlflowClient) -> None:
    other, folder = "next-item", str(client.get_model_version(NAME, "1").source)
    client.create_registered_model(other)
    client.create_model_version(other, folder)
    client.create_model_version(other, folder)
    for name, version in ((NAME, "1"), (NAME, "2"), (other, "1"), (other, "2")):
        promote(client, name, version)
    assert newest_promotion(client, (NAME, other)) == [other]
    client.set_registered_model_alias(NAME, CHAMPION, "1")
    with pytest.raises(InputError, match=rf"`--model` should name .*the champion of {NAME} was set by hand"):
        newest_promotion(client, (NAME, other))
    assert newest_promotion(client, (NAME,)) == [NAME]
    assert roll_back(client, NAME) == ("1", "2")
    assert newest_promotion(client, (NAME, other)) == [other]


def test_rollbacks_undo_promotions_one_by_one(client: MlflowClient) -> None:
    for version in ("1", "2", "1", "5", "5"):
        promote(client, NAME, version)
    assert [roll_back(client, NAME) for _ in range(3)] == [("5", "1"), ("1", "2"), ("2", "1")]
    with pytest.raises(InputError, match=r"`--model` should .* earlier champion[\s\S]*version 1, is the first"):
        roll_back(client, NAME)
    assert champion(client) == "1"
    assert client.get_model_version(NAME, "5").tags["rolled_back"].endswith("Z to 1")


@pytest.mark.parametrize("step", ["set_registered_model_alias", "set_model_version_tag"])
def test_a_rollback_that_was_stopped_is_done_as_a_whole_by_the_next(
    client: MlflowClient, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    for version in ("1", "2", "3"):
        promote(client, NAME, version)
    with monkeypatch.context() as patch:
        patch.setattr(client, step, stopped)
        with pytest.raises(Stopped):
            roll_back(client, NAME)
    assert champion(client) == "3"
    assert roll_back(client, NAME) == ("3", "2")
    assert client.get_model_version(NAME, "3").tags["rolled_back"].endswith("Z to 2")
    assert client.get_registered_model(NAME).tags[HISTORY] == "1 2"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from("12345-"), max_size=8))
def test_any_promotions_and_rollbacks_are_a_stack(client: MlflowClient, steps: list[str]) -> None:
    client.set_registered_model_tag(NAME, HISTORY, "")
    promote(client, NAME, "1")
    client.set_registered_model_tag(NAME, HISTORY, "1")
    expected = ["1"]
    for step in steps:
        if step != "-":
            promote(client, NAME, step)
            expected += [step] if expected[-1] != step else []
        elif len(expected) > 1:
            roll_back(client, NAME)
            expected.pop()
        assert champion(client) == expected[-1]


@pytest.mark.parametrize("killed_at", ["set_registered_model_alias", "set_registered_model_tag"])
def test_a_change_that_was_killed_half_way_is_ended_by_the_same_command(
    client: MlflowClient, monkeypatch: pytest.MonkeyPatch, killed_at: str
) -> None:
    for version in ("1", "2"):
        promote(client, NAME, version)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for act in (lambda: promote(client, NAME, "3"), lambda: roll_back(client, NAME)):
        with monkeypatch.context() as patch:
            patch.setattr(client, killed_at, killed)
            with pytest.raises(KeyboardInterrupt):
                act()
        act()
    assert champion(client) == "2"
    assert roll_back(client, NAME) == ("2", "1")


def test_a_champion_set_by_hand_counts_and_a_deleted_one_is_passed_over(client: MlflowClient) -> None:
    promote(client, NAME, "1")
    client.set_registered_model_alias(NAME, CHAMPION, "2")
    promote(client, NAME, "3")
    promote(client, NAME, "4")
    client.delete_model_version(NAME, "3")
    assert [roll_back(client, NAME) for _ in range(2)] == [("4", "2"), ("2", "1")]


def test_a_model_without_champion_or_of_another_name_is_refused(client: MlflowClient) -> None:
    with pytest.raises(InputError, match="which has none"):
        roll_back(client, NAME)
    with pytest.raises(InputError, match=rf"Received: cart; the registry has {NAME}"):
        rollback_command("cart", NOWHERE)
    client.create_registered_model("next-item")
    with pytest.raises(InputError, match=rf"Received: nowhere and no model; .* has {NAME}, next-item"):
        rollback_command(None, NOWHERE)


def test_the_list_shows_versions_aliases_window_and_figures(
    client: MlflowClient, capsys: pytest.CaptureFixture[str]
) -> None:
    promote(client, NAME, "4")
    promote(client, NAME, "2")
    rollback_command(None, NOWHERE)
    assert "version 4 is the champion again; version 2 was left" in capsys.readouterr().out
    models_command(as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines[1:]] == ["5", "4", "3", "2", "1"]
    (row,) = [line.split() for line in lines if "champion" in line]
    assert row[:3] == [NAME, "4", "champion"]
    assert (row[-1], row[-2]) == ("0.4000", "2026-01-02")
    models_command(as_json=True)
    told = {one["version"]: one for one in json.loads(capsys.readouterr().out)}
    assert told["4"]["aliases"] == ["champion"]
    assert told["2"]["tags"]["rolled_back"].endswith("to 4")
