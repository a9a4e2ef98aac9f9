"""Runs the stages in order, each only where something it depends on changed."""

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data.errors import InputError
from pipeline.champion import Champions, opened_champions
from pipeline.config import PipelineConfig
from pipeline.fingerprint import folder_hashes
from pipeline.memory import PeakMemory
from pipeline.planning import Decision, Selection, decide, source_hashes
from pipeline.progress import Progress
from pipeline.publishing import publish_report
from pipeline.stage import ABANDONMENT_OFF, STAGES, Context, NotApplicable, Stage
from pipeline.store import Unreachable
from pipeline.summary import write_summary
from pipeline.tracking import Tracker
from pipeline.workdir import SCRATCH, locked, stage_folder, write_manifest, write_whole

CONFIG = "config.json"


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
    """Say so where a run has the recommender alone, or was stopped before it had any model.

    Raises:
        InputError: the run made no abandonment model.
    """
    if not config.abandonment.enabled:
        raise InputError(
            f"The run in {workdir} has no abandonment model, which this command needs: it is {ABANDONMENT_OFF}. "
            f"With a log that has cart events, run again with `--set abandonment.enabled=true`."
        )
    if not (workdir / "train" / "abandonment.keras").exists():
        raise InputError(f"{workdir} has no model yet. Run first: python -m pipeline run --workdir {workdir}")
