"""Which stages have to run, and why."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from data.errors import InputError
from data.raw.pseudonyms import key_digest, visitor_key
from pipeline.champion import Champions, opened_champions
from pipeline.config import PipelineConfig
from pipeline.fingerprint import Fingerprint, difference, file_hash, fingerprint
from pipeline.stage import STAGES, Stage
from pipeline.workdir import read_manifest


@dataclass(frozen=True)
class Selection:
    """Which stages to run although nothing they depend on changed, and which to leave alone."""

    first: str | None = None
    """Run this stage and all after it; leave those before it as they are."""

    only: str | None = None
    """Run this stage and no other."""

    force: bool = False
    """Run every selected stage, changed or not."""

    until: str | None = None
    """The last stage that is looked at."""

    def __post_init__(self) -> None:
        names = [stage.name for stage in STAGES]
        for option, value in (("--from", self.first), ("--only", self.only)):
            if value is not None and value not in names:
                raise InputError(f"`{option}` should be one of {', '.join(names)}. Received: {value}")
        if self.first and self.only:
            raise InputError("`--from` and `--only` exclude each other. Give one of them.")

    def leaves(self, stage: Stage) -> bool:
        """Whether the stage is left as it is."""
        names = [stage.name for stage in STAGES]
        if self.only:
            return stage.name != self.only
        return bool(self.first) and names.index(stage.name) < names.index(str(self.first))

    def beyond(self, stage: Stage) -> bool:
        """Whether the stage comes after the last one looked at."""
        names = [one.name for one in STAGES]
        return self.until is not None and names.index(stage.name) > names.index(self.until)

    def forces(self, stage: Stage) -> bool:
        """Whether the stage runs even if nothing changed."""
        return not self.leaves(stage) and (self.force or self.first is not None or self.only is not None)


@dataclass(frozen=True)
class Decision:
    """What becomes of a stage, and why."""

    stage: Stage
    action: Literal["run", "skip"]
    reason: str
    fingerprint: Fingerprint = field(default_factory=dict)


def plan(
    config: PipelineConfig, workdir: Path, selection: Selection | None = None, stages: Sequence[Stage] = STAGES
) -> list[Decision]:
    """What `run` would do with each stage, without doing it."""
    selection = selection or Selection()
    source = source_hashes(config)
    decisions: list[Decision] = []
    running: set[str] = set()
    with opened_champions(config, workdir) as champions:
        for stage in stages:
            upstream = [name for name in stage.reads if name in running]
            if upstream and not selection.leaves(stage):
                decision = Decision(stage, "run", f"reads {', '.join(upstream)}, which will run")
            else:
                decision = decide(stage, config, workdir, source, selection, champions)
            if decision.action == "run":
                running.add(stage.name)
            decisions.append(decision)
    return decisions


def decide(
    stage: Stage,
    config: PipelineConfig,
    workdir: Path,
    source: dict[str, str],
    selection: Selection,
    champions: Champions | None = None,
) -> Decision:
    """Compare a stage's fingerprint with the one it last ran under."""
    manifest = read_manifest(workdir, stage.name)
    hashes = champions.hashes if champions else None
    if selection.leaves(stage):
        # Its results are then not those of the settings that the run has on record.
        changed = (
            difference(manifest["fingerprint"], fingerprint(stage, config, workdir, source, hashes)) if manifest else ""
        )
        return Decision(stage, "skip", f"left as it is, although {changed}" if changed else "left as it is")
    missing = [name for name in stage.reads if read_manifest(workdir, name) is None]
    if missing:
        raise InputError(
            f"{stage.name} reads {', '.join(missing)}, of which {workdir} has no result yet. "
            f"Run without `--from` and `--only` first."
        )
    current = fingerprint(stage, config, workdir, source, hashes)
    if selection.forces(stage):
        return Decision(stage, "run", "asked for", current)
    if manifest is None:
        return Decision(stage, "run", "has no result yet", current)
    changed = difference(manifest["fingerprint"], current)
    if changed:
        return Decision(stage, "run", changed, current)
    gone = [name for name in manifest["outputs"] if not (workdir / stage.name / name).exists()]
    if gone:
        return Decision(stage, "run", f"{gone[0]} is gone", current)
    reason = manifest["reason"] if manifest["status"] == "not applicable" else "nothing it depends on changed"
    return Decision(stage, "skip", reason, current)


def source_hashes(config: PipelineConfig) -> dict[str, str]:
    """Content hash of every input file, by its path below what `source.path` names, and which key hashes visitors.

    Raises:
        InputError: no input is named, or it is one that has no stages.
    """
    known = {"visitor key": key_digest(visitor_key())} if config.ingest.hash_visitors else {}
    if config.source.kind == "demo":
        return known
    if config.source.kind == "digits":
        raise InputError(
            "`run` should be given a log or a table of examples; digits are for `tune` and `compare`. Received: "
            f"preset {config.preset}"
        )
    from data.raw.sources import input_root, source_files

    path = need_path(config)
    root = input_root(path)
    return known | {str(file.relative_to(root)): file_hash(file) for file in source_files(config.source, path)}


def need_path(config: PipelineConfig) -> Path:
    """The input.

    Raises:
        InputError: none is named.
    """
    if config.source.path is None:
        raise InputError("`--input` (or `source.path`) should name a file, a folder or a glob. Received: nothing.")
    return config.source.path
