"""Attributions, permutation importance and the report."""

import json
from typing import Any

from data.examples import read_examples
from explain.examples import explain_examples
from explain.explanations import write_explanations
from explain.recommender_report import write_recommender_report
from explain.report import write_report
from explain.report_data import read_report_data, read_run_data
from explain.whole.compute import Sides, explain_whole
from explain.whole.results import write_whole
from models.artifacts import load_model
from pipeline.stage import Context


def run(context: Context) -> None:
    """Write the explanations and `report/index.html`; without an abandonment model the report alone."""
    metrics = json.loads((context.input("evaluate") / "metrics.json").read_text())
    source = f"preset {context.config.preset}"
    if "skipped" in metrics["abandonment"]:
        write_recommender_report(read_run_data(context.workdir, source=source), context.out / "report")
    else:
        _explain(context, source, metrics)


def _explain(context: Context, source: str, metrics: dict[str, Any]) -> None:
    train, test = (read_examples(context.input("split"), side) for side in ("train", "test"))
    model = load_model(context.input("train") / "abandonment.keras")
    context.progress.detail("SHAP values and permutation importance")
    explanations = explain_examples(model, train, test, context.config.explain, context.config.seed)
    write_explanations(explanations, context.out)
    context.progress.detail("the model as a whole")
    sides = Sides(train, read_examples(context.input("split"), "validation"), test)
    threshold = float(metrics["abandonment"]["threshold"]["value"])
    whole = explain_whole(model, sides, explanations, threshold, context.config.explain, context.config.seed)
    write_whole(whole, context.out)
    context.progress.detail("report")
    data = read_report_data(
        context.workdir,
        explanations,
        source=source,
        costs=context.config.costs.model_dump(),
        whole=whole,
    )
    write_report(data, context.out / "report")
