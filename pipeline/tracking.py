"""Runs, trials and models in MLflow."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from data.errors import InputError
from pipeline.config import PipelineConfig, as_table, flat
from pipeline.quiet import quiet
from pipeline.store import open_store, tracking_uri
from pipeline.workdir import write_whole

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient

ROOT = Path(__file__).resolve().parents[1]
STATE = "tracking.json"
PARENT = "mlflow.parentRunId"


@dataclass(frozen=True)
class Dataset:
    """A data set that a run used."""

    name: str
    context: str
    """What it was used for: "training", "validation" or "test"."""
    path: Path
    digest: str
    """Content hash."""


@dataclass(frozen=True)
class LoggedModel:
    """A model to log and register."""

    name: str
    """Name in the registry."""
    loader: str
    """Module whose `_load_pyfunc(folder)` loads it."""
    folder: Path
    """Files of the model."""
    example: "pd.DataFrame"
    """A few rows of input."""
    output: "pd.DataFrame"
    """What the model answers to them."""
    metrics: Mapping[str, float]
    """Test metrics, kept as tags of the registered version."""


class Tracker:
    """One parent run per pipeline run, opened when the first stage has something to log.

    The run's id stands in `workdir/tracking.json`, so that a run that was killed goes on in the same MLflow run.
    """

    def __init__(self, config: PipelineConfig, workdir: Path) -> None:
        self.config = config
        self.workdir = workdir
        self._run_id: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None and self._run_id is not None:
            # The run stays open in tracking.json: the next attempt takes it up again.
            self.client.set_terminated(self._run_id, "KILLED" if kind is KeyboardInterrupt else "FAILED")

    @property
    def enabled(self) -> bool:
        """Whether anything is logged."""
        return self.config.tracking.enabled

    @property
    def experiment(self) -> str:
        """Name of the MLflow experiment."""
        return self.config.tracking.experiment or self.config.preset

    @cached_property
    def client(self) -> "MlflowClient":
        """MLflow's client; importing MLflow and opening the store takes seconds, so only where it is needed."""
        return open_store()

    @property
    def run_id(self) -> str:
        """Id of the parent run, which is started, or taken up again, on first use."""
        if self._run_id is None:
            self._run_id = self._take_up() or self._start()
        return self._run_id

    def log_trial(self, trial: str, values: Mapping[str, Any]) -> "TrialRun":
        """Start a nested run for one trial of the search."""
        experiment = self.client.get_run(self.run_id).info.experiment_id
        tags = {PARENT: self.run_id, "mlflow.runName": f"trial {trial}", "kind": "trial"}
        run = self.client.create_run(experiment, tags=tags)
        for key, value in values.items():
            self.client.log_param(run.info.run_id, key, value)
        return TrialRun(self.client, run.info.run_id)

    def log_run(
        self,
        metrics: Mapping[str, float],
        datasets: Sequence[Dataset],
        artifacts: Sequence[Path],
        history: Mapping[str, Sequence[float]],
        tags: Mapping[str, str],
    ) -> None:
        """Log what a whole run came to into the parent run.

        Args:
            metrics: figures by name, such as `abandonment.test.auc`.
            datasets: inputs of the run.
            artifacts: files and folders to keep with the run.
            history: per-epoch values of training metrics.
            tags: what to find the run by.
        """
        from mlflow.entities import Metric, Param, RunTag

        params = [Param(key, str(value)[:500]) for key, value in flat(as_table(self.config))]
        points = [Metric(key, value, 0, 0) for key, value in metrics.items()]
        points += [Metric(key, value, 0, step) for key, values in history.items() for step, value in enumerate(values)]
        run_tags = [RunTag(key, value) for key, value in tags.items()]
        for start in range(0, max(len(params), len(points)), 100):
            self.client.log_batch(
                self.run_id, points[start : start + 100], params[start : start + 100], run_tags if start == 0 else []
            )
        self.client.log_inputs(self.run_id, [_dataset_input(dataset) for dataset in datasets])
        for path in artifacts:
            if path.is_dir():
                self.client.log_artifacts(self.run_id, str(path), path.name)
            else:
                self.client.log_artifact(self.run_id, str(path))

    def register(self, model: LoggedModel, tags: Mapping[str, str]) -> dict[str, Any]:
        """Log a model with signature and input example, and register it.

        The new version is the challenger; it is the champion as well where there is none yet.
        """
        import mlflow
        from mlflow.models import infer_signature

        with quiet(), _active(self.run_id):
            info = mlflow.pyfunc.log_model(
                name=model.name,
                loader_module=model.loader,
                data_path=str(model.folder),
                code_paths=[str(ROOT / "data"), str(ROOT / "models")],
                signature=infer_signature(model.example, model.output),
                input_example=model.example,
                pip_requirements=_requirements(),
                registered_model_name=model.name,
            )
        version = str(info.registered_model_version)
        for key, value in {**tags, **{name: f"{figure:.6g}" for name, figure in model.metrics.items()}}.items():
            self.client.set_model_version_tag(model.name, version, key, value)
        aliases = ["challenger"]
        if "champion" not in self.client.get_registered_model(model.name).aliases:
            aliases.append("champion")
        for alias in aliases:
            self.client.set_registered_model_alias(model.name, alias, version)
        return {"name": model.name, "version": version, "aliases": aliases, "uri": info.model_uri}

    def finish(self) -> None:
        """End the parent run; the next pipeline run starts another."""
        self.client.set_terminated(self.run_id, "FINISHED")
        self._write_state(open_run=False)

    def _start(self) -> str:
        experiment = self.client.get_experiment_by_name(self.experiment)
        if experiment is None:
            # A server places artifacts itself; without one they go beside the database, wherever this was started.
            _, local, database = tracking_uri().partition("sqlite:///")
            place = (Path(database).resolve().parent / "artifacts").as_uri() if local else None
            experiment_id = self.client.create_experiment(self.experiment, artifact_location=place)
        else:
            experiment_id = experiment.experiment_id
        model = self.config.abandonment if self.config.abandonment.enabled else self.config.recommender
        run = self.client.create_run(
            experiment_id, tags={"mlflow.runName": f"{self.config.preset} · {model.optimizer.name}", "kind": "pipeline"}
        )
        self._run_id = str(run.info.run_id)
        self._write_state(open_run=True)
        return self._run_id

    def _take_up(self) -> str | None:
        from mlflow.exceptions import MlflowException

        state = _read_state(self.workdir)
        if (
            not state.get("open")
            or state.get("experiment") != self.experiment
            or state.get("tracking_uri") != tracking_uri()
        ):
            return None
        try:
            self.client.update_run(state["run_id"], "RUNNING")
        except MlflowException:
            return None  # deleted meanwhile
        self._end_children(state["run_id"])
        return str(state["run_id"])

    def _end_children(self, parent: str) -> None:
        """Mark the trials that were running when their process was killed."""
        experiment = self.client.get_run(parent).info.experiment_id
        running = f"tags.`{PARENT}` = '{parent}' and attributes.status = 'RUNNING'"
        for run in self.client.search_runs([experiment], running):
            self.client.set_terminated(run.info.run_id, "KILLED")

    def _write_state(self, open_run: bool) -> None:
        state = {
            "run_id": self._run_id,
            "experiment": self.experiment,
            "tracking_uri": tracking_uri(),
            "open": open_run,
        }
        write_whole(self.workdir / STATE, json.dumps(state, indent=1) + "\n")


