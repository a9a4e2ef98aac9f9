"""A small shop that drifts, with its store: made once, and put back as it was before each kill."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.killed_operations.killing import finished, start
from data.demo.drift import DriftingShop, simulate_week

SHOP = DriftingShop(weeks=4, sessions=700, items=150, season_week=2, price_week=4)
SMALL = (
    "source.kind=events", "source.format=parquet", *(f"source.columns.{name}={name}" for name in
    ("visitor_id", "ts", "event", "item_id", "category", "price", "quantity")),
    "tune.epochs=2", "abandonment.units=[16]", "abandonment.baselines=[]", "recommender.baselines=[]",
    "evaluate.bootstrap=20", "evaluate.max_prefixes=500", "explain.max_rows=30", "explain.background=5",
    "explain.permutation_repeats=2", "explain.quality.enabled=false",
    "retrain.min_sessions=50", "retrain.resamples=100",
)  # fmt: skip
POOR = ("tune.trials=0", "abandonment.epochs=1", "recommender.epochs=1", "recommender.dimension=2")
"""A first week's run that any challenger beats."""

BETTER = ("tune.trials=0", "abandonment.epochs=5", "recommender.epochs=2", "recommender.dimension=16")
RUN, AFTER = "run", "after"
"""Kept shops: after the first week's run, and after a retrain has promoted both models."""

WAITING = (*BETTER, "retrain.min_sessions=100000")
"""Nothing is decided on: what is new is taken in and counts again next time."""


@dataclass(frozen=True)
class Home:
    """A shop's folders, all below one that is always the same: the store keeps absolute addresses."""

    folder: Path
    address: str | None = None
    """Of a tracking server; the shop's own SQLite file where None."""

    @property
    def place(self) -> Path:
        """What is put back: log, work folder, store and temporary files."""
        return self.folder / "home"

    @property
    def work(self) -> Path:
        """The work folder."""
        return self.place / "work"

    @property
    def temporary(self) -> Path:
        """Where the commands have their temporary files."""
        return self.place / "tmp"

    @property
    def log(self) -> Path:
        """What all commands have said."""
        return self.folder / "said.log"

    @property
    def store(self) -> str:
        """The store's database."""
        return f"sqlite:///{self.place / 'mlflow.db'}"

    @property
    def environment(self) -> dict[str, str]:
        """What the commands are started with; one thread, since others would only stand in each other's way."""
        one = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
        place = {"MLFLOW_TRACKING_URI": self.address or self.store, "TMPDIR": str(self.temporary)}
        return one | place | {"COLUMNS": "200", "TF_CPP_MIN_LOG_LEVEL": "3"}

    def add_week(self, week: int) -> None:
        """A week's log arrives."""
        logs = self.place / "log"
        logs.mkdir(parents=True, exist_ok=True)
        simulate_week(SHOP, week).events.to_parquet(logs / f"week-{week}.parquet", index=False)

    def start(self, command: str, *words: str, settings: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        """Start a command of the pipeline on the shop; settings go with those of `run` and `retrain`."""
        told = ["pipeline", command, *words, "--workdir", str(self.work)]
        if settings:
            told += ["--preset", "demo", "--input", str(self.place / "log")]
            told += [word for setting in (*SMALL, *settings) for word in ("--set", setting)]
        self.temporary.mkdir(parents=True, exist_ok=True)
        return start(told, self.log, self.environment)

    def do(self, command: str, *words: str, settings: Sequence[str] = ()) -> None:
        """Run a command to its end.

        Raises:
            RuntimeError: it failed.
        """
        code = finished(self.start(command, *words, settings=settings))
        if code:
            raise RuntimeError(f"`{command}` ended with {code}:\n{self.log.read_text()[-3000:]}")

    def keep(self, name: str) -> None:
        """Keep the shop as it is, under a name."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        shutil.copytree(self.place, self.folder / name, symlinks=True)

    def put_back(self, name: str) -> None:
        """Make the shop what it was when it was kept."""
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(self.folder / name, self.place, symlinks=True)


def first_run(home: Home) -> None:
    """A run over the first week."""
    home.add_week(1)
    home.do("run", settings=POOR)
    home.keep(RUN)
