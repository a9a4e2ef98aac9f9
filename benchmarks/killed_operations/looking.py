"""What a shop looks like after a command, and how that differs from another one: the unbroken one's."""

import json
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import LoggedModelStatus

from benchmarks.killed_operations.home import Home
from pipeline.fingerprint import file_hash
from pipeline.retraining.state import HOME
from pipeline.tracking.champions import CHAMPION, HISTORY

OTHER_EACH_TIME = ("MLmodel", "history.parquet", "history.json", "registered_model_meta")
"""Files of a version with ids, times or a salt in them."""

RUN_ID = re.compile(r"\b[0-9a-f]{32}\b")

KINDS = ("decisions", "versions", "runs", "served", "state", "left")


@dataclass(frozen=True)
class Look:
    """A shop at a moment, by what should be the same whether a command was killed or not."""

    decisions: dict[str, Any]
    """What each `decision.json` says."""

    versions: dict[str, Any]
    """Each registered model's champions, and its versions with tags, files and their content."""

    runs: list[Any]
    """Each MLflow run's tags, parameters, every point of its metrics, artifacts, and models that were logged to it."""

    served: dict[str, str]
    """Content of the models that the work folder serves, and of what says which run they are of."""

    state: dict[str, Any]
    """What one retrain leaves for the next: watermark, window, parts."""

    left: list[str]
    """Files of the work folder and of the folder for temporary files."""

    def differences(self, other: "Look") -> dict[str, int]:
        """1 for each kind of thing that is not as in another look."""
        return {kind: int(getattr(self, kind) != getattr(other, kind)) for kind in KINDS}

    def told(self, other: "Look") -> str:
        """What differs, for whoever has to find out why."""
        return "\n".join(line for kind in KINDS for line in _told(kind, getattr(self, kind), getattr(other, kind)))


def look(home: Home) -> Look:
    """Look at a shop whose commands have ended."""
    # Under a name of its own: MLflow keeps the file open that an address first meant, and shops are put back.
    database = home.folder / f"looked-at-{time.monotonic_ns()}.db"
    shutil.copyfile(home.place / "mlflow.db", database)
    client = MlflowClient(f"sqlite:///{database}")
    retrains = home.work / HOME
    decisions = {file.parent.name: _decision(file) for file in sorted(retrains.glob("*/decision.json"))}
    state = json.loads(_without_ids((retrains / "state.json").read_text())) if retrains.exists() else {}
    state.pop("tracking_uri", None)
    served = {name: file_hash(home.work / "train" / name) for name in ("abandonment.keras", "recommender.keras")}
    served["run"] = _run_name(client, json.loads((home.work / "tracking.json").read_text())["run_id"])
    served["report"] = _run_name(client, _named_in(home.work / "report" / "model-card.html"))
    served["summary"] = _run_name(client, json.loads((home.work / "summary.json").read_text())["mlflow"]["run_id"])
    versions, runs = dict(_versions(client, home)), _runs(client, home)
    database.unlink()
    return Look(decisions, versions, runs, served, state, sorted(_files(home)))


def _decision(file: Path) -> Any:
    return json.loads(_without_ids(file.read_text()))


def _without_ids(text: str) -> str:
    return RUN_ID.sub("…", text)


def _named_in(page: Path) -> str:
    """The MLflow run that a model card says it is of."""
    return next(found.group() for found in RUN_ID.finditer(page.read_text().partition("MLflow run")[2]))


def _run_name(client: MlflowClient, run_id: str) -> str:
    return str(client.get_run(run_id).data.tags["mlflow.runName"])


def _versions(client: MlflowClient, home: Home) -> Iterator[tuple[str, Any]]:
    for model in client.search_registered_models():
        versions = {}
        for one in client.search_model_versions(f"name = '{model.name}'"):
            logged = client.get_logged_model(one.source.removeprefix("models:/"))
            place = _on_disk(home, str(logged.artifact_location))
            files = {path: file_hash(place / path) for path in _below(place) if Path(path).name not in OTHER_EACH_TIME}
            loadable = (place / "MLmodel").is_file() and logged.status == LoggedModelStatus.READY
            tags = {
                key: value.rpartition(" to ")[2] for key, value in one.tags.items()
            }  # a rollback is told with its time
            versions[str(one.version)] = {"tags": tags, "status": one.status, "files": files, "whole": loadable}
        champion = model.aliases.get(CHAMPION)
        yield model.name, {"champion": str(champion), "before": model.tags.get(HISTORY), "versions": versions}


def _runs(client: MlflowClient, home: Home) -> list[Any]:
    found = []
    for experiment in client.search_experiments():
        logged = client.search_logged_models([experiment.experiment_id])
        for run in client.search_runs([experiment.experiment_id], max_results=1000):
            run_id = run.info.run_id
            tags = {key: value for key, value in run.data.tags.items() if key.startswith(("kind", "key", "decision"))}
            tags |= {"name": run.data.tags["mlflow.runName"], "status": run.info.status}
            points = {key: _points(client, run_id, key) for key in sorted(run.data.metrics)}
            place = _on_disk(home, str(run.info.artifact_uri))
            models = sorted(one.name for one in logged if one.source_run_id == run_id)
            inputs = sorted(one.dataset.digest for one in run.inputs.dataset_inputs)
            found.append([tags, run.data.params, points, _below(place), models, inputs])
    return sorted(found, key=lambda one: json.dumps(one, sort_keys=True))


def _points(client: MlflowClient, run_id: str, key: str) -> list[Any]:
    history = client.get_metric_history(run_id, key)
    timed = "seconds" in key
    return sorted([point.step, 0.0 if timed else point.value] for point in history)


def _on_disk(home: Home, address: str) -> Path:
    served = address.removeprefix("mlflow-artifacts:/")
    return home.place / "artifacts" / served if served != address else Path(address.removeprefix("file://"))


def _below(place: Path) -> list[str]:
    files = (path.relative_to(place) for path in sorted(place.rglob("*")) if path.is_file())
    return [path.as_posix() for path in files if "__pycache__" not in path.parts]


def _files(home: Home) -> Iterator[str]:
    for place in (home.work, home.temporary):
        yield from (f"{place.name}/{path}" for path in _below(place) if not path.startswith("schedule/"))


def _told(kind: str, one: Any, other: Any) -> Iterator[str]:
    """Where two values differ, a line each."""
    if one == other:
        return
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in sorted(one.keys() | other.keys()):
            yield from _told(f"{kind}.{key}", one.get(key), other.get(key))
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) == len(other):
            for place, (left, right) in enumerate(zip(one, other, strict=True)):
                yield from _told(f"{kind}[{place}]", left, right)
        else:
            yield f"{kind}: has {[item for item in one if item not in other]}"
            yield f"{kind}: lacks {[item for item in other if item not in one]}"
    else:
        yield f"{kind}: {str(one)[:300]} instead of {str(other)[:300]}"
