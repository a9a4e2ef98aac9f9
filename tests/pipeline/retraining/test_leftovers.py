"""What retrains leave that nothing needs goes, and nothing else; a folder that goes, goes whole."""

import shutil
from datetime import datetime
from pathlib import Path

import pytest

from pipeline.retraining.leftovers import clear, drop
from pipeline.retraining.state import PARTS, Part, State

MOMENT = datetime(2026, 3, 1)
NEEDED = {"decision.json", "report/index.html", "config.json"}
WORKING = {"challenger/train/abandonment.keras", "champion/champions.json", "log.parquet"}


HEARD_AGAIN = {"kept/abandonment.keras"}


def state(pending: str | None, kept: str | None = None) -> State:
    part = Part(id="run", names=(), hashes=(), events=1, added=1, late=0, first=MOMENT, last=MOMENT)
    return State(parts=(part,), tracking_uri="", window_from=MOMENT, pending=pending, kept=kept)


def fill(folder: Path, names: set[str]) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_what_killed_retrains_left_goes_and_what_is_under_way_stays(tmp_path: Path) -> None:
    for retrain in ("decided", "pending", "latest"):
        fill(tmp_path / retrain, NEEDED | WORKING | HEARD_AGAIN)
    fill(tmp_path / PARTS, {"run/events.parquet", "unknown/events.parquet"})
    fill(tmp_path, {".incoming/log.parquet", ".dropped/challenger/x", "state.json", "served/before/train/x"})
    kept = {f"pending/{name}" for name in NEEDED | WORKING | HEARD_AGAIN} | {f"decided/{name}" for name in NEEDED}
    kept |= {f"latest/{name}" for name in NEEDED | HEARD_AGAIN}
    kept |= {"state.json", "served/before/train/x", f"{PARTS}/run/events.parquet"}
    for _ in range(2):
        clear(tmp_path, state("pending", "latest"))
        assert files(tmp_path) == kept


def test_a_folder_that_is_dropped_is_never_half_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "pending", WORKING)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", stopped_half_way)
        with pytest.raises(KeyboardInterrupt):
            drop(tmp_path / "pending")
    assert not (tmp_path / "pending").exists()
    assert 0 < len(files(tmp_path)) < len(WORKING)
    clear(tmp_path, state(None))
    assert files(tmp_path) == set()
    drop(tmp_path / "pending")


def stopped_half_way(folder: Path) -> None:
    next(path for path in folder.rglob("*") if path.is_file()).unlink()
    raise KeyboardInterrupt
