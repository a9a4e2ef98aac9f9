"""`reports`: an index over the runs below a folder."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from data.errors import InputError
from explain.report.runs import Run, write_runs
from pipeline.publishing import page_links
from pipeline.summary import SUMMARY


def reports_command(folder: Path) -> None:
    """Write `FOLDER/reports.html` about every work folder in it, at any depth.

    Raises:
        InputError: there is no such folder, or no run in it.
    """
    if not folder.is_dir():
        raise InputError(f"`FOLDER` should be a folder with runs in it. Received: {folder}, which is none.")
    console = Console(highlight=False, soft_wrap=True)
    found = sorted(_runs(folder, console), key=lambda run: (run.day, run.folder), reverse=True)
    if not found:
        raise InputError(
            f"`FOLDER` should be a folder with finished runs in it, at any depth. Received: {folder}, which has no "
            f"{SUMMARY}. Run first: python -m pipeline run --workdir {folder / 'work'}"
        )
    page = write_runs(found, folder)
    console.print(Text(f"{len(found)} {'run' if len(found) == 1 else 'runs'}: {page}"))


def _runs(folder: Path, console: Console) -> Iterator[Run]:
    """The runs, but for those whose summary cannot be read, which are named."""
    for path in folder.rglob(SUMMARY):
        if not (path.parent / "report").is_dir():
            continue  # another program's summary
        try:
            summary = json.loads(path.read_text())
            abandonment, recommender = (dict(summary.get(name) or {}) for name in ("abandonment", "recommender"))
        except (OSError, ValueError, AttributeError, TypeError):
            console.print(Text(f"! {path} cannot be read and is left out"))
            continue
        ended = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        yield Run(
            path.parent.relative_to(folder).as_posix(),
            str(summary.get("preset", "")),
            f"{ended:%Y-%m-%d %H:%M} UTC",
            abandonment,
            recommender,
            page_links({page.name for page in (path.parent / "report").glob("*.html")}),
        )
