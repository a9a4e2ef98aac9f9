"""The report: one self-contained HTML file."""

from pathlib import Path
from typing import Any

import numpy as np

from explain.attributing.ranking import mean_points
from explain.attributing.sentences import model_sentences
from explain.cart.explained import explain_cart
from explain.charts.gradient_charts import gradient_part, gradient_table
from explain.page import write_page
from explain.quality.section import quality_part
from explain.report import figures, tables
from explain.report.data import ReportData
from explain.report.disagreements import disagreements
from explain.report.findings import bottom_line, cautions
from explain.report.multi_task import multi_task_part
from explain.report.parts import period, settings_rows, shared_parts, span
from explain.whole.report import whole_part
from explain.wording import DASH, count_text, decimal_text, number_text, share_text
from models.nudging.pilot import Z

ABANDONMENT = ("auc", "average_precision", "log_loss", "brier", "ece")


def write_report(data: ReportData, folder: Path) -> Path:
    """Write `folder/index.html`, whole or not at all.

    Args:
        data: the stages' results.
        folder: made where it is missing.

    Returns:
        The file.
    """
    return write_page(folder, "report.html.j2", **_context(data))


def _context(data: ReportData) -> dict[str, Any]:
    warned = cautions(data)
    context: dict[str, Any] = {"data": data, "cautions": warned, "contents": _contents(data, bool(warned))}
    context |= multi_task_part(data) | whole_part(data) | quality_part(data)
    return context | _top(data) | _why(data) | _quality(data) | _nudges(data) | shared_parts(data) | _rest(data)


def _contents(data: ReportData, warned: bool) -> list[tuple[str, str]]:
    parts = [("cautions", "Before you rely on it")] if warned else []
    trust = [("trust", "How far to trust it")] if data.explanation_quality else []
    session = [("multi-task", "What the session adds")] if "multi_task" in data.metrics else []
    return [
        *parts,
        ("why", "Why carts are left"),
        ("whole", "The model as a whole"),
        *trust,
        ("quality", "How good"),
        *session,
        ("nudges", "Which carts to nudge"),
        ("recommender", "What to show"),
        ("data", "The data"),
        ("training", "Training"),
        ("limits", "Limits"),
    ]


def _top(data: ReportData) -> dict[str, Any]:
    found = data.metrics["abandonment"]
    counts, test, spans = found["counts"], found["test"], found["test_intervals"]
    shown = [
        ("Test decision points", count_text(counts["examples"]), f"of {count_text(counts['sessions'])} sessions"),
        ("Left", share_text(counts["abandoned_share"]), "of the test decision points"),
        ("AUC", decimal_text(test["auc"]), span(spans.get("auc"))),
        ("Average precision", decimal_text(test["average_precision"]), span(spans.get("average_precision"))),
        ("Calibration error", share_text(test["ece"], 1), "mean gap of prediction and outcome"),
    ]
    return {
        "period": period(data.split),
        "bottom_line": bottom_line(data),
        "key_figures": [{"name": name, "value": value, "below": below} for name, value, below in shown],
        "counts": counts,
    }


def _why(data: ReportData) -> dict[str, Any]:
    found = data.explanations.attributions
    agree = np.corrcoef(_ranks(mean_points(data)), _ranks(np.array(data.explanations.importance.mean["auc"])))[0, 1]
    told = "They disagree on single features; see the notes above." if disagreements(data) else ""
    agreement = f"The two orders have a rank correlation of {decimal_text(float(agree), 2)}. {told}"
    return {
        "explained": len(data.examples),
        "sentences": model_sentences(found, data.examples),
        "importance": figures.importance(data),
        "shuffle": figures.shuffle(data),
        "swarm": figures.swarm(data),
        "features": tables.features_table(data),
        "cases": _cases(data),
        "agreement": agreement if np.isfinite(agree) else told,
    }


def _ranks(values: np.ndarray) -> np.ndarray:
    return np.asarray(values.argsort(kind="stable").argsort(kind="stable"), dtype=float)


