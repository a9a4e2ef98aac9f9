"""What is served after a promotion: the challengers that were promoted beside the champions that stay."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from data.feature import read_features
from pipeline.config import PipelineConfig
from pipeline.fingerprint import folder_hashes
from pipeline.planning import Selection
from pipeline.progress import Progress
from pipeline.retraining.champions import Champions
from pipeline.retraining.decision import Decision, promoted_again
from pipeline.retraining.state import HOME, link
from pipeline.runner import CONFIG, run
from pipeline.stage import STAGES
from pipeline.tracking.decisions import experiment_of
from pipeline.tracking.tracker import STATE, state_text
from pipeline.workdir import MANIFEST, read_manifest, write_manifest, write_whole

SETS, FEATURES = "served", "features.json"
KEPT = "kept"
"""Folder with the files of a challenger that was not promoted, in that of its retrain."""

FOLDERS = tuple(stage.name for stage in STAGES if stage.name != "register")
"""Stages whose folders make up a set."""

OWN = {"abandonment": ("abandonment.keras", "threshold.json", "gradients.json"), "recommender": ("recommender*",)}
"""Files in `train` of each model, as patterns."""


def prepare_set(
    config: PipelineConfig, made: PipelineConfig, workdir: Path, work: Path, decision: Decision, champions: Champions,
    progress: Progress,
) -> Path:  # fmt: skip
    """Put together what is to be served: the promoted challengers beside the champions that stay, with their report.

    Args:
        config: the user's.
        made: the challenger's, with which it was trained.
        workdir: the work folder, with the models that stay.
        work: the challenger's work folder.
        decision: which models are promoted.
        champions: those that were to be beaten.
        progress: where to say what is going on.
    """
    folder = workdir / HOME / SETS / str(decision["id"])
    if not (folder / "train" / MANIFEST).exists():
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        compose(workdir / "train", work, decision, champions, partial, _heard(workdir, decision))
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    if read_manifest(folder, "explain") is None:
        # These two alone: whatever else changed since, what was judged is what is served.
        run(made, folder, progress, Selection(first="evaluate", until="explain"))
    write_whole(folder / CONFIG, config.model_dump_json(indent=1) + "\n")
    write_whole(folder / STATE, state_text(config, str(decision["run_id"]), experiment_of(config)))
    return folder


def compose(
    before: Path, work: Path, decision: Decision, champions: Champions, folder: Path, heard: Path | None = None
) -> None:
    """Put a challenger's stages into a folder, with the champions that stay in the place of what it has of them.

    Args:
        before: `train` of the work folder: what a champion has beside its registered files.
        work: the challenger's work folder, which stays as it is.
        decision: which models are promoted.
        champions: those that were to be beaten.
        folder: where to put it; it is not there yet.
        heard: files of the earlier abandonment challenger that is promoted in the place of this one, if it is.
    """
    for name in FOLDERS:
        if (work / name).exists():
            copy(work / name, folder / name)
    stay = [model for model in OWN if model in champions.models and not _promoted(decision, model)]
    for model in stay:
        _take_over(model, before, champions.folder(model), folder / "train")
    if "abandonment" in stay:
        _keep_features(champions.folder("abandonment") / FEATURES, folder)
    if heard is not None:
        _take_over("abandonment", heard, heard, folder / "train")
        _keep_features(heard / FEATURES, folder)
    if stay or heard is not None:
        renew(folder, "train")


def copy(source: Path, target: Path) -> None:
    """A copy that takes no room where the file system can do it; links are followed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, copy_function=lambda one, other: link(Path(one), Path(other)))
    else:
        link(source.resolve(), target)


def _heard(workdir: Path, decision: Decision) -> Path | None:
    """Files of the earlier challenger that a decision promotes; None where it promotes none."""
    hearing = promoted_again(decision["models"].get("abandonment", {}))
    return workdir / HOME / str(hearing["retrain"]) / KEPT if hearing else None


def _promoted(decision: Decision, model: str) -> bool:
    return bool(decision["models"].get(model, {}).get("promote"))


def _take_over(model: str, before: Path, champion: Path, train: Path) -> None:
    """Replace a challenger's files by those of the model that is served: the registry's, and its folder's beside."""
    for pattern in OWN[model]:
        for file in train.glob(pattern):
            file.unlink()
        for place in (before, champion):
            for file in place.glob(pattern):
                link(file.resolve(), train / file.name)
    histories = [json.loads((place / "history.json").read_text()) for place in (train, before)]
    (train / "history.json").unlink()
    (train / "history.json").write_text(json.dumps(histories[0] | {model: histories[1][model]}, indent=1) + "\n")


def _keep_features(kept: Path, folder: Path) -> None:
    """Let the examples have the features of the model that is served, should the log have got others since."""
    own = folder / "split" / FEATURES
    if read_features(kept) == read_features(own):
        return
    link(kept, own)
    outputs = renew(folder, "split")
    renew(folder, "train", {f"split/{file}": digest for file, digest in outputs.items()})


def renew(folder: Path, stage: str, inputs: Mapping[str, str] | None = None) -> dict[str, str]:
    """Bring a stage's manifest up to date with its files (and its inputs, where given); the hashes of the files."""
    manifest = read_manifest(folder, stage)
    assert manifest is not None
    outputs = folder_hashes(folder / stage)
    manifest["fingerprint"]["input"] |= inputs or {}
    (folder / stage / MANIFEST).unlink()
    write_manifest(folder / stage, manifest | {"outputs": outputs})
    return outputs
