"""Models in MLflow's registry."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.errors import InputError
from pipeline.quiet import quiet
from pipeline.store import open_store, tracking_uri
from pipeline.tracking.champions import CHALLENGER, CHAMPION, promote
from pipeline.tracking.entities import LoggedModel

if TYPE_CHECKING:
    from mlflow import MlflowClient

ROOT = Path(__file__).resolve().parents[2]


def register(client: "MlflowClient", run_id: str, model: LoggedModel, tags: Mapping[str, str]) -> dict[str, Any]:
    """Log a model to a run with signature and input example, and register it.

    The new version is the challenger; it is the champion as well where there is none yet. It appears with its files and
    tags, so that no kill leaves half a version and whoever follows an alias finds a whole one.
    """
    import mlflow
    from mlflow.models import infer_signature

    figures = {name: f"{figure:.6g}" for name, figure in model.metrics.items()}
    with quiet(), _active(run_id):
        info = mlflow.pyfunc.log_model(
            name=model.name,
            loader_module=model.loader,
            data_path=str(model.folder),
            code_paths=[str(ROOT / "data"), str(ROOT / "models")],
            signature=infer_signature(model.example, model.output),
            input_example=model.example,
            pip_requirements=_requirements(),
        )
        version = str(mlflow.register_model(info.model_uri, model.name, tags={**tags, **figures}).version)
    aliases = [CHALLENGER]
    client.set_registered_model_alias(model.name, CHALLENGER, version)
    if CHAMPION not in client.get_registered_model(model.name).aliases:
        promote(client, model.name, version)
        aliases.append(CHAMPION)
    return {"name": model.name, "version": version, "aliases": aliases, "uri": info.model_uri}


def fetch_model(address: str, folder: Path, setting: str) -> Path:
    """Copy the files of a registered model into a folder.

    Args:
        address: `models:/NAME@ALIAS` or `models:/NAME/VERSION`.
        folder: existing folder to copy to.
        setting: name of the setting that holds the address, for the error.

    Returns:
        The copy.

    Raises:
        InputError: there is no such model, or the store cannot be reached.
    """
    client = open_store()
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        with quiet():
            return Path(mlflow.artifacts.download_artifacts(address, dst_path=str(folder)))
    except (MlflowException, OSError) as error:
        known = ", ".join(
            f"models:/{model.name}@{alias}"
            for model in client.search_registered_models(max_results=20)
            for alias in sorted(model.aliases)
        )
        raise InputError(
            f"`{setting}` should name a model in the registry at {tracking_uri()}. Received: {address}: "
            f"{str(error).splitlines()[0][:300]} It has: {known or 'no model yet'}."
        ) from None


@contextmanager
def _active(run_id: str) -> Iterator[None]:
    import mlflow

    with mlflow.start_run(run_id=run_id):
        yield


def _requirements() -> list[str]:
    names = ("tensorflow", "tensorflow-recommenders", "tf-keras", "keras", "numpy", "pandas", "pyarrow", "pydantic")
    return [f"{name}=={version(name)}" for name in names]
