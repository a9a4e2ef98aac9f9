"""The report of a run with the recommender alone: one self-contained HTML file."""

from pathlib import Path
from typing import Any

from explain.page import write_page
from explain.report import tables
from explain.report.data import RunData
from explain.report.findings import Caution, does_it_pay, quarantine_caution, shares_text
from explain.report.parts import period, shared_parts, span
from explain.wording import count_text, decimal_text, metric_name, share_text

WIDE_INTERVAL = 0.1
"""Width of Recall's interval from which the figures are called uncertain."""


def write_recommender_report(data: RunData, folder: Path) -> Path:
    """Write `folder/index.html`, whole or not at all.

    Args:
        data: the stages' results, with a recommender and no abandonment model.
        folder: made where it is missing.

    Returns:
        The file.
    """
    return write_page(folder, "recommender_report.html.j2", **_context(data))


def _context(data: RunData) -> dict[str, Any]:
    warned = _cautions(data)
    return {
        "data": data,
        "period": period(data.split),
        "contents": _contents(bool(warned)),
        "cautions": warned,
        "bottom_line": _bottom_line(data),
        "key_figures": _key_figures(data.metrics["recommender"]),
        **shared_parts(data),
        "split": tables.sequence_split_table(data.split),
        "leaks": [],
        "limits": LIMITS,
    }


def _contents(warned: bool) -> list[tuple[str, str]]:
    parts = [("cautions", "Before you rely on it")] if warned else []
    return [
        *parts,
        ("recommender", "What to show"),
        ("data", "The data"),
        ("training", "Training"),
        ("limits", "Limits"),
    ]


def _recall(found: dict[str, Any]) -> str:
    """Key of Recall, which bears the number of items shown: `recall_at_20`."""
    return str(next(iter(found["test"])))


def _bottom_line(data: RunData) -> list[str]:
    found = data.metrics["recommender"]
    recall = _recall(found)
    return [
        _what(found, recall),
        _how_good(found, recall),
        does_it_pay(found, recall, metric_name(recall)),
        _what_is_easy(found["counts"]),
        f"Why carts are left is not part of this run: the abandonment model is "
        f"{str(data.metrics['abandonment']['skipped']).rstrip('.')}.",
    ]


def _what(found: dict[str, Any], recall: str) -> str:
    counts, shown = found["counts"], recall.partition("_at_")[2]
    return (
        f"The recommender was tested on {count_text(counts['prefixes'])} steps of {count_text(counts['sessions'])} "
        f"sessions it had never seen; at each it names {shown} of {count_text(counts['items'])} items for what comes "
        "next."
    )


def _how_good(found: dict[str, Any], recall: str) -> str:
    interval, popular = found["test_intervals"].get(recall), found["baselines"].get("popularity", {}).get(recall)
    told = "" if popular is None else f"; always showing the most popular items would reach {share_text(popular, 1)}"
    return (
        f"The next item is among them in {share_text(found['test'][recall], 1)} of the steps (95% interval "
        f"{shares_text(interval)}){told}."
    )


def _what_is_easy(counts: dict[str, Any]) -> str:
    repeats, unknown = (counts[name] / counts["prefixes"] for name in ("repeats", "unknown_targets"))
    rare = f", and in {share_text(unknown)} one too rare in training for any model here to name" if unknown else ""
    return f"In {share_text(repeats)} of the steps the next item is one the session already had{rare}."


def _key_figures(found: dict[str, Any]) -> list[dict[str, str]]:
    counts, intervals = found["counts"], found["test_intervals"]
    steps = ("Test steps", count_text(counts["prefixes"]), f"of {count_text(counts['sessions'])} sessions")
    shown = [
        (metric_name(name), decimal_text(value), span(intervals.get(name)) or "of the items are ever shown")
        for name, value in found["test"].items()
    ]
    return [{"name": name, "value": value, "below": below} for name, value, below in (steps, *shown)]


def _cautions(data: RunData) -> list[Caution]:
    found = data.metrics["recommender"]
    interval = found["test_intervals"].get(_recall(found))
    result = []
    if not interval or interval[1] - interval[0] > WIDE_INTERVAL:
        steps = count_text(found["counts"]["prefixes"])
        text = f"With only {steps} test steps every figure is uncertain: take it as a first look."
        result.append(Caution("Few data", text))
    if data.ingest and data.ingest["bad"]:
        result.append(quarantine_caution(data.ingest))
    return result


LIMITS = (
    "There are no SHAP values and no permutation importance here: they explain the predictions of the abandonment "
    "model, and this run has none.",
    "The figures say how often the next item of a log is guessed, ranked among all items; a tie counts against the "
    "model. Whether showing that item sells more is another question, which only a trial can answer.",
    "What visitors looked at hangs on what the shop showed them, and the recommender learns both.",
    "Quality is that of the test sessions. A new season, campaign or catalogue can change it; watch it and train "
    "again.",
)
