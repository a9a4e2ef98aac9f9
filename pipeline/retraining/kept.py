"""The challenger that was not promoted the time before: it is heard again, on all sessions since it was trained."""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from data.moments import naive_utc
from pipeline.config import PipelineConfig
from pipeline.retraining.champions import Champions, names_of
from pipeline.retraining.composing import FEATURES, KEPT, OWN, copy
from pipeline.retraining.decision import read_decision
from pipeline.retraining.state import HOME, State
from pipeline.tracking.decisions import version_of_retrain

if TYPE_CHECKING:
    from mlflow import MlflowClient

MODEL = "abandonment"
"""The model whose challengers are heard again."""


@dataclass(frozen=True)
class KeptChallenger:
    """A registered challenger that a retrain decided against."""

    retrain: str
    """Id of that retrain."""

    version: str
    """In the registry."""

    heard_from: datetime
    """First moment of the sessions that it has not learnt from."""

    folder: Path
    """Its files."""


def keep(work: Path, retrain: Path) -> None:
    """Keep a challenger's files for the next time, whole or not at all; done again, it changes nothing.

    Args:
        work: the challenger's work folder, which is going to be deleted.
        retrain: the folder of its retrain.
    """
    if (retrain / KEPT).exists():
        return
    partial = retrain / f"{KEPT}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    for pattern in (*OWN[MODEL], "history.json"):
        for file in (work / "train").glob(pattern):
            copy(file, partial / file.name)
    copy(work / "split" / FEATURES, partial / FEATURES)
    partial.rename(retrain / KEPT)


def kept_challenger(
    client: "MlflowClient", config: PipelineConfig, workdir: Path, state: State, champions: Champions
) -> KeptChallenger | None:
    """The one to be heard again; None where there is none, or it was deleted or made the champion since."""
    name = names_of(config).get(MODEL)
    if state.kept is None or name is None or MODEL not in champions.models:
        return None
    folder = workdir / HOME / state.kept
    decision, version = read_decision(folder), version_of_retrain(client, name, state.kept)
    if decision is None or version in (None, champions.models[MODEL].version) or not (folder / KEPT).exists():
        return None
    heard_from = naive_utc(datetime.fromisoformat(decision["test_from"]))
    return KeptChallenger(state.kept, str(version), heard_from, folder / KEPT)
