"""Files that were neither accepted nor refused yet, known by their content."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data.config import SourceConfig
from data.raw.sources import source_files
from pipeline.config import PipelineConfig, settings_digest
from pipeline.fingerprint import file_hash
from pipeline.planning import need_path
from pipeline.retraining.state import State

SHORT = 12


@dataclass(frozen=True)
class Arrival:
    """Files to be accepted or refused together."""

    files: Mapping[str, Path]
    """Name relative to the input → file."""

    hashes: tuple[str, ...]
    """Their contents."""

    @property
    def id(self) -> str:
        """Name of their folder, by content."""
        return self.hashes[0][:SHORT] + (f"-{len(self.hashes)}" if len(self.hashes) > 1 else "")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the files."""
        return tuple(self.files)


def arrivals(config: PipelineConfig, state: State) -> list[Arrival]:
    """What is new: each file for itself, or all together where the source has several families of files, which say
    something only together.

    Raises:
        InputError: there is no file at all.
    """
    path = need_path(config)
    known = {digest for part in state.parts for digest in part.hashes}
    known |= {digest for one in state.refused if one.settings == rules_digest(config) for digest in one.hashes}
    found: dict[str, tuple[str, Path]] = {}
    for file in source_files(config.source, path):
        digest = file_hash(file)
        if digest not in known:
            found.setdefault(digest, (_name(file, path), file))
    if config.source.files and found:
        return [Arrival(dict(found.values()), tuple(found))]
    return [Arrival({name: file}, (digest,)) for digest, (name, file) in found.items()]


def rules_digest(config: PipelineConfig) -> str:
    """Fingerprint of the settings by which a file is accepted or refused."""
    source = config.source.model_copy(update={"path": None})
    return "-".join(settings_digest(part)[:SHORT] for part in (source, config.ingest, config.retrain.data))


def alone(source: SourceConfig, arrival: Arrival, mirror: Path) -> tuple[SourceConfig, Path]:
    """A source that is an arrival's files and no others.

    Args:
        source: what the files are like.
        arrival: the files.
        mirror: where to put links to them, if need be.

    Returns:
        The source and its path.
    """
    if not source.files:
        return source, next(iter(arrival.files.values()))
    for name, file in arrival.files.items():
        target = mirror / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(file.resolve())
    there = tuple(one for one in source.files if any(mirror.glob(one.pattern)))
    return source.model_copy(update={"files": there}), mirror


def _name(file: Path, path: Path) -> str:
    return file.relative_to(path).as_posix() if path.is_dir() else file.as_posix() if file != path else file.name
