"""`rollback`: the champion before is champion again, and the work folder serves what goes with the champions.

The alias and the folder cannot change in one step. A note written before the first of them lets the next `rollback` or
`retrain` finish what a kill cut off.
"""

import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import InputError
from pipeline.champion import FILES, own_folder
from pipeline.config import PipelineConfig
from pipeline.fingerprint import file_hash
from pipeline.retraining.champions import names_of
from pipeline.retraining.composing import SETS
from pipeline.retraining.decision import read_decision
from pipeline.retraining.leftovers import drop
from pipeline.retraining.serving_set import CURRENT, serves_a_set, switch
from pipeline.retraining.state import HOME, read_state
from pipeline.runner import read_config
from pipeline.store import reached, tracking_uri
from pipeline.tracking import fetch_model
from pipeline.tracking.champions import champion_of, roll_back
from pipeline.workdir import locked, write_whole

if TYPE_CHECKING:
    from mlflow import MlflowClient

NOTE = "rollback.json"


@dataclass(frozen=True)
class WentBack:
    """What a rollback came to."""

    left: str
    """Version that was champion."""

    now: str
    """Version that is champion again."""

    served: bool | None
    """Whether the work folder serves the champions; None where no promotion has put anything in place there."""

    resumed: bool = False
    """Whether this finished an earlier rollback, which was cut off, in the place of another one."""


def go_back(client: "MlflowClient", name: str, workdir: Path) -> WentBack:
    """Make the champion before the present one champion again, in the registry and in the work folder.

    Args:
        client: MLflow's.
        name: the registered model.
        workdir: the folder that `retrain` works in; it need not be there.

    Raises:
        InputError: there is no champion to go back to, a command is at work in the folder, or a retrain that was cut
            off there still has its decision to carry out.
        Unreachable: the store does not answer; the same call finishes what was begun when it does.
    """
    home = workdir / HOME
    state = read_state(home)
    if state is None or state.tracking_uri != tracking_uri():
        return WentBack(*roll_back(client, name), None)
    with locked(workdir), reached("The same command finishes the rollback when the store is back."):
        if state.pending and read_decision(home / state.pending):
            raise InputError(
                f"`rollback` should come after the retrain that was cut off in {workdir}, which would promote again. "
                f"Let it finish what it decided first: python -m pipeline retrain --workdir {workdir} …"
            )
        earlier = finish(client, workdir)
        if earlier and earlier[0] == name:
            return earlier[1]
        left = champion_of(client, name)
        write_whole(home / NOTE, json.dumps({"model": name, "left": left}) + "\n")
        return _carry_out(client, workdir, name, left)


def finish(client: "MlflowClient", workdir: Path) -> tuple[str, WentBack] | None:
    """Finish a rollback that was cut off: the model and what came of it; None where there is none."""
    note = workdir / HOME / NOTE
    if not note.exists():
        return None
    cut_off = json.loads(note.read_text())
    done = _carry_out(client, workdir, cut_off["model"], cut_off["left"])
    return cut_off["model"], WentBack(done.left, done.now, done.served, resumed=True)


def _carry_out(client: "MlflowClient", workdir: Path, name: str, left: str | None) -> WentBack:
    home = workdir / HOME
    note, state = home / NOTE, read_state(home)
    if state and state.pending:  # it was trained from the champion that is left now, and begins anew
        drop(home / state.pending)
    if champion_of(client, name) == left:
        try:
            roll_back(client, name)
        except InputError:
            note.unlink()
            raise
    served = _serve_champions(client, workdir)
    note.unlink()
    return WentBack(str(left), str(champion_of(client, name)), served)


def _serve_champions(client: "MlflowClient", workdir: Path) -> bool | None:
    """Serve the set whose models are the champions; whether there is one."""
    if not serves_a_set(workdir):  # a later run put its own models there
        return None
    home = workdir / HOME
    here = (home / CURRENT).resolve()
    wanted = _champions(client, read_config(workdir))
    others = [one for one in (home / SETS).iterdir() if one.resolve() != here and one.suffix != ".partial"]
    for folder in (here, *others):
        if _models(folder, wanted) == wanted:
            switch(read_config(folder), workdir, folder)  # also where a kill came between it and the report
            return True
    return False


def _champions(client: "MlflowClient", config: PipelineConfig) -> dict[str, str]:
    """Content hashes of the champions' networks, under `abandonment` and `recommender`."""
    hashes = {}
    for model, name in names_of(config).items():
        version = champion_of(client, name)
        if version is not None:
            with tempfile.TemporaryDirectory() as scratch:
                fetched = fetch_model(f"models:/{name}/{version}", Path(scratch), f"tracking.{model}_name")
                hashes[model] = file_hash(own_folder(model, fetched) / FILES[model][0])
    return hashes


def _models(folder: Path, wanted: Iterable[str]) -> dict[str, str]:
    """The same of the networks in a set."""
    files = {model: folder / "train" / FILES[model][0] for model in wanted}
    return {model: file_hash(file) for model, file in files.items() if file.exists()}
