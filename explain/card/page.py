"""The model card as one self-contained page (Mitchell et al. 2019, "Model Cards for Model Reporting")."""

from pathlib import Path
from typing import Any

from explain.card.facts import CardFacts, ModelFacts
from explain.card.gaps import RULE, gaps, groups_table, signed_points, slices_table
from explain.card.words import refusals, uses
from explain.charts.gradient_charts import gradient_part, gradient_table
from explain.page import write_page
from explain.report import figures, tables
from explain.report.data import ReportData, RunData
from explain.report.findings import Caution
from explain.report.page import ABANDONMENT
from explain.report.parts import period, settings_rows, shared_parts, span
from explain.tables import Grid
from explain.wording import count_text, decimal_text, share_text

FILE = "model-card.html"


def write_model_card(data: RunData, facts: CardFacts, folder: Path) -> Path:
    """Write `folder/model-card.html`, whole or not at all.

    What differs between two runs of the same settings (the time a prediction takes, the run's number) is not in it:
    the page has marks, `cost` and `run`, where `explain.page.fill` puts that when the page is published.

    Args:
        data: the stages' results; a run with the recommender alone has a shorter card.
        facts: the networks, library versions and whom to ask.
        folder: made where it is missing.
    """
    return write_page(folder, "model_card.html.j2", FILE, **_context(data, facts))


def _context(data: RunData, facts: CardFacts) -> dict[str, Any]:
    context = {
        "data": data,
        "facts": facts,
        "period": period(data.split),
        "uses": uses(data),
        "refusals": refusals(data),
        "models": [(model, _layers(model)) for model in facts.models],
        "leaks": [],
        **shared_parts(data),
    }
    return context | (_abandonment(data) if isinstance(data, ReportData) else _alone(data))


def _alone(data: RunData) -> dict[str, Any]:
    names = ("metrics", "gradient_table", "calibration", "groups", "slices")
    empty = dict.fromkeys(names)
    return {
        **empty, "gradient_charts": [], "settings": [], "flagged": [],
        "split": tables.sequence_split_table(data.split), "figures": [],
    }  # fmt: skip


def _abandonment(data: ReportData) -> dict[str, Any]:
    found = data.metrics["abandonment"]
    history = data.history.get("abandonment") or {}
    test, spans = found["test"], found["test_intervals"]
    shown = [("AUC", decimal_text(test["auc"]), spans.get("auc")),
             ("Log loss", decimal_text(test["log_loss"]), spans.get("log_loss")),
             ("Calibration error", share_text(test["ece"], 1), spans.get("ece"))]  # fmt: skip
    curves = figures.quality(data)
    return {
        "figures": [{"name": n, "value": v, "below": span(interval)} for n, v, interval in shown],
        "metrics": tables.metrics_table(found, ABANDONMENT, "Quality on the test carts"),
        "warnings": [Caution("Few data", text) for text in found["warnings"]],
        "calibration": next((chart for chart in curves if "mean 70%" in chart.title), None),
        "calibration_words": _calibration(found),
        "rule": RULE,
        "flagged": gaps(found),
        "groups": groups_table(found) if found["slices"] else None,
        "slices": slices_table(found) if found["slices"] else None,
        "gradient_charts": gradient_part(history),
        "gradient_table": gradient_table(history),
        "split": tables.split_table(data.split),
        "settings": settings_rows(data.best or {}),
        "leaks": data.leaks,
    }


def _calibration(found: dict[str, Any]) -> str:
    gap = found["calibration_gap"]
    amount, low, high = map(signed_points, gap)
    verdict = (
        "too high" if gap[1] > 0 else "too low" if gap[2] < 0 else "neither too high nor too low, as far as can be told"
    )
    return (
        f"Over all test carts the mean predicted risk differs from the share really left by {amount} points (95% "
        f"interval {low} to {high}): {verdict}."
    )


def _layers(model: ModelFacts) -> Grid:
    rows = tuple((layer.name, layer.kind, layer.shape, count_text(layer.parameters)) for layer in model.layers)
    head = ("Layer", "Kind", "Gives for one example", "Parameters")
    return Grid(f"Layers of the {model.title}", head, rows, frozenset({1}))
