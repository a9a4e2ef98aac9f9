"""Runs in MLflow."""

import json
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from data.errors import InputError
from pipeline.config import PipelineConfig, as_table, flat, settings_digest
from pipeline.store import Unreachable, failures, first_line, open_store, store_name
from pipeline.tracking.entities import Dataset
from pipeline.tracking.experiments import experiment_id
from pipeline.tracking.nested import NAME, NestedRuns
from pipeline.workdir import write_whole

if TYPE_CHECKING:
    from mlflow import MlflowClient

STATE = "tracking.json"
GONE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""What MLflow answers about a run that was purged, and about one that was deleted."""

ATTEMPT = "attempt"
"""Tag of a run, by which it is found where its id was not noted."""


class Tracker:
    """One parent run per pipeline run, opened when the first stage has something to log.

    The run's id stands in `workdir/tracking.json`, so that a run that was killed goes on in the same MLflow run when
    it is started again with the same settings.
    """

    def __init__(
        self,
        config: PipelineConfig,
        workdir: Path,
        kind: str = "pipeline",
        title: str | None = None,
        warn: Callable[[str], None] = warnings.warn,
    ) -> None:
        """Log what a configuration is run for.

        Args:
            config: the run's.
            workdir: folder for `tracking.json`.
            kind: "pipeline" or "comparison"; a tag to filter by.
            title: name of the parent run in the UI; preset and update rule where not given.
            warn: is told when the store cannot be reached any more.
        """
        self.config = config
        self.workdir = workdir
        self.warn = warn
        self.telling = config.tracking.enabled
        """Whether MLflow is told what goes on: where it is enabled, until it cannot be reached."""
        self.kind, self.title = kind, title
        self.settings = settings_digest(config)
        """Fingerprint of the configuration: equal where every setting that changes a result is."""
        self._run_id: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._run_id is None or not _read_state(self.workdir).get("attempt"):
            return
        # The run goes on in tracking.json: the next attempt, or a run of the remaining stages, takes it up again.
        status = "FINISHED" if kind is None else "KILLED" if kind is KeyboardInterrupt else "FAILED"
        with suppress(*failures()):  # what the run ended for is said, and not this
            self.client.set_terminated(self._run_id, status)

    def attempt(self, action: Callable[[], None]) -> None:
        """Tell MLflow what goes on; from its first failure on, go on without.

        What was not told is sent in the end (`delivering`), from what the run keeps in files.
        """
        if not self.telling:
            return
        try:
            action()
        except failures() as error:
            self._give_up(f"MLflow's tracking store at {store_name()} cannot be told what goes on", error)
        except OSError as error:
            self._give_up("A file of this machine stands in the way of telling MLflow what goes on", error)

    def _give_up(self, what: str, error: Exception) -> None:
        self.telling = False
        self.warn(f"{what}: {first_line(error)} The work goes on, and what it comes to is sent when it is done.")

    @contextmanager
    def delivering(self) -> Iterator[None]:
        """Send what a piece of work came to, in the block; the store is tried again where it could not be reached.

        Raises:
            Unreachable: the store does not take it. The message says that nothing is lost.
            InputError: a file of this machine cannot be read or written, which the store has no part in.
        """
        if not self.telling:
            self.telling, self._run_id = self.enabled, None
            for cached in ("client", "nested"):
                self.__dict__.pop(cached, None)
        try:
            yield
        except failures() as error:
            raise Unreachable(
                f"MLflow's tracking store at {store_name()} did not take the results: {first_line(error)}\n"
                f"Nothing is lost: they are in {self.workdir}. The same command sends them when the store is back; "
                "to do without it: --set tracking.enabled=false"
            ) from None
        except OSError as error:
            raise InputError(
                f"A file of this machine could not be read or written on the way to MLflow: {first_line(error)}\n"
                f"What there is of the results is in {self.workdir}. Mend it; the same command sends them then."
            ) from None

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

    @cached_property
    def nested(self) -> NestedRuns:
        """The runs below the parent run."""
        return NestedRuns(self.client, self.run_id)

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

        # Who is told of failures is nobody else's business: the address of a webhook lets its holder post there.
        settings = {name: value for name, value in as_table(self.config).items() if name != "schedule"}
        params = [Param(key, str(value)[:500]) for key, value in flat(settings)]
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

    def finish(self) -> None:
        """End the parent run; the next pipeline run starts another."""
        self.client.set_terminated(self.run_id, "FINISHED")
        self._write_state(self.run_id, None)

    def _start(self) -> str:
        model = self.config.abandonment if self.config.abandonment.enabled else self.config.recommender
        searched = f" · {self.config.tune.method} search" if self.config.tune.trials else ""
        title = self.title or f"{self.config.preset} · {model.optimizer.name}{searched}"
        experiment, attempt = experiment_id(self.client, self.experiment), uuid.uuid4().hex
        self._end_former()
        # Noted before it is made: a kill in between leaves no run that the next attempt does not know of.
        self._write_state(None, attempt)
        run = self.client.create_run(experiment, tags={NAME: title, "kind": self.kind, ATTEMPT: attempt})
        self._run_id = str(run.info.run_id)
        self._write_state(self._run_id, attempt)
        return self._run_id

    def _end_former(self) -> None:
        """End the run that was cut off here and that no attempt goes on with, as it was of other settings."""
        from mlflow.exceptions import MlflowException

        state = _read_state(self.workdir)
        if not state.get("attempt") or state.get("tracking_uri") != store_name():
            return
        run_id = state["run_id"] or self._made_by(state["attempt"], state["experiment"])
        try:
            if run_id and self.client.get_run(run_id).info.status == "RUNNING":
                NestedRuns(self.client, run_id)  # ends those below it
                self.client.set_terminated(run_id, "KILLED")
        except MlflowException as error:
            if error.error_code not in GONE:
                raise

    def _made_by(self, attempt: str, experiment: str) -> str | None:
        """The run that an attempt made without coming to note its id."""
        found = self.client.search_runs([experiment_id(self.client, experiment)], f"tags.{ATTEMPT} = '{attempt}'")
        return str(found[0].info.run_id) if found else None

    def _take_up(self) -> str | None:
        from mlflow.exceptions import MlflowException

        state = _read_state(self.workdir)
        if (
            not state.get("attempt")
            or state.get("experiment") != self.experiment
            or state.get("tracking_uri") != store_name()
            or state.get("settings") != self.settings
        ):
            return None
        run_id = state["run_id"] or self._made_by(state["attempt"], self.experiment)
        if run_id is None:
            return None
        try:
            self.client.update_run(run_id, "RUNNING")
        except MlflowException as error:
            if error.error_code not in GONE:  # it is there, and another would be a second one
                raise
            return None
        self._write_state(str(run_id), state["attempt"])
        return str(run_id)

    def _write_state(self, run_id: str | None, attempt: str | None) -> None:
        write_whole(self.workdir / STATE, state_text(self.config, run_id, self.experiment, attempt))


def state_text(config: PipelineConfig, run_id: str | None, experiment: str, attempt: str | None = None) -> str:
    """What `tracking.json` holds of a run.

    Args:
        config: what it was run for.
        run_id: its id; None while it is being made.
        experiment: name of its experiment.
        attempt: the tag that it is made with, while it goes on; None where it is over.
    """
    state = {
        "run_id": run_id,
        "experiment": experiment,
        "tracking_uri": store_name(),
        "settings": settings_digest(config),
        "attempt": attempt,
    }
    return json.dumps(state, indent=1) + "\n"


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
