"""What a stage is, and the nine of them in order."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.config import PipelineConfig
from pipeline.progress import Progress
from pipeline.quiet import quiet
from pipeline.tracking import Tracker

ABANDONMENT_OFF = "switched off by `abandonment.enabled`"
"""Why a run has the recommender alone."""

ENGINE = ("duckdb", "ibis-framework", "pyarrow")
LEARNING = ("tensorflow", "keras", "scikit-learn", "numpy")


class NotApplicable(Exception):
    """The source cannot feed this stage; the message is the reason. The run goes on without it."""


@dataclass(frozen=True)
class Context:
    """All that a stage may see of the run."""

    config: PipelineConfig
    """The run's configuration."""

    workdir: Path
    """Folder with one folder per finished stage."""

    out: Path
    """Empty folder to write to; it becomes `workdir/NAME` only when the stage has finished."""

    scratch: Path
    """Folder for unfinished work that a killed run may take up again; removed when the stage has finished."""

    progress: Progress
    """Where to say what is going on."""

    tracker: Tracker
    """Where trials and runs are logged."""

    champions: Mapping[str, Path] = field(default_factory=dict)
    """Folders with the models that training starts from, under `abandonment` and `recommender`, where asked for."""

    seconds: dict[str, float] = field(default_factory=dict)
    """Times that the stage measured, for its manifest: in its outputs they would make the bytes of every run differ."""

    def input(self, stage: str) -> Path:
        """Folder of an earlier stage."""
        return self.workdir / stage


@dataclass(frozen=True)
class Stage:
    """A step from files to files; `run` of its module does it."""

    name: str
    """Name, which is also that of its folder."""

    reads: tuple[str, ...]
    """Earlier stages whose folders it reads."""

    sections: tuple[str, ...]
    """Configuration it depends on: sections (`split`) and single settings (`abandonment.enabled`)."""

    packages: tuple[str, ...]
    """Packages whose code it depends on, besides its own module."""

    libraries: tuple[str, ...]
    """Distributions whose version it depends on."""

    reads_source: bool = False
    """Whether it reads the run's input itself."""

    reads_champion: bool = False
    """Whether it reads the models that training starts from."""

    home: str = "pipeline.stages"
    """Package of its module, which bears its name."""

    @property
    def module(self) -> str:
        """Full name of its module."""
        return f"{self.home}.{self.name}"

    @property
    def function(self) -> Callable[[Context], None]:
        """The stage's function; importing it may import TensorFlow, so ask only for what will run."""
        with quiet():
            function: Callable[[Context], None] = importlib.import_module(self.module).run
        return function


STAGES = (
    Stage("ingest", (), ("source", "demo", "ingest", "engine"), ("data",), ENGINE, reads_source=True),
    Stage("sessionize", ("ingest",), ("session", "engine"), ("data",), ENGINE),
    Stage(
        "featurize",
        ("sessionize",),
        ("features", "session", "engine", "abandonment.enabled", "multi_task.enabled"),
        ("data",),
        ENGINE,
    ),
    Stage(
        "split",
        ("featurize",),
        ("source", "split", "abandonment.enabled"),
        ("data",),
        (*ENGINE, "scikit-learn"),
        reads_source=True,
    ),
    Stage("tune", ("split",), ("tune", "abandonment", "seed"), ("data", "models"), (*LEARNING, "keras-tuner")),
    Stage(
        "train",
        ("featurize", "split", "tune"),
        ("abandonment", "recommender", "multi_task", "costs", "seed"),
        ("data", "models"),
        (*LEARNING, "tensorflow-recommenders"),
        reads_champion=True,
    ),
    Stage(
        "evaluate",
        ("split", "train"),
        ("evaluate", "costs", "recommender", "seed"),
        ("data", "models"),
        LEARNING,
    ),
    Stage(
        "explain",
        ("ingest", "sessionize", "featurize", "split", "tune", "train", "evaluate"),
        ("explain", "source", "costs", "preset", "seed"),
        ("data", "models", "explain"),
        (*LEARNING, "shap", "altair"),
    ),
    Stage(
        "register",
        ("sessionize", "split", "tune", "train", "evaluate", "explain"),
        (
            *("tracking", "session", "costs", "seed", "explain.background", "source.duplicates"),
            *("source.kind", "rescue.hide_bought"),
        ),
        ("data", "models", "explain"),
        ("mlflow",),
    ),
)
"""The stages, in the order they run."""
