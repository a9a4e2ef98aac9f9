"""`rollback`: the newest promotion is undone, and the work folder serves what goes with the champions.

The aliases and the folder cannot change in one step. A note written before the first of them lets the next `rollback`
or `retrain` finish what a kill cut off.
"""

import json
import tempfile
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
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
from pipeline.store import reached, store_name, without_password
from pipeline.tracking import fetch_model
from pipeline.tracking.champions import champion_of, former_champion, newest_promotion, roll_back
from pipeline.workdir import locked, write_whole

if TYPE_CHECKING:
    from mlflow import MlflowClient

NOTE = "rollback.json"


@dataclass(frozen=True)
class Change:
    """One model that went back."""

    model: str
    """Its name in the registry."""

    left: str
    """Version that was champion."""

    now: str
    """Version that is champion again."""


@dataclass(frozen=True)
class WentBack:
    """What a rollback came to."""

    changes: tuple[Change, ...]

    served: bool | None
    """Whether the work folder serves the champions; None where no promotion has put anything in place there."""

    resumed: bool = False
    """Whether this finished an earlier rollback, which was cut off, in the place of another one."""


def go_back(client: "MlflowClient", names: Collection[str], workdir: Path) -> WentBack:
    """Undo the newest promotion among some models: what it put in the place of an earlier champion, in the registry and
    in the work folder.

    Args:
        client: MLflow's.
        names: the registered models.
        workdir: the folder that `retrain` works in; it need not be there.

    Raises:
        InputError: there is no champion to go back to, a command is at work in the folder, or a retrain that was cut
            off there still has its decision to carry out.
        Unreachable: the store does not answer; the same call finishes what was begun when it does.
    """
    home = workdir / HOME
    state = read_state(home)
    if state is None or without_password(state.tracking_uri) != store_name():
        left = _to_leave(client, names)
        return WentBack(tuple(Change(name, *roll_back(client, name)) for name in left), None)
    with locked(workdir), reached("The same command finishes the rollback when the store is back."):
        if state.pending and read_decision(home / state.pending):
            raise InputError(
                f"`rollback` should come after the retrain that was cut off in {workdir}, which would promote again. "
                f"Let it finish what it decided first: python -m pipeline retrain --workdir {workdir} …"
            )
        earlier = finish(client, workdir)
        if earlier and any(change.model in names for change in earlier.changes):
            return earlier
        left = _to_leave(client, names)
        write_whole(home / NOTE, json.dumps({"left": left}) + "\n")
        return _carry_out(client, workdir, left)


def finish(client: "MlflowClient", workdir: Path) -> WentBack | None:
    """Finish a rollback that was cut off; None where there is none."""
    note = workdir / HOME / NOTE
    if not note.exists():
        return None
    return replace(_carry_out(client, workdir, json.loads(note.read_text())["left"]), resumed=True)


def _to_leave(client: "MlflowClient", names: Collection[str]) -> dict[str, str]:
    """The champions that the newest promotion brought, by model; one that was the first of its model has to stay."""
    promoted = newest_promotion(client, names)
    back = [name for name in promoted if former_champion(client, name) is not None]
    if not back:
        raise InputError(
            f"The last promotion cannot be undone: what it made champion, of {', '.join(promoted)}, is the first one "
            "that is still there. `--model` undoes an earlier one of another model."
        )
    return {name: str(champion_of(client, name)) for name in back}


def _carry_out(client: "MlflowClient", workdir: Path, left: Mapping[str, str]) -> WentBack:
    home = workdir / HOME
    note, state = home / NOTE, read_state(home)
    if state and state.pending:  # it was trained from the champion that is left now, and begins anew
        drop(home / state.pending)
    for name, version in left.items():
        if champion_of(client, name) == version:
            try:
                roll_back(client, name)
            except InputError:
                note.unlink()
                raise
    served = _serve_champions(client, workdir)
    note.unlink()
    return WentBack(tuple(Change(name, one, str(champion_of(client, name))) for name, one in left.items()), served)


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
