"""The report's part on the multi-task networks: what the session's history adds to the tabular model."""

from collections.abc import Mapping, Sequence
from typing import Any

from explain.report.data import ReportData
from explain.tables import Cell, Grid, difference_cell, figure_cell
from explain.wording import decimal_text, interval_text, metric_name

METRICS = ("auc", "average_precision", "log_loss", "brier", "ece")
NAMES = {
    "tabular": "The tabular model, as in this report",
    "session": "The session alone, one task",
    "session_multi_task": "The session alone, both tasks",
    "tabular_and_session": "The tabular model with the session, both tasks",
}
"""Names of the networks for a reader."""

SLIGHT = 0.001
"""Gain in AUC below which it is called next to nothing, shown or not: as much comes of one more layer on the tabular
model, without any session."""


def multi_task_part(data: ReportData) -> dict[str, Any]:
    """What the template of this part needs; `multi_task` is None where the networks were not asked for."""
    found = data.metrics.get("multi_task")
    if found is None or "skipped" in found:
        return {"multi_task": None, "multi_task_skipped": found and str(found["skipped"]).rstrip(".")}
    return {
        "multi_task": {
            "verdict": verdict(found["differences"]["tabular_and_session"]["auc"]),
            "second_task": second_task(found["second_task"]["auc"]),
            "quality": _quality(found),
            "differences": _differences(found["differences"]),
        },
        "multi_task_skipped": None,
    }


def verdict(difference: Sequence[float] | None) -> str:
    """Whether the session helps the tabular model, by the interval of the difference in AUC, and by its size."""
    if difference is None:
        return "Whether the session's items help cannot be said: the test carts all ended the same way."
    gap, low, high = difference
    told = f"AUC {_with_interval(difference)}"
    if low > 0 and gap < SLIGHT:
        return f"The session's items add next to nothing: {told}."
    if low > 0:
        return f"The session's items help the tabular model: {told}."
    if high < 0:
        return f"The session's items make the tabular model worse: {told}."
    return f"The session's items add nothing here that the test carts could show: {told}."


def second_task(difference: Sequence[float] | None) -> str:
    """Whether learning the next item beside it helps the network that has the session alone."""
    if difference is None:
        return ""
    _, low, high = difference
    told = f"AUC {_with_interval(difference)}"
    word = "helps" if low > 0 else "harms" if high < 0 else "makes no difference that was shown"
    return f"To the network with the session alone, learning the next item as well {word}: {told}."


def _with_interval(difference: Sequence[float]) -> str:
    gap = difference[0]
    places = 4 if abs(gap) < SLIGHT else 3
    sign = "+" if gap > 0 else ""
    return f"{sign}{decimal_text(gap, places)} (95% interval {interval_text(list(difference[1:]), places)})"


def _quality(found: Mapping[str, Any]) -> Grid:
    rows: list[tuple[str | Cell, ...]] = [
        (_name(who), *(figure_cell(row[metric], found["test_intervals"][who][metric]) for metric in METRICS))
        for who, row in found["test"].items()
    ]
    return Grid("The tabular model and the session", ("Network", *map(metric_name, METRICS)), tuple(rows))


def _differences(found: Mapping[str, Any]) -> Grid:
    metrics = list(next(iter(found.values())))
    rows: list[tuple[str | Cell, ...]] = [
        (_name(who), *(difference_cell(row[metric]) for metric in metrics)) for who, row in found.items()
    ]
    return Grid("Each network less the tabular model", ("Network", *map(metric_name, metrics)), tuple(rows))


def _name(who: str) -> str:
    return NAMES.get(who, who)
