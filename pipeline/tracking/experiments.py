"""Experiments of the tracking store."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.store import tracking_uri
from pipeline.tracking.views import write_views

if TYPE_CHECKING:
    from mlflow import MlflowClient


def experiment_id(client: "MlflowClient", name: str) -> str:
    """Id of an experiment, which is made where there is none of that name; it has the project's views from then on."""
    experiment = client.get_experiment_by_name(name)
    if experiment is not None:
        write_views(client, experiment.experiment_id, experiment.tags)
        return str(experiment.experiment_id)
    # A server places artifacts itself; without one they go beside the database, wherever this was started.
    _, local, database = tracking_uri().partition("sqlite:///")
    place = (Path(database).resolve().parent / "artifacts").as_uri() if local else None
    made = str(client.create_experiment(name, artifact_location=place))
    write_views(client, made, {})
    return made
