"""Figures that come in after a run has ended."""

from collections.abc import Mapping
from pathlib import Path

from pipeline.config import PipelineConfig
from pipeline.store import first_line, open_store, store_name
from pipeline.tracking.tracker import read_tracking


def log_afterwards(config: PipelineConfig, workdir: Path, metrics: Mapping[str, float], files: list[Path]) -> str:
    """Log figures and files into the MLflow run of a finished run.

    Returns:
        What was done, or why nothing was, in words.

    Raises:
        InputError: the store cannot be reached.
    """
    found = read_tracking(workdir)
    run_id = found["run_id"]
    if not config.tracking.enabled or run_id is None:
        return "not logged to MLflow: the run was not"
    if found["tracking_uri"] != store_name():
        return f"not logged to MLflow: the run was logged to {found['tracking_uri']}, and this is {store_name()}"
    client = open_store()
    from mlflow.exceptions import MlflowException

    try:
        for name, value in metrics.items():
            client.log_metric(run_id, name, value)
        for file in files:
            client.log_artifact(run_id, str(file), "people")
    except MlflowException as error:
        return f"not logged to MLflow: {first_line(error)}"
    return f"logged to MLflow run {run_id}"
