"""`summary.json`: the keys that scripts rely on."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.config import PipelineConfig
from pipeline.stage import STAGES
from pipeline.tracking import read_tracking
from pipeline.workdir import read_manifest, write_whole

SUMMARY = "summary.json"


def write_summary(workdir: Path, config: PipelineConfig, ran: Mapping[str, bool]) -> dict[str, Any]:
    """Gather what the stages left into `workdir/summary.json` and give it back.

    A stage's `status` is "done" where it ran, "skipped" where nothing it depends on changed, and "not applicable"
    where the source cannot feed it; `seconds` and `peak_rss_mib` are those of the time it last ran.
    """
    metrics_file = workdir / "evaluate" / "metrics.json"
    metrics = json.loads(metrics_file.read_text()) if metrics_file.exists() else {}
    summary = {
        "preset": config.preset,
        **metrics,
        "explanations": explanation_figures(workdir),
        "stages": {stage.name: _stage(workdir, stage.name, ran.get(stage.name, False)) for stage in STAGES},
        "mlflow": read_tracking(workdir),
        "report": str(workdir / "report" / "index.html"),
    }
    write_whole(workdir / SUMMARY, json.dumps(summary, indent=1, ensure_ascii=False) + "\n")
    return summary


def explanation_figures(workdir: Path) -> dict[str, Any]:
    """How good the explanations are, by name, and the `seconds_per_1000_carts` of each method; empty where unmeasured.

    A figure that is undefined for these carts is None.
    """
    file = workdir / "explain" / "quality.json"
    if not file.exists():
        return {}
    seconds = (read_manifest(workdir, "explain") or {}).get("measured_seconds", {})
    methods = {name: value for name, value in seconds.items() if not name.startswith("prediction")}
    return {**json.loads(file.read_text())["figures"], "seconds_per_1000_carts": methods}


def _stage(workdir: Path, name: str, ran: bool) -> dict[str, Any]:
    manifest = read_manifest(workdir, name)
    if manifest is None:
        return {"seconds": 0.0, "peak_rss_mib": 0.0, "status": "missing", "reason": "has not run"}
    applicable = manifest["status"] != "not applicable"
    return {
        "seconds": manifest["seconds"],
        "peak_rss_mib": manifest["peak_rss_mib"],
        "status": ("done" if ran else "skipped") if applicable else "not applicable",
        "reason": manifest["reason"] if ran or not applicable else "nothing it depends on changed",
    }
