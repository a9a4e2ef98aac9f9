"""Registers challengers and moves the alias: each step finds what a killed attempt left of it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.code_version import code_version
from pipeline.config import PipelineConfig, settings_digest
from pipeline.progress import Progress
from pipeline.quiet import quiet
from pipeline.retraining.decision import Decision
from pipeline.stage import Context
from pipeline.tracking import Tracker, register
from pipeline.tracking.champions import CHALLENGER, promote
from pipeline.tracking.decisions import RETRAIN, version_of_retrain

if TYPE_CHECKING:
    from mlflow import MlflowClient


def register_challengers(
    client: "MlflowClient", config: PipelineConfig, work: Path, decision: Decision, run_id: str, progress: Progress
) -> dict[str, str]:
    """Register each compared challenger once, promoted or not, as the challenger.

    Args:
        client: MLflow's.
        config: the challenger's.
        work: its work folder.
        decision: which models were compared.
        run_id: MLflow run of the decision.
        progress: where to say what is going on.

    Returns:
        Model → version.
    """
    names = {model: one["name"] for model, one in decision["models"].items()}
    versions = {model: version_of_retrain(client, name, decision["id"]) for model, name in names.items()}
    if missing := [model for model, version in versions.items() if version is None]:
        registered = _register(client, config, work, decision, missing, run_id, progress)
        versions |= {model: registered[name] for model, name in names.items() if name in registered}
    found = {model: str(version) for model, version in versions.items()}
    for model, version in found.items():
        client.set_registered_model_alias(names[model], CHALLENGER, version)
    return found


def promote_challengers(client: "MlflowClient", decision: Decision, versions: Mapping[str, str]) -> None:
    """Make the champion what the decision says; done again, it changes nothing."""
    for model, one in decision["models"].items():
        if one["promote"]:
            promote(client, one["name"], versions[model])


def _register(
    client: "MlflowClient",
    config: PipelineConfig,
    work: Path,
    decision: Decision,
    wanted: list[str],
    run_id: str,
    progress: Progress,
) -> dict[str, str]:
    with quiet():
        from pipeline.stages.register import logged_models, windows
    scratch = work / ".register"
    metrics: dict[str, Any] = json.loads((work / "evaluate" / "metrics.json").read_text())
    asked = {model: metrics[model] if model in wanted else {"skipped": ""} for model in ("abandonment", "recommender")}
    context = Context(config, work, scratch, scratch, progress, Tracker(config, work))
    tags = {
        "preset": config.preset,
        "config": settings_digest(config),
        RETRAIN: decision["id"],
        **code_version(),
        **windows(context),
    }
    registered = {}
    for model in logged_models(context, asked):
        progress.detail(f"registering {model.name}")
        registered[model.name] = str(register(client, run_id, model, tags)["version"])
    return registered
