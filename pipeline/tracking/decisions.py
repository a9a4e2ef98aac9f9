"""Decisions of `retrain` as MLflow runs, found by the retrain's id so that a killed one is never logged twice."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config import PipelineConfig
from pipeline.tracking.experiments import experiment_id
from pipeline.tracking.nested import NAME

if TYPE_CHECKING:
    from mlflow import MlflowClient

RETRAIN = "retrain"
"""Tag of runs and of model versions: the id of the retrain they came from."""

LONGEST = 5_000
"""Characters of a tag."""


def open_decision(client: "MlflowClient", config: PipelineConfig, retrain: str, title: str) -> str:
    """Id of a retrain's run, which is started where there is none yet."""
    experiment = experiment_id(client, experiment_of(config))
    found = client.search_runs([experiment], f"tags.{RETRAIN} = '{retrain}'", max_results=1)
    if found:
        return str(found[0].info.run_id)
    tags = {NAME: title, "kind": "retraining", RETRAIN: retrain, "preset": config.preset}
    return str(client.create_run(experiment, tags=tags).info.run_id)


def experiment_of(config: PipelineConfig) -> str:
    """Name of the experiment that has the decisions."""
    return f"{config.tracking.experiment or config.preset} retraining"


def log_decision(
    client: "MlflowClient",
    run_id: str,
    decision: str,
    reason: str,
    metrics: Mapping[str, float],
    artifacts: Sequence[Path],
) -> None:
    """Log what was decided, and end the run.

    Args:
        client: MLflow's.
        run_id: as `open_decision` gives it.
        decision: "promoted", "kept" or "refused".
        reason: why, in words.
        metrics: the evidence's figures by name.
        artifacts: files and folders to keep with the run.
    """
    from mlflow.entities import Metric, RunTag

    tags = [RunTag("decision", decision), RunTag("reason", reason[:LONGEST])]
    client.log_batch(run_id, [Metric(name, value, 0, 0) for name, value in metrics.items()], tags=tags)
    for path in artifacts:
        if path.is_dir():
            client.log_artifacts(run_id, str(path), path.name)
        else:
            client.log_artifact(run_id, str(path))
    client.set_terminated(run_id, "FINISHED")


def version_of_retrain(client: "MlflowClient", name: str, retrain: str) -> str | None:
    """The version of a model that a retrain registered, if it has got that far."""
    found = client.search_model_versions(f"name = '{name}' and tags.{RETRAIN} = '{retrain}'", max_results=1)
    return str(found[0].version) if found else None
