"""The champions that a challenger has to beat, fetched from the registry and kept until the decision is carried out."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import InputError
from data.moments import naive_utc
from pipeline.champion import own_folder
from pipeline.config import PipelineConfig
from pipeline.store import store_name
from pipeline.tracking import fetch_model
from pipeline.tracking.champions import champion_of

if TYPE_CHECKING:
    from mlflow import MlflowClient

PLACE, ABOUT = "champion", "champions.json"
"""Folder of a retrain's champions, and the file in it that says which they are."""
CALIBRATED = "calibrated_to"
"""Tag of a version: when the last session that it was calibrated on began, where it was not trained before."""


@dataclass(frozen=True)
class Standing:
    """One champion."""

    name: str
    """Name in the registry."""

    version: str
    """Its version when it was fetched."""

    folder: str
    """Its files, relative to the folder of all champions."""

    learnt_until: str | None
    """When the last session that it was trained, chosen or calibrated on began, where its tags say so."""


@dataclass(frozen=True)
class Champions:
    """Those there are, under `abandonment` and `recommender`."""

    place: Path
    models: Mapping[str, Standing]

    def folder(self, model: str) -> Path:
        """Files of a champion."""
        return self.place / self.models[model].folder

    def learnt_until(self) -> datetime | None:
        """The latest moment that any of them has learnt from."""
        known = [
            naive_utc(datetime.fromisoformat(one.learnt_until)) for one in self.models.values() if one.learnt_until
        ]
        return max(known, default=None)


def names_of(config: PipelineConfig) -> dict[str, str]:
    """Name in the registry of each model that the configuration makes."""
    wanted = {
        "abandonment": config.tracking.abandonment_name if config.abandonment.enabled else None,
        "recommender": config.tracking.recommender_name if config.recommender.enabled else None,
    }
    return {model: name for model, name in wanted.items() if name is not None}


def fetch_champions(client: "MlflowClient", config: PipelineConfig, workdir: Path, place: Path) -> Champions:
    """Copy the champions of the moment to a folder; what was fetched before a kill stays the champion to beat.

    Raises:
        InputError: no model has a champion.
    """
    if not (place / ABOUT).exists():
        partial = place.with_name(f"{place.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        found = {}
        for model, name in names_of(config).items():
            version = champion_of(client, name)
            if version is not None:
                found[model] = _fetch(client, model, name, version, partial)
        if not found:
            raise InputError(
                f"`retrain` needs a champion to challenge; the registry at {store_name()} has none of "
                f"{', '.join(names_of(config).values())}. Run first: python -m pipeline run --workdir {workdir} …"
            )
        (partial / ABOUT).write_text(json.dumps({model: asdict(one) for model, one in found.items()}, indent=1) + "\n")
        shutil.rmtree(place, ignore_errors=True)
        partial.rename(place)
    about = json.loads((place / ABOUT).read_text())
    return Champions(place, {model: Standing(**one) for model, one in about.items()})


def _fetch(client: "MlflowClient", model: str, name: str, version: str, place: Path) -> Standing:
    target = place / model
    target.mkdir()
    fetched = own_folder(model, fetch_model(f"models:/{name}/{version}", target, f"tracking.{model}_name"))
    tags = client.get_model_version(name, version).tags
    known = [tags[tag] for tag in ("train_to", "validation_to", CALIBRATED) if tag in tags]
    folder = fetched.resolve().relative_to(place.resolve()).as_posix()  # MLflow answers with an absolute path
    return Standing(name, version, folder, max(known, default=None))
