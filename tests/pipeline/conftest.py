"""A small run of the demo shop."""

from pathlib import Path

import pytest

from pipeline.config import load_config
from pipeline.planning import Selection
from pipeline.progress import Progress
from pipeline.runner import run

SETTINGS = (
    "demo.sessions=1500", "tune.trials=1", "tune.epochs=1", "abandonment.epochs=2", "recommender.epochs=1",
    "tracking.enabled=false", "explain.background=20",
)  # fmt: skip


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run up to its models."""
    folder = tmp_path_factory.mktemp("trained") / "work"
    with Progress() as progress:
        run(load_config("demo", None, SETTINGS), folder, progress, Selection(until="train"))
    return folder
