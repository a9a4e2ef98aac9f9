"""Attributions, permutation importance and the report."""

from data.examples import read_examples
from explain.examples import explain_examples
from explain.explanations import write_explanations
from explain.report import write_report
from explain.report_data import read_report_data
from models.artifacts import load_model
from pipeline.stage import Context


def run(context: Context) -> None:
    """Write the explanations and `report/index.html`."""
    train, test = (read_examples(context.input("split"), side) for side in ("train", "test"))
    model = load_model(context.input("train") / "abandonment.keras")
    context.progress.detail("SHAP values and permutation importance")
    explanations = explain_examples(model, train, test, context.config.explain, context.config.seed)
    write_explanations(explanations, context.out)
    context.progress.detail("report")
    data = read_report_data(
        context.workdir,
        explanations,
        source=f"preset {context.config.preset}",
        costs=context.config.costs.model_dump(),
    )
    write_report(data, context.out / "report")
