"""Deletes what a work folder keeps of visitors once it is old; models and figures stay, and reports without ids."""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from data.errors import InputError
from explain.page import without_sessions, write_whole
from pipeline.retraining.composing import SETS
from pipeline.retraining.decision import read_decision
from pipeline.retraining.incoming import INCOMING, QUARANTINE
from pipeline.retraining.state import HOME, PARTS, events_of, read_state, write_state
from pipeline.workdir import PARTIAL, SCRATCH, locked

STAGES = ("ingest", "sessionize", "featurize", "split")
"""Those whose files have a row for each event, session or decision point."""

EXPLAINED = Path("explain") / "attributions.parquet"
"""A row for each explained decision point, with its session and visitor."""


@dataclass(frozen=True)
class Outdated:
    """Something to delete."""

    path: Path
    newest: datetime
    """Time of the newest event in it, or where it has none that can be read, when it was last written; UTC."""

    part: str | None = None
    """What goes of it, where the rest stays."""


def clean(workdir: Path, days: int, now: datetime, dry_run: bool = False) -> list[Outdated]:
    """Delete files with events of visitors whose newest event is older than some days.

    A log is deleted whole, never in part: while a run's newest event is younger, all of its log stays. What `retrain`
    has taken in goes part by part, and is not taken in again.

    Args:
        workdir: the work folder.
        days: age from which files go.
        now: the present moment, UTC without a zone.
        dry_run: only say what would go.

    Returns:
        What was, or would be, deleted.

    Raises:
        InputError: a command is at work in the folder, or a retrain that was cut off there has its decision to carry
            out, which takes what is that old.
    """
    with locked(workdir):
        before = now - timedelta(days=days)
        found = [one for one in _candidates(workdir) if one.newest < before]
        _check_decided(workdir, found)
        if not dry_run:
            _forget_parts(workdir, found)
            for one in found:
                forget = _forget_sessions if one.part else _delete
                forget(one.path)
        return found


def _candidates(workdir: Path) -> Iterator[Outdated]:
    home = workdir / HOME
    current = {(workdir / name).resolve().parent for name in STAGES if (workdir / name).is_symlink()}
    for base in [workdir, *(one for one in sorted((home / SETS).glob("*")) if one.resolve() not in current)]:
        newest = _newest_event(base)
        if newest is not None:
            # The log last: it tells how old the rest is, also after a kill in between.
            yield from (Outdated(page, newest, "ids of sessions") for page in _naming(base))
            yield from (Outdated(base / name, newest) for name in (EXPLAINED, *STAGES[::-1]) if (base / name).exists())
    state = read_state(home)
    if state and state.pending and (home / state.pending).exists():
        yield Outdated(home / state.pending, state.watermark)
    for part in state.parts if state else ():
        folder = home / PARTS / part.id
        if events_of(home, part).exists():
            yield Outdated(folder, part.last or _written(folder))
    refused = sorted((home / QUARANTINE).glob("*.parquet"))
    left = (workdir / "quarantine.parquet", *refused, workdir / SCRATCH, workdir / PARTIAL, home / INCOMING)
    yield from (Outdated(path, _written(path)) for path in left if path.exists())


def _check_decided(workdir: Path, found: Sequence[Outdated]) -> None:
    cut_off = [one for one in found if one.path.parent == workdir / HOME and read_decision(one.path)]
    if cut_off:
        raise InputError(
            f"`clean` should come after the retrain that was cut off in {workdir}, whose log is that old. Let it "
            f"finish what it decided first: python -m pipeline retrain --workdir {workdir} …"
        )


def _naming(base: Path) -> Iterator[Path]:
    """Pages of a run that name sessions."""
    for folder in (base / "report", base / "explain" / "report"):
        for page in sorted(folder.glob("*.html")):
            text = page.read_text()
            if without_sessions(text) != text:
                yield page


def _forget_sessions(page: Path) -> None:
    write_whole(page, without_sessions(page.read_text()))


def _newest_event(base: Path) -> datetime | None:
    """The newest event of a run's log; None where it has none, such as with a table that the team keeps itself.

    One that is dated later than its file was written has a wrong date, and keeps nothing for years.
    """
    file = base / "ingest" / "ingest.json"
    if not file.exists():
        return None
    last = datetime.fromisoformat(json.loads(file.read_text())["last_ts"])
    return min(last.astimezone(UTC).replace(tzinfo=None) if last.tzinfo else last, _written(file))


def _written(path: Path) -> datetime:
    files = [path, *path.rglob("*")] if path.is_dir() else [path]
    return datetime.fromtimestamp(max(file.stat().st_mtime for file in files), UTC).replace(tzinfo=None)


def _forget_parts(workdir: Path, found: Sequence[Outdated]) -> None:
    """Let `retrain` know that parts are gone, before they are: of a part that it counts on it would miss the file."""
    home = workdir / HOME
    state = read_state(home)
    gone = {one.path.name for one in found if one.path.parent == home / PARTS}
    if state is not None and gone:
        parts = tuple(part.model_copy(update={"forgotten": True}) if part.id in gone else part for part in state.parts)
        undecided = tuple(part for part in state.undecided if part not in gone)
        write_state(home, state.model_copy(update={"parts": parts, "undecided": undecided}))


def _delete(path: Path) -> None:
    if path.is_symlink():  # what a promotion left in the place of a stage's folder
        shutil.rmtree(path.resolve(), ignore_errors=True)
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
