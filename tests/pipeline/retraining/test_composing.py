"""What is served after a promotion of one model alone: the challenger's beside the champion's."""

import json
from pathlib import Path

import pytest

from data.feature import Feature, write_features
from pipeline.fingerprint import folder_hashes
from pipeline.retraining.champions import Champions, Standing
from pipeline.retraining.composing import compose
from pipeline.workdir import MANIFEST, read_manifest

FILES = ("abandonment.keras", "threshold.json", "recommender.keras", "recommender.json", "baseline_scores.parquet")
FEATURES = (Feature("views", "Views", "session"), Feature("hour", "Hour", "time"))


def trained(folder: Path, word: str) -> None:
    """A folder like that of the train stage, each of whose files says whose it is."""
    folder.mkdir(parents=True)
    for name in FILES:
        (folder / name).write_text(word)
    (folder / "history.json").write_text(
        json.dumps({model: {"loss": word} for model in ("abandonment", "recommender")})
    )


def stage(folder: Path, name: str, inputs: dict[str, str]) -> None:
    manifest = {"fingerprint": {"input": inputs}, "outputs": folder_hashes(folder / name), "status": "done"}
    (folder / name / MANIFEST).write_text(json.dumps(manifest))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A champion's `before` and registered files, and a challenger's work folder `work`."""
    trained(tmp_path / "before", "champion, beside")
    for model, names in (("abandonment", ("abandonment.keras",)), ("recommender", ("recommender.keras",))):
        (tmp_path / "registry" / model).mkdir(parents=True)
        for name in names:
            (tmp_path / "registry" / model / name).write_text("champion")
    write_features(FEATURES[:1], tmp_path / "registry" / "abandonment" / "features.json")
    trained(tmp_path / "work" / "train", "challenger")
    (tmp_path / "work" / "split").mkdir()
    write_features(FEATURES, tmp_path / "work" / "split" / "features.json")
    stage(tmp_path / "work", "split", {})
    stage(tmp_path / "work", "train", {f"split/{k}": v for k, v in folder_hashes(tmp_path / "work" / "split").items()})
    return tmp_path


def composed(shop: Path, **promote: bool) -> dict[str, str]:
    models = {model: Standing(model, "1", model, None) for model in ("abandonment", "recommender")}
    decision = {"models": {model: {"promote": word} for model, word in promote.items()}}
    compose(shop / "before", shop / "work", decision, Champions(shop / "registry", models), shop / "set")
    return {name: (shop / "set" / "train" / name).read_text() for name in FILES}


def test_the_champion_that_stays_is_the_registered_one_with_what_lies_beside_it(shop: Path) -> None:
    ours = folder_hashes(shop / "work")
    found = composed(shop, abandonment=False, recommender=True)
    assert found == dict(zip(FILES, ("champion", "champion, beside", *["challenger"] * 3), strict=True))
    history = json.loads((shop / "set" / "train" / "history.json").read_text())
    assert history == {"abandonment": {"loss": "champion, beside"}, "recommender": {"loss": "challenger"}}
    assert folder_hashes(shop / "work") == ours  # its files have a second name in the set, and were not written to


def test_a_recommender_that_stays_is_taken_over_whole(shop: Path) -> None:
    found = composed(shop, abandonment=True)  # there was no challenger of it
    assert [found[name] for name in FILES] == [
        "challenger", "challenger", "champion", "champion, beside", "challenger"
    ]  # fmt: skip


@pytest.mark.parametrize("promoted", [True, False])
def test_manifests_tell_what_is_there_so_that_serving_finds_a_whole_set(shop: Path, promoted: bool) -> None:
    composed(shop, abandonment=promoted, recommender=True)
    manifests = {name: read_manifest(shop / "set", name) or {} for name in ("split", "train")}
    for name, manifest in manifests.items():
        assert manifest["outputs"] == folder_hashes(shop / "set" / name)
    inputs = manifests["train"]["fingerprint"]["input"]
    assert inputs == {f"split/{file}": digest for file, digest in manifests["split"]["outputs"].items()}
    features = json.loads((shop / "set" / "split" / "features.json").read_text())
    assert len(features) == (2 if promoted else 1)  # the champion that stays takes its own


def test_an_earlier_challenger_that_is_promoted_is_served_in_the_place_of_the_new_one(shop: Path) -> None:
    trained(shop / "kept", "earlier")
    write_features(FEATURES[1:], shop / "kept" / "features.json")
    ours = folder_hashes(shop / "work")
    champions = Champions(shop / "registry", {"abandonment": Standing("abandonment", "1", "abandonment", None)})
    decision = {"models": {"abandonment": {"promote": True}}}
    compose(shop / "before", shop / "work", decision, champions, shop / "set", shop / "kept")
    found = {name: (shop / "set" / "train" / name).read_text() for name in FILES}
    assert found == dict(zip(FILES, (*["earlier"] * 2, *["challenger"] * 3), strict=True))
    history = json.loads((shop / "set" / "train" / "history.json").read_text())
    assert history == {"abandonment": {"loss": "earlier"}, "recommender": {"loss": "challenger"}}
    assert [one["name"] for one in json.loads((shop / "set" / "split" / "features.json").read_text())] == ["hour"]
    assert (read_manifest(shop / "set", "train") or {})["outputs"] == folder_hashes(shop / "set" / "train")
    assert folder_hashes(shop / "work") == ours
