"""Models in MLflow's registry."""

import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import requires, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from data.errors import InputError
from pipeline.quiet import quiet
from pipeline.store import failures, open_store, store_name, without_password
from pipeline.tracking.champions import CHALLENGER, CHAMPION, champion_of, promote
from pipeline.tracking.entities import LoggedModel

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.models import ModelSignature

ROOT = Path(__file__).resolve().parents[2]

LONGEST = 300
"""Characters of what MLflow says of an error."""

OF_THIS_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EMFILE)
"""Errors that only what is written can meet with, whatever file they are about."""


def register(client: "MlflowClient", run_id: str, model: LoggedModel, tags: Mapping[str, str]) -> dict[str, Any]:
    """Log a model to a run with signature and input example, and register it.

    The new version is the challenger; it is the champion as well where there is none yet. It appears with its files and
    tags, so that no kill leaves half a version and whoever follows an alias finds a whole one. What an attempt that was
    killed has logged or registered of the same model is taken up, and what it has left half is deleted.
    """
    told = {**tags, **{name: f"{figure:.6g}" for name, figure in model.metrics.items()}}
    with quiet(), _active(run_id):
        address = _logged_before(client, run_id, model, told) or _log(model, told)
        version = _registered_before(client, model.name, address) or _register(model.name, address, told)
    aliases = [CHALLENGER]
    client.set_registered_model_alias(model.name, CHALLENGER, version)
    if champion_of(client, model.name) is None:
        promote(client, model.name, version)
        aliases.append(CHAMPION)
    return {"name": model.name, "version": version, "aliases": aliases, "uri": address}


def _logged_before(client: "MlflowClient", run_id: str, model: LoggedModel, tags: Mapping[str, str]) -> str | None:
    """Address of the model where it was logged to the run before, whole and with the same tags."""
    from mlflow.entities import LoggedModelStatus

    experiment = client.get_run(run_id).info.experiment_id
    found = client.search_logged_models([experiment], f"source_run_id = '{run_id}' AND name = '{model.name}'")
    for one in found:
        if one.status != LoggedModelStatus.READY:
            client.delete_logged_model(one.model_id)
        elif tags.items() <= one.tags.items():
            return f"models:/{one.model_id}"
    return None


def _log(model: LoggedModel, tags: Mapping[str, str]) -> str:
    import mlflow
    from mlflow.models import infer_signature

    logged = mlflow.pyfunc.log_model(
        name=model.name,
        loader_module=model.loader,
        data_path=str(model.folder),
        code_paths=[str(ROOT / package) for package in model.packages],
        signature=_lenient(infer_signature(model.example, model.output)),
        input_example=model.example,
        pip_requirements=pinned(("mlflow", *model.libraries)),
        tags=dict(tags),
    )
    return str(logged.model_uri)


def _registered_before(client: "MlflowClient", name: str, address: str) -> str | None:
    if all(known.name != name for known in client.search_registered_models(f"name = '{name}'")):
        return None
    found = client.search_model_versions(f"name = '{name}'", max_results=10_000)
    return next((str(one.version) for one in found if one.source == address), None)


def _register(name: str, address: str, tags: Mapping[str, str]) -> str:
    import mlflow

    return str(mlflow.register_model(address, name, tags=dict(tags)).version)


def fetch_model(address: str, folder: Path, setting: str) -> Path:
    """Copy the files of a registered model into a folder.

    Args:
        address: `models:/NAME@ALIAS` or `models:/NAME/VERSION`.
        folder: existing folder to copy to.
        setting: name of the setting that holds the address, for the error.

    Returns:
        The copy.

    Raises:
        InputError: there is no such model, its files cannot be had from the store, or they cannot be written here.
    """
    client = open_store()
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        with quiet():
            copy = Path(mlflow.artifacts.download_artifacts(address, dst_path=str(folder)))
    except (MlflowException, OSError) as error:
        of_this_machine = _local_trouble(error, folder)
        if of_this_machine:
            raise InputError(
                f"{address} is in the registry at {store_name()}, but could not be copied to {folder} on this "
                f"machine: {of_this_machine}"
            ) from None
        raise InputError(
            f"`{setting}` should name a model in the registry at {store_name()}. Received: {address}: "
            f"{without_password(' '.join(str(error).split()))[:LONGEST]} It has: {_known_aliases(client)}."
        ) from None
    if not any(path.is_file() for path in copy.rglob("*")):  # MLflow takes a folder that is gone for an empty one
        raise InputError(
            f"`{setting}` should name a model whose files are there. Received: {address}, which the registry at "
            f"{store_name()} knows, while its artifacts are gone."
        )
    return copy


def _local_trouble(error: Exception, folder: Path) -> str | None:
    """What an error says that this machine is to blame for, and not the store; None where that is not so.

    MLflow downloads in threads, and hands on no more than the text of what went wrong in them.
    """
    signs = (str(folder), *map(os.strerror, OF_THIS_MACHINE))
    lines = (line.strip()[:LONGEST] for line in str(error).splitlines())
    return next((line for line in lines if any(sign in line for sign in signs)), None)


def _known_aliases(client: "MlflowClient") -> str:
    try:
        models = client.search_registered_models(max_results=20)
    except failures():
        return "nothing that it would tell"
    return (
        ", ".join(f"models:/{model.name}@{alias}" for model in models for alias in sorted(model.aliases))
        or "no model yet"
    )


@contextmanager
def _active(run_id: str) -> Iterator[None]:
    import mlflow

    with mlflow.start_run(run_id=run_id):
        yield


def _lenient(signature: "ModelSignature") -> "ModelSignature":
    """A signature whose objects and lists may have whole numbers where a number can have a fraction.

    MLflow refuses a 5 there, and many clients write 5.0 as 5. Of type "any" it hands over what came, and the model says
    what is wrong with it.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    columns = [ColSpec(_any_number(one.type), one.name, one.required) for one in signature.inputs.inputs]
    return ModelSignature(Schema(columns), signature.outputs, signature.params)


def _any_number(kind: Any) -> Any:
    from mlflow.types.schema import AnyType, Array, DataType, Object, Property

    if isinstance(kind, Array):
        return Array(AnyType() if kind.dtype == DataType.double else _any_number(kind.dtype))
    if not isinstance(kind, Object):
        return kind
    properties = ((one, one.dtype == DataType.double) for one in kind.properties)
    return Object(
        [
            Property(one.name, AnyType() if number else _any_number(one.dtype), one.required and not number)
            for one, number in properties
        ]
    )


def pinned(names: Iterable[str]) -> list[str]:
    """Distributions and all that they need, as installed here: `name==version`.

    Not the distributions alone: which versions pip finds for what they need depends on the day, and some do not work.
    """
    found: dict[str, str] = {}
    waiting = list(names)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in found:
            found[name] = version(name)
            needed = (Requirement(line) for line in requires(name) or ())
            waiting += [one.name for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]
    return [f"{name}=={found[name]}" for name in sorted(found)]
