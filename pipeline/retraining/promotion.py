"""Registers challengers and moves the alias: each step finds what a killed attempt left of it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.code_version import code_version
from pipeline.config import PipelineConfig, settings_digest
from pipeline.progress import Progress
from pipeline.quiet import quiet
from pipeline.retraining.champions import CALIBRATED
from pipeline.retraining.decision import Decision, promoted_again
from pipeline.stage import Context
from pipeline.tracking import Tracker, register
from pipeline.tracking.champions import CHALLENGER, PROMOTED_IN, promote
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
            again = promoted_again(one)
            if again is not None:
                client.set_model_version_tag(one["name"], again["version"], PROMOTED_IN, decision["id"])
            promote(client, one["name"], versions[model] if again is None else again["version"])


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
    calibrated: dict[str, dict[str, str]] = {}
    for model in (model for model in wanted if decision["models"][model].get("calibration")):
        one = decision["models"][model]
        # What was measured before it was calibrated anew holds no more; what it was judged by does.
        asked[model]["test"] |= one["evidence"]["challenger"]
        calibrated[one["name"]] = {CALIBRATED: windows(context)["test_to"]}
    tags = {
        "preset": config.preset,
        "config": settings_digest(config),
        RETRAIN: decision["id"],
        **code_version(),
        **windows(context),
    }
    registered = {}
    for logged in logged_models(context, asked):
        progress.detail(f"registering {logged.name}")
        own = tags | calibrated.get(logged.name, {})
        registered[logged.name] = str(register(client, run_id, logged, own)["version"])
    return registered