def _cases(data: ReportData) -> list[dict[str, Any]]:
    """The riskiest, the median and the safest cart."""
    order = np.argsort(data.explanations.attributions.probability, kind="stable")
    picks = {"Highest predicted risk": -1, "In the middle": len(order) // 2, "Lowest predicted risk": 0}
    return [
        {
            "name": name,
            "cart": explain_cart(data.explanations.attributions, data.examples, int(order[pick]), top=3),
            "abandoned": bool(data.examples.abandoned[order[pick]]),
        }
        for name, pick in picks.items()
        if len(order)
    ]


def _quality(data: ReportData) -> dict[str, Any]:
    found = data.metrics["abandonment"]
    return {
        "metrics": tables.metrics_table(found, ABANDONMENT, "Quality on the test carts"),
        "differences": tables.differences_table(found, "The network less each baseline"),
        "quality": figures.quality(data),
        "slices_chart": figures.slices(data),
        "slices": tables.slices_table(found["slices"]),
    }


def _nudges(data: ReportData) -> dict[str, Any]:
    found = data.metrics["abandonment"]["threshold"]
    rows = [
        ("Threshold", "nobody is nudged" if found["value"] >= 1 else share_text(found["value"], 1)),
        ("Profit per cart", _money(found.get("expected_profit_per_cart"))),
        ("Carts nudged", share_text(found.get("nudged_share"))),
        ("Nudged carts really left", share_text(found.get("precision"))),
        ("Left carts nudged", share_text(found.get("recall"))),
        ("Profit per cart if all were nudged", _money(found.get("profit_per_cart_if_all_nudged"))),
        ("Profit per cart, each by its own value", _money(found.get("profit_per_cart_by_value"))),
        ("How exactly these carts tell what such nudges bring (95%)", _within(found.get("list_error"))),
    ]
    if found["value"] >= 1:
        nudge = "At the stated costs no threshold brings a profit on the validation carts, so no cart would be nudged."
    else:
        nudge = (
            f"Nudging every cart with a predicted risk of {share_text(found['value'], 0)} or more reaches "
            f"{share_text(found.get('nudged_share'))} of the test carts and is expected to bring "
            f"{_money(found.get('expected_profit_per_cart'))} per cart, at the stated costs, margin and rescue rate. "
            f"{_all_nudged(found)}Whether nudges rescue carts at that rate is an assumption; only a trial can check it."
        )
    return {
        "nudge": nudge,
        "threshold": [(name, value) for name, value in rows if value != DASH] + _costs(data.costs),
        "threshold_notes": found.get("notes", []),
        "profit": figures.profit(data),
    }


def _costs(costs: dict[str, Any] | None) -> list[tuple[str, str]]:
    if costs is None:
        return []
    segments = costs.get("segments") or ()
    rate = share_text(costs["rescue_rate"])
    comes_in = costs.get("realization", 1.0)
    return [
        ("Assumed cost of a nudge", _money(costs["nudge_cost"])),
        ("Assumed profit in a sale", share_text(costs["margin"])),
        ("Assumed share of left carts rescued", f"by segment ({len(segments)}), else {rate}" if segments else rate),
        *([("Assumed share of that which comes in", share_text(comes_in))] if comes_in != 1.0 else []),
    ]


def _all_nudged(found: dict[str, Any]) -> str:
    everyone, chosen = found.get("profit_per_cart_if_all_nudged"), found.get("expected_profit_per_cart")
    if everyone is None or chosen is None or everyone <= chosen:
        return ""
    return f"On these carts nudging all of them would have brought more, {_money(everyone)}. "


def _within(error: float | None) -> str:
    return DASH if error is None else f"± {share_text(Z * error)}"


def _money(value: float | None) -> str:
    return DASH if value is None else f"{value:,.3f}".replace("-", "−")


def _rest(data: ReportData) -> dict[str, Any]:
    return {
        "split": tables.split_table(data.split),
        "leaks": data.leaks,
        "gradient_charts": gradient_part(data.history.get("abandonment") or {}),
        "gradient_table": gradient_table(data.history.get("abandonment") or {}),
        "trials_chart": figures.trials(data),
        "trials": tables.trials_table(data.trials) if data.trials else None,
        "settings": settings_rows(data.best or {}),
        "limits": _limits(data),
    }


def _limits(data: ReportData) -> list[str]:
    found, shuffled = data.explanations.attributions, data.explanations.importance
    return [
        "Explanations speak about the model, not about customers: a feature that goes with leaving need not cause it, "
        "and changing it need not change anything.",
        "SHAP values by DeepSHAP (DeepLIFT's rule against a sample of training carts), in calibrated log-odds; they "
        f"add up to the predictions with an error of at most {number_text(found.error)}. Features that go together "
        "share their importance, and how they share it is partly arbitrary.",
        "Points of predicted risk are what a feature's SHAP value alone would do to a typical cart.",
        f"Permutation importance by scikit-learn on {count_text(shuffled.rows)} test decision points, "
        f"{shuffled.repeats} repeats; each draws the sessions anew, so the intervals hold the luck of the test set "
        "too.",
        "The beeswarm shows a sample of carts; the other figures use all carts that were explained.",
        "Quality is that of the test period. A new season, campaign or shop design can change it; watch it and "
        "train again.",
    ]
