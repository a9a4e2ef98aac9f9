"""Files that were neither accepted nor refused yet, known by their content."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data.config import SourceConfig
from data.raw.sources import input_root, source_files
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


Contents = Mapping[str, Mapping[str, Path]]
"""The files of an input by what is in them: hash → name relative to the input → file."""


def contents(config: PipelineConfig) -> Contents:
    """What is in the input now.

    Raises:
        InputError: there is no file at all.
    """
    path = need_path(config)
    root, found = input_root(path), dict[str, dict[str, Path]]()
    for file in source_files(config.source, path):
        found.setdefault(file_hash(file), {})[file.relative_to(root).as_posix()] = file
    return found


def arrivals(config: PipelineConfig, state: State, found: Contents) -> list[Arrival]:
    """What is new: each file for itself, or all together where the source has several families of files, which say
    something only together.

    Content that has given way to other content of the same file is new again where it comes back.
    """
    known = {digest for part in state.parts if not part.superseded for digest in part.hashes}
    known |= {digest for one in state.refused if one.settings == rules_digest(config) for digest in one.hashes}
    new = {digest: next(iter(files.items())) for digest, files in found.items() if digest not in known}
    if config.source.files and new:
        return [Arrival(dict(new.values()), tuple(new))]
    return [Arrival({name: file}, (digest,)) for digest, (name, file) in new.items()]


def as_named_now(state: State, found: Contents) -> State:
    """The parts under the names that their files have by now: a log that was rotated gives its name to another one,
    which must not count in its place."""
    parts = []
    for part in state.parts:
        files = zip(part.names, part.hashes, strict=False)  # what the run took in has no names
        names = tuple(_named_now(name, found.get(digest, {})) for name, digest in files)
        parts.append(part.model_copy(update={"names": names}))
    return state.model_copy(update={"parts": tuple(parts)})


def _named_now(name: str, files: Mapping[str, Path]) -> str:
    return name if name in files else next(iter(files), name)


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
