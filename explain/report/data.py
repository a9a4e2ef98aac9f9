"""Everything the report shows, as the stages left it in the work folder."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.errors import InputError
from data.examples import Examples, read_examples
from explain.attributing.explanations import Explanations, read_explanations
from explain.whole.results import Whole, read_whole

Table = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class RunData:
    """What the stages of every run leave. What a source cannot feed is None or empty, and a report leaves it out."""

    metrics: Table
    """`evaluate/metrics.json`: "abandonment" and "recommender"."""

    split: Table
    """`split/split.json`."""

    title: str = "What visitors look at next"
    """Heading of the report."""

    source: str = ""
    """Where the data came from, in words, such as "Demo shop, 20,000 simulated sessions"."""

    ingest: Table | None = None
    """`ingest/ingest.json`; None for a feature table."""

    sessionize: Table | None = None
    """`sessionize/sessionize.json`; None for a feature table."""

    featurize: Table | None = None
    """`featurize/featurize.json`; None for a feature table."""

    history: Table = field(default_factory=dict)
    """`train/history.json`: per model, metric → values by epoch."""

    notes: list[str] = field(default_factory=list)
    """Further remarks for the reader."""


@dataclass(frozen=True, kw_only=True)
class ReportData(RunData):
    """The results of a run with an abandonment model."""

    examples: Examples
    """The explained test carts, n rows."""

    explanations: Explanations
    """SHAP values of these n carts, and permutation importance."""

    whole: Whole
    """What is said of the model as a whole: shapes, interactions, stand-ins, parts."""

    curves: Table
    """`evaluate/curves.json`."""

    title: str = "Why carts are left"
    """Heading of the report."""

    explanation_quality: Table | None = None
    """`explain/quality.json`: how good the explanations are; None where that was not measured."""

    leaks: list[Table] = field(default_factory=list)
    """`split/leaks.json`: features that alone nearly give the label away."""

    trials: list[Table] = field(default_factory=list)
    """`tune/trials.json`."""

    best: Table | None = None
    """`tune/best.json`: the abandonment model's configuration."""

    gradients: list[str] = field(default_factory=list)
    """`train/gradients.json`: what was ill about the gradients of its training."""

    costs: Table | None = None
    """What a nudge costs and brings, by the fields of `CostConfig`."""


def read_report_data(
    workdir: Path,
    explanations: Explanations | None = None,
    title: str = "",
    source: str = "",
    costs: Table | None = None,
    quality: Table | None = None,
    whole: Whole | None = None,
) -> ReportData:
    """Gather what the stages wrote.

    Args:
        workdir: the work folder, with at least `split`, `evaluate` and, unless `explanations` is given, `explain`.
        explanations: those of a running explain stage, whose folder is not in place yet.
        title: heading of the report, where it should not be the usual one.
        source: where the data came from, in words.
        costs: what a nudge costs and brings.
        quality: how good `explanations` are, where they are given.
        whole: what a running explain stage says of the model as a whole.

    Raises:
        InputError: a stage that the report needs has not run.
    """
    _check_stages(workdir, ("split", "evaluate") if explanations else ("split", "evaluate", "explain"))
    found = explanations or read_explanations(workdir / "explain")
    return ReportData(
        examples=read_examples(workdir / "split", "test").take(found.rows),
        explanations=found,
        curves=_json(workdir / "evaluate" / "curves.json"),
        title=title or ReportData.title,
        source=source,
        costs=costs,
        explanation_quality=quality if explanations else _json(workdir / "explain" / "quality.json"),
        whole=whole or read_whole(workdir / "explain"),
        leaks=_json(workdir / "split" / "leaks.json") or [],
        trials=_json(workdir / "tune" / "trials.json") or [],
        best=_json(workdir / "tune" / "best.json"),
        gradients=_json(workdir / "train" / "gradients.json") or [],
        **_every_run(workdir),
    )


def read_run_data(workdir: Path, source: str = "") -> RunData:
    """Gather what the stages of a run with the recommender alone wrote.

    Args:
        workdir: the work folder, with at least `split` and `evaluate`.
        source: where the data came from, in words.

    Raises:
        InputError: a stage that the report needs has not run.
    """
    _check_stages(workdir, ("split", "evaluate"))
    return RunData(source=source, **_every_run(workdir))


def _every_run(workdir: Path) -> Table:
    return {
        "metrics": _json(workdir / "evaluate" / "metrics.json"),
        "split": _json(workdir / "split" / "split.json"),
        "ingest": _json(workdir / "ingest" / "ingest.json"),
        "sessionize": _json(workdir / "sessionize" / "sessionize.json"),
        "featurize": _json(workdir / "featurize" / "featurize.json"),
        "history": _json(workdir / "train" / "history.json") or {},
    }


def _check_stages(workdir: Path, stages: tuple[str, ...]) -> None:
    for stage in stages:
        if not (workdir / stage).is_dir():
            raise InputError(
                f"The report needs the stage `{stage}`, which has not run in {workdir}. "
                f"Run it first: python -m pipeline run --workdir {workdir}"
            )


def _json(path: Path) -> Any:
    """The content of a JSON file, None where it does not exist."""
    return json.loads(path.read_text()) if path.exists() else None
