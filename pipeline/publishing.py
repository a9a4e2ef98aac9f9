"""Puts a run's pages where people look for them: `WORKDIR/report`, with links between them."""

from pathlib import Path

from explain.page import facts, fill, navigation, without_sessions, write_whole
from explain.wording import number_text
from pipeline.config import PipelineConfig, settings_digest
from pipeline.stage import STAGES
from pipeline.tracking import read_tracking
from pipeline.workdir import read_manifest

STAGE_PAGES = Path("explain") / "report"
NAMES = {"index.html": "Report", "model-card.html": "Model card", "quiz.html": "Quiz", "review.html": "Review"}
COSTS = {
    "prediction_cart": ("One cart, alone", 1e3),
    "prediction_1000_carts": ("1,000 carts at once", 1e3),
}
"""Times that the explain stage measured, in seconds: their names for a reader, and their factor to milliseconds."""


def publish_report(
    workdir: Path, config: PipelineConfig | None = None, folder: Path | None = None, sessions: bool = True
) -> None:
    """Write the pages of the explain stage, with what only the finished run knows, and link all pages to each other.

    Args:
        workdir: the run's folder.
        config: its configuration, for the card's fingerprint; without it the card has none.
        folder: where to write, beside the pages that are there already; `workdir/report` where not given.
        sessions: whether the pages name the sessions that they show as examples.
    """
    target = folder or workdir / "report"
    parts = {"cost": facts(_costs(workdir)), "run": facts(_origin(workdir, config))}
    before = {path.name: path.read_text() for path in target.glob("*.html")}
    made = {path.name: fill(path.read_text(), parts) for path in (workdir / STAGE_PAGES).glob("*.html")}
    pages = before | made
    links = page_links(set(pages))
    for name, page in pages.items():
        text = fill(page if sessions else without_sessions(page), {"pages": navigation(links, name)})
        if text != before.get(name):
            write_whole(target / name, text)


def page_links(files: set[str]) -> dict[str, str]:
    """File → name of the pages of a run, the report first and comparisons last."""
    known = {file: name for file, name in NAMES.items() if file in files}
    compared = sorted(file for file in files if file.startswith("compare-"))
    titles = {file: "Comparison: " + file[len("compare-") : -len(".html")].replace("-", " ") for file in compared}
    return known | titles


def _costs(workdir: Path) -> dict[str, str]:
    seconds = (read_manifest(workdir, "explain") or {}).get("measured_seconds", {})
    return {
        name: f"{number_text(factor * seconds[key])} ms of one core"
        for key, (name, factor) in COSTS.items()
        if key in seconds
    }


def _origin(workdir: Path, config: PipelineConfig | None) -> dict[str, str]:
    rows = {"Preset": config.preset, "Fingerprint of the settings": settings_digest(config)} if config else {}
    tracked = read_tracking(workdir)
    rows |= {"MLflow run": str(tracked["run_id"])} if tracked["run_id"] else {}
    for stage in STAGES:
        manifest = read_manifest(workdir, stage.name) or {}
        rows |= manifest.get("fingerprint", {}).get("library", {})
    return rows
