"""What every benchmark shares: targets, the closing JSON line and the exit code."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn


@dataclass(frozen=True)
class Target:
    """A bound that a figure should keep."""

    figure: str
    """Key of the figure."""

    relation: Literal["<=", ">="]
    """On which side of the bound the figure should be."""

    bound: float
    """The bound, in the figure's unit."""

    def met(self, figures: Mapping[str, float]) -> bool:
        """Whether the figure keeps the bound."""
        value = figures[self.figure]
        return value <= self.bound if self.relation == "<=" else value >= self.bound


def demo_run(folder: Path, settings: Sequence[str]) -> Path:
    """Work folder of a run of the demo shop in `folder`, tracked there too where the settings track it at all."""
    workdir = folder / "work"
    words = [word for setting in settings for word in ("--set", setting)]
    command = [sys.executable, "-m", "pipeline", "run", "--workdir", str(workdir), *words]
    tracking = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}"}
    subprocess.run(command, check=True, stdout=sys.stderr, env=os.environ | tracking)
    return workdir


def finish(name: str, figures: Mapping[str, float], targets: tuple[Target, ...]) -> NoReturn:
    """Print each target beside its figure, then one JSON line; exit 0 where every target is met, else 1."""
    for target in targets:
        verdict = "met" if target.met(figures) else "MISSED"
        print(f"{target.figure}: {figures[target.figure]:.4g} (target {target.relation} {target.bound:g}) {verdict}")
    met = all(target.met(figures) for target in targets)
    bounds = {target.figure: f"{target.relation} {target.bound:g}" for target in targets}
    print(json.dumps({"name": name, "figures": dict(figures), "targets": bounds, "met": met}))
    sys.exit(0 if met else 1)