class TrialRun:
    """A nested run of one trial."""

    def __init__(self, client: "MlflowClient", run_id: str) -> None:
        self._client = client
        self._run_id = run_id

    def epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Log an epoch's metrics as they come."""
        for key, value in metrics.items():
            self._client.log_metric(self._run_id, key, value, step=epoch)

    def end(self, metrics: Mapping[str, float], seconds: float, error: str | None) -> None:
        """End the run; with its failure where it failed."""
        for key, value in {**metrics, "seconds": seconds}.items():
            self._client.log_metric(self._run_id, key, value)
        if error:
            self._client.set_tag(self._run_id, "error", error[:5000])
        self._client.set_terminated(self._run_id, "FAILED" if error else "FINISHED")


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


def read_tracking(workdir: Path) -> dict[str, str | None]:
    """Where the last run in a work folder was logged: `run_id`, `experiment`, `tracking_uri` (each may be None)."""
    state = _read_state(workdir)
    return {key: state.get(key) for key in ("run_id", "experiment", "tracking_uri")}


def _read_state(workdir: Path) -> dict[str, Any]:
    path = workdir / STATE
    state: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return state


def _dataset_input(dataset: Dataset) -> Any:
    from mlflow.entities import Dataset as Entity
    from mlflow.entities import DatasetInput, InputTag

    entity = Entity(dataset.name, dataset.digest, "local", json.dumps({"uri": str(dataset.path)}))
    return DatasetInput(entity, [InputTag("mlflow.data.context", dataset.context)])


@contextmanager
def _active(run_id: str) -> Iterator[None]:
    import mlflow

    with mlflow.start_run(run_id=run_id):
        yield


def _requirements() -> list[str]:
    from importlib.metadata import version

    names = ("tensorflow", "tensorflow-recommenders", "tf-keras", "keras", "numpy", "pandas", "pyarrow", "pydantic")
    return [f"{name}=={version(name)}" for name in names]
