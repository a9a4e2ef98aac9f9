"""Content fingerprints: why a stage may be skipped, or what changed since it last ran."""

import hashlib
import importlib.metadata
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.config import PipelineConfig, settings_of, within
from pipeline.stage import Stage
from pipeline.workdir import MANIFEST, read_manifest

ROOT = Path(__file__).resolve().parents[1]
CODE = (".py", ".html", ".css", ".j2")

Fingerprint = dict[str, dict[str, Any]]
"""Four parts, each from a name to a value or a content hash: `config`, `input`, `code`, `library`."""


def file_hash(path: Path) -> str:
    """BLAKE2b of a file's bytes, 128 bits, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def folder_hashes(folder: Path) -> dict[str, str]:
    """Hash of every file below a folder but the manifest, by relative path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(folder).as_posix(): file_hash(path) for path in files}


def fingerprint(
    stage: Stage,
    config: PipelineConfig,
    workdir: Path,
    source: Mapping[str, str],
    champion: Mapping[str, str] | None = None,
) -> Fingerprint:
    """What a stage's result depends on.

    Args:
        stage: the stage.
        config: the run's configuration.
        workdir: where the folders of the stages it reads are.
        source: content hashes of the run's input files, by name.
        champion: those of the models that training starts from, if any.
    """
    inputs: dict[str, Any] = dict(source) if stage.reads_source else {}
    inputs |= (champion or {}) if stage.reads_champion else {}
    for name in stage.reads:
        manifest = read_manifest(workdir, name)
        inputs |= {f"{name}/{file}": digest for file, digest in (manifest or {}).get("outputs", {}).items()}
    settings = {key: value for key, value in settings_of(config).items() if within(key, stage.sections)}
    return {"config": settings, "input": inputs, "code": _code(stage), "library": _versions(stage.libraries)}


def difference(before: Fingerprint, after: Fingerprint, most: int = 3) -> str:
    """In words, what differs between two fingerprints; empty where nothing does."""
    changes = []
    for part in after:
        old, new = before.get(part, {}), after[part]
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                changes.append(_change(part, name, old, new))
    rest = f" and {len(changes) - most} more" if len(changes) > most else ""
    return ", ".join(changes[:most]) + rest


def _change(part: str, name: str, old: dict[str, Any], new: dict[str, Any]) -> str:
    if part in ("config", "library") and name in old and name in new:
        return f"{name} {json.dumps(old[name])} → {json.dumps(new[name])}"
    verb = "is new" if name not in old else "is gone" if name not in new else "changed"
    return f"{part} {name} {verb}"


def _code(stage: Stage) -> dict[str, str]:
    files = [ROOT.joinpath(*stage.module.split(".")).with_suffix(".py")]
    for package in stage.packages:
        files += [path for path in (ROOT / package).rglob("*") if path.suffix in CODE]
    return {path.relative_to(ROOT).as_posix(): file_hash(path) for path in sorted(files)}


def _versions(libraries: tuple[str, ...]) -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in libraries}
