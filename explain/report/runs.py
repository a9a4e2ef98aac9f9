"""The index over runs: one page that lists the work folders below a folder, with key figures and links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from explain.page import write_page
from explain.tables import Cell, figure_cell
from explain.wording import DASH, decimal_text, metric_name, share_text

FILE = "reports.html"


@dataclass(frozen=True)
class Run:
    """A finished run."""

    folder: str
    """Its work folder, relative to the index, with `/` between the parts."""

    preset: str
    day: str
    """When it ended: "2026-05-01 14:03 UTC"."""

    abandonment: Mapping[str, Any]
    """"abandonment" of its `summary.json`; without "test" where it has no such model."""

    recommender: Mapping[str, Any]
    """"recommender" of its `summary.json`, likewise."""

    pages: Mapping[str, str]
    """Its pages, file → name, the report first."""

    @property
    def links(self) -> list[tuple[str, str]]:
        """Address, relative to the index, and name of each page."""
        return [(quote(f"{self.folder}/report/{file}"), name) for file, name in self.pages.items()]

    @property
    def cells(self) -> list[Cell]:
        """AUC, calibration error and Recall."""
        found, spans = self.abandonment.get("test", {}), self.abandonment.get("test_intervals", {})
        recommended = self.recommender.get("test", {})
        recall = next(iter(recommended), "")
        return [
            figure_cell(found.get("auc"), spans.get("auc")),
            Cell(share_text(found.get("ece"), 1)),
            Cell(decimal_text(recommended[recall]), metric_name(recall)) if recall else Cell(DASH),
        ]


def write_runs(runs: Sequence[Run], folder: Path) -> Path:
    """Write `folder/reports.html`, whole or not at all, with the runs in the order given."""
    return write_page(folder, "runs.html.j2", FILE, runs=runs)
