"""What tests of ingest share: a small log, and a call that hides what a test does not speak of."""

import tomllib
from pathlib import Path
from typing import Any

import pandas as pd

from data.config import EngineConfig, IngestConfig, SourceConfig
from data.raw.ingest import ingest

PRESETS = Path(__file__).resolve().parents[2] / "pipeline" / "presets"
COLUMNS = {"visitor_id": "user", "ts": "time", "event": "kind", "item_id": "item"}
HEADER = "user,time,kind,item\n"


def preset(name: str, **changes: object) -> SourceConfig:
    """The source of a preset, with some of its keys changed."""
    table = tomllib.loads((PRESETS / f"{name}.toml").read_text())["source"]
    return SourceConfig(**(table | changes))


def source(columns: dict[str, Any] | None = None, **fields: Any) -> SourceConfig:
    """A source with the columns of `HEADER`."""
    return SourceConfig(columns=COLUMNS | (columns or {}), **fields)


def run(
    config: SourceConfig, path: Path, out: Path, *, max_bad_share: float = 1.0, threads: int = 2, **fields: Any
) -> dict[str, Any]:
    """Ingest with nothing refused unless the test says so."""
    out.mkdir(exist_ok=True)
    rules = IngestConfig(max_bad_share=max_bad_share)
    return ingest(config, rules, EngineConfig(threads=threads, memory_limit_mib=512), path, out, **fields)


def ingest_text(text: str | bytes, folder: Path, config: SourceConfig, name: str = "log.csv") -> dict[str, Any]:
    """Ingest one file with this content."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return run(config, path, folder / "out")


def events(folder: Path) -> pd.DataFrame:
    """The accepted events of `ingest_text`."""
    return pd.read_parquet(folder / "out" / "events.parquet")


def quarantine(folder: Path) -> list[tuple[int, str]]:
    """Row and reason of everything in the quarantine of `ingest_text`."""
    frame = pd.read_parquet(folder / "out" / "quarantine.parquet")
    return list(zip(frame["row"].tolist(), frame["reason"].tolist(), strict=True))
