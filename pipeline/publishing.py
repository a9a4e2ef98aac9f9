"""Puts a run's pages where people look for them: `WORKDIR/report`, with links between them."""

from pathlib import Path

from explain.page import facts, fill, navigation, write_whole
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


def publish_report(workdir: Path, config: PipelineConfig | None = None, folder: Path | None = None) -> None:
    """Write the pages of the explain stage, whole, with what only the finished run knows.

    Args:
        workdir: the run's folder.
        config: its configuration, for the card's fingerprint; without it the card has none.
        folder: where to write; `workdir/report` where not given, and the pages there are the ones linked to.
    """
    source, target = workdir / STAGE_PAGES, folder or workdir / "report"
    if not source.is_dir():
        return
    pages = sorted(path.name for path in source.glob("*.html"))
    links = page_links({*pages, *(path.name for path in target.glob("*.html"))})
    parts = {"cost": facts(_costs(workdir)), "run": facts(_origin(workdir, config))}
    for name in pages:
        text = fill((source / name).read_text(), parts | {"pages": navigation(links, name)})
        if not (target / name).exists() or (target / name).read_text() != text:
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
