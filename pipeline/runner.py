"""Runs the stages in order, each only where something it depends on changed."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from data.errors import InputError
from data.pseudonyms import key_digest, visitor_key
from pipeline.champion import Champions, opened_champions
from pipeline.config import PipelineConfig
from pipeline.fingerprint import Fingerprint, difference, file_hash, fingerprint, folder_hashes
from pipeline.memory import PeakMemory
from pipeline.progress import Progress
from pipeline.publishing import publish_report
from pipeline.stage import ABANDONMENT_OFF, STAGES, Context, NotApplicable, Stage
from pipeline.store import Unreachable
from pipeline.summary import write_summary
from pipeline.tracking import Tracker
from pipeline.workdir import SCRATCH, locked, read_manifest, stage_folder, write_manifest, write_whole

CONFIG = "config.json"


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


def run(
    config: PipelineConfig,
    workdir: Path,
    progress: Progress,
    selection: Selection | None = None,
    stages: Sequence[Stage] = STAGES,
) -> dict[str, Any]:
    """Run what has to run and give the summary, which is also in `workdir/summary.json`.

    Raises:
        InputError: something the user gave cannot be used; finished stages stay, and the same command resumes.
        Unreachable: MLflow does not take the results; report and summary are written, and the same command sends them.
    """
    selection = selection or Selection()
    tracked = Tracker(config, workdir, warn=progress.note)
    with locked(workdir), tracked as tracker, opened_champions(config, workdir) as champions:
        source = source_hashes(config)
        write_whole(workdir / CONFIG, config.model_dump_json(indent=1) + "\n")
        ran: dict[str, bool] = {}
        for stage in stages:
            if selection.beyond(stage):
                break
            decision = decide(stage, config, workdir, source, selection, champions)
            ran[stage.name] = decision.action == "run"
            if decision.action == "skip":
                progress.finished(stage.name, "skipped", 0.0, decision.reason)
                continue
            try:
                _run_stage(decision, config, workdir, progress, tracker, champions)
            except Unreachable:  # all the rest is there, so it should be found where people look for it
                publish_report(workdir, config)
                write_summary(workdir, config, ran | {stage.name: False})
                raise
        publish_report(workdir, config)
        return write_summary(workdir, config, ran)


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
    if selection.leaves(stage):
        return Decision(stage, "skip", "left as it is")
    missing = [name for name in stage.reads if read_manifest(workdir, name) is None]
    if missing:
        raise InputError(
            f"{stage.name} reads {', '.join(missing)}, of which {workdir} has no result yet. "
            f"Run without `--from` and `--only` first."
        )
    current = fingerprint(stage, config, workdir, source, champions.hashes if champions else None)
    if selection.forces(stage):
        return Decision(stage, "run", "asked for", current)
    if manifest is None:
        return Decision(stage, "run", "has no result yet", current)
    changed = difference(manifest["fingerprint"], current)
    if changed:
        return Decision(stage, "run", changed, current)
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
    from data.sources import input_root, source_files

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


def _run_stage(
    decision: Decision,
    config: PipelineConfig,
    workdir: Path,
    progress: Progress,
    tracker: Tracker,
    champions: Champions | None,
) -> None:
    stage = decision.stage
    scratch = workdir / SCRATCH / stage.name
    scratch.mkdir(parents=True, exist_ok=True)
    progress.started(stage.name)
    began = time.perf_counter()
    status, reason = "done", decision.reason
    with stage_folder(workdir, stage.name) as out, PeakMemory() as memory:
        context = Context(config, workdir, out, scratch, progress, tracker, champions.folders if champions else {})
        try:
            stage.function(context)
        except NotApplicable as why:
            status, reason = "not applicable", str(why)
        seconds = time.perf_counter() - began
        manifest = {
            "stage": stage.name,
            "status": status,
            "reason": reason,
            "fingerprint": decision.fingerprint,
            "outputs": folder_hashes(out),
            "seconds": round(seconds, 3),
            "peak_rss_mib": round(max(memory.mib, 0.0), 1),
            "measured_seconds": context.seconds,
        }
        write_manifest(out, manifest)
    shutil.rmtree(scratch, ignore_errors=True)
    progress.finished(stage.name, "done" if status == "done" else "skipped", seconds, reason)


def read_config(workdir: Path) -> PipelineConfig:
    """The configuration of the last run in a work folder.

    Raises:
        InputError: there was none.
    """
    try:
        return PipelineConfig.model_validate_json((workdir / CONFIG).read_text())
    except FileNotFoundError:
        raise InputError(
            f"`--workdir` should be the folder of an earlier run. Received: {workdir}, which has none. "
            f"Run first: python -m pipeline run --workdir {workdir}"
        ) from None
    except ValueError:
        raise InputError(f"{workdir / CONFIG} is of another version of the pipeline. Run again.") from None


def need_abandonment(config: PipelineConfig, workdir: Path) -> None:
    """Say so where a run has the recommender alone.

    Raises:
        InputError: the run made no abandonment model.
    """
    if not config.abandonment.enabled:
        raise InputError(
            f"The run in {workdir} has no abandonment model, which this command needs: it is {ABANDONMENT_OFF}. "
            f"With a log that has cart events, run again with `--set abandonment.enabled=true`."
        )
