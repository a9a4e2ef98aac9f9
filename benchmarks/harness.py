"""What every benchmark shares: targets, the closing JSON line and the exit code."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
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


def finish(name: str, figures: Mapping[str, float], targets: tuple[Target, ...]) -> NoReturn:
    """Print each target beside its figure, then one JSON line; exit 0 where every target is met, else 1."""
    for target in targets:
        verdict = "met" if target.met(figures) else "MISSED"
        print(f"{target.figure}: {figures[target.figure]:.4g} (target {target.relation} {target.bound:g}) {verdict}")
    met = all(target.met(figures) for target in targets)
    bounds = {target.figure: f"{target.relation} {target.bound:g}" for target in targets}
    print(json.dumps({"name": name, "figures": dict(figures), "targets": bounds, "met": met}))
    sys.exit(0 if met else 1)
