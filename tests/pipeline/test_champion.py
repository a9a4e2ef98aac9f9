"""The recommender that training starts from is found, or missed, before anything is computed, and counts by content."""

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from data.errors import InputError
from models.config import RecommenderConfig
from models.recommending.recommender import Recommender
from pipeline.champion import opened_champions
from pipeline.config import PipelineConfig, load_config
from pipeline.fingerprint import fingerprint
from pipeline.planning import Selection, decide, plan
from pipeline.stage import STAGES, Stage
from tests.models.untrained import save_untrained
from tests.pipeline import toy
from tests.pipeline.toy.running import toy_run

# Keras 3.15 saves an Embedding by np.array(variable), which NumPy 2 does not like.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ITEMS = ("a", "b", "c", "d")
SMALL = RecommenderConfig(dimension=4, max_length=5)
SETTINGS = ("recommender.dimension=4", "recommender.max_length=5")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder with a recommender in `train`."""
    folder = tmp_path_factory.mktemp("champion")
    save_untrained(folder / "train", ITEMS, SMALL)
    return folder


def config(address: object, *settings: str) -> PipelineConfig:
    return load_config(None, None, [*SETTINGS, f"recommender.warm_start={address}", *settings])


def refusal(address: object, *settings: str, workdir: Path = Path("nowhere")) -> str:
    with pytest.raises(InputError) as caught, opened_champions(config(address, *settings), workdir):
        pass
    return str(caught.value)


def test_its_content_counts_for_training_alone_and_its_place_does_not(saved: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(saved / "train", tmp_path / "copy")

    def found(stage: Stage, place: Path) -> Any:
        asked = config(place)
        with opened_champions(asked, Path("nowhere")) as champion:
            assert champion is not None
            return fingerprint(stage, asked, Path("nowhere"), {}, champion.hashes)

    for stage in STAGES:
        before = found(stage, saved / "train")
        assert found(stage, copy) == before
        without = fingerprint(stage, load_config(None, None, SETTINGS), Path("nowhere"), {})
        assert (before == without) is (stage.name != "train")
    train = next(stage for stage in STAGES if stage.name == "train")
    assert set(found(train, copy)["input"]) == {"champion/recommender.keras", "champion/recommender.json"}


def test_a_changed_champion_trains_again_and_the_reason_says_so(saved: Path, tmp_path: Path) -> None:
    place = shutil.copytree(saved / "train", tmp_path / "champion")
    stage = dataclasses.replace(toy.STAGES[0], reads_champion=True)
    toy_run(tmp_path / "work")
    asked = config(place, "tracking.enabled=false")

    def decision(run: PipelineConfig) -> tuple[str, str]:
        with opened_champions(run, tmp_path / "work") as champion:
            made = decide(stage, run, tmp_path / "work", {}, Selection(), champion)
        return made.action, made.reason

    told = "input champion/recommender.json is new, input champion/recommender.keras is new"
    assert decision(asked) == ("run", told)
    assert [one.reason for one in plan(asked, tmp_path / "work", None, (stage,))] == [told]
    manifest = tmp_path / "work" / stage.name / "stage.json"
    with opened_champions(asked, tmp_path / "work") as champion:
        after = fingerprint(stage, asked, tmp_path / "work", {}, champion.hashes if champion else None)
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"fingerprint": after}))
    assert decision(asked) == ("skip", "nothing it depends on changed")
    save_untrained(place, ITEMS, SMALL, seed=1)
    assert decision(asked) == ("run", "input champion/recommender.keras changed")
    shutil.rmtree(place)
    assert "has no recommender.keras and no recommender.json" in refusal(place)


def test_without_need_of_one_none_is_looked_for() -> None:
    features = ("source.kind=features", "source.label=bought", "source.abandoned=0", "source.group=customer")
    for settings in (("recommender.enabled=false",), features):
        with opened_champions(config("absent", *settings), Path("nowhere")) as champion:
            assert champion is None
    with opened_champions(PipelineConfig(), Path("nowhere")) as champion:
        assert champion is None


def test_a_place_without_a_recommender_is_refused_with_a_hint(saved: Path, tmp_path: Path) -> None:
    told = refusal(tmp_path / "absent")
    assert "`recommender.warm_start` should be a folder with a recommender" in told
    assert told.endswith(f"{tmp_path / 'absent'}, which has no recommender.keras and no recommender.json.")
    assert refusal(saved).endswith(f"Did you mean {saved / 'train'}?")
    with pytest.raises(InputError, match="has no recommender"):
        plan(config(tmp_path / "absent"), tmp_path / "work", None, toy.STAGES)


def test_the_recommender_that_the_run_would_replace_is_refused(saved: Path) -> None:
    told = refusal(saved / "train" / ".." / "train", workdir=saved)
    assert "which this run replaces" in told
    with opened_champions(config(saved / "train"), saved / "elsewhere") as champion:
        assert champion is not None
        assert Recommender.load(champion.folders["recommender"]).vocabulary.items == ITEMS


def test_another_form_is_refused_before_anything_is_computed(saved: Path) -> None:
    assert "`recommender.dimension` is 8 here and 4 there" in refusal(saved / "train", "recommender.dimension=8")


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"config": {"dimension": "wide"}}'])
def test_a_description_of_another_version_is_refused(saved: Path, tmp_path: Path, text: str) -> None:
    place = shutil.copytree(saved / "train", tmp_path / "champion")
    (place / "recommender.json").write_text(text)
    assert "should be a recommender made by this version of the pipeline" in refusal(place)


def test_a_registered_one_is_fetched_and_an_unknown_one_refused_with_those_there_are(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = f"sqlite:///{tmp_path / 'store' / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert f"in the registry at {uri}" in refusal("models:/next-item@champion")
    assert "It has: no model yet." in refusal("models:/next-item/1")
    client = MlflowClient(uri)
    experiment = client.create_experiment("shop", artifact_location=(tmp_path / "store" / "artifacts").as_uri())
    run = client.create_run(experiment).info.run_id
    client.log_artifacts(run, str(saved / "train"), "model/data/next_item")  # the layout of a logged model
    client.create_registered_model("next-item")
    client.create_model_version("next-item", f"runs:/{run}/model", run)
    client.set_registered_model_alias("next-item", "champion", "1")
    stored = sorted(path for path in (tmp_path / "store").rglob("*") if "artifacts" in path.parts)
    for address in ("models:/next-item@champion", "models:/next-item/1"):
        with (
            opened_champions(config(address), tmp_path) as champion,
            opened_champions(config(saved / "train"), tmp_path) as local,
        ):
            assert champion is not None
            assert local is not None
            assert champion.hashes == local.hashes
            assert Recommender.load(champion.folders["recommender"]).vocabulary.items == ITEMS
        assert not champion.folders["recommender"].exists()
    assert sorted(path for path in (tmp_path / "store").rglob("*") if "artifacts" in path.parts) == stored
    for address in ("models:/next-item@best", "models:/next-item/7", "models:/other@champion", "models:/"):
        told = refusal(address)
        assert f"`recommender.warm_start` should name a model in the registry at {uri}. Received: {address}: " in told
        assert "It has: models:/next-item@champion." in told
