"""Tables of the report: quality, features, splits, quarantine and trials."""

from collections.abc import Mapping, Sequence
from typing import Any

from data.feature import Feature
from explain.attributing.ranking import mean_points, ranking
from explain.attributing.sentences import direction
from explain.report.data import ReportData
from explain.report.findings import baseline_name
from explain.tables import Cell, Grid, difference_cell, figure_cell, plain, slice_text
from explain.wording import (
    DASH,
    count_text,
    decimal_text,
    interval_text,
    metric_name,
    share_text,
    upper_first,
    value_text,
)  # fmt: skip


def metrics_table(found: Mapping[str, Any], names: Sequence[str], caption: str) -> Grid:
    """The model and its baselines, a metric a column, each with its interval."""
    intervals = {"": found.get("test_intervals", {}), **found.get("baseline_intervals", {})}
    rows = [("This model", found["test"], intervals[""])]
    rows += [(upper_first(baseline_name(n)), row, intervals.get(n, {})) for n, row in found["baselines"].items()]
    return Grid(
        caption,
        ("Model", *(metric_name(name) for name in names)),
        tuple((who, *(figure_cell(row.get(name), spans.get(name)) for name in names)) for who, row, spans in rows),
    )


def differences_table(found: Mapping[str, Any], caption: str) -> Grid | None:
    """Model less baseline per metric, with intervals; None where nothing was compared."""
    compared = found.get("differences") or {}
    if not compared:
        return None
    names = list(next(iter(compared.values())))
    rows: list[tuple[str | Cell, ...]] = [
        (f"Model less {baseline_name(name)}", *(difference_cell(row.get(metric)) for metric in names))
        for name, row in compared.items()
    ]
    return Grid(caption, ("Comparison", *(metric_name(name) for name in names)), tuple(rows))


def features_table(data: ReportData) -> Grid:
    """Every feature with both importances."""
    found, shuffled = data.explanations.attributions, data.explanations.importance
    points = mean_points(data)
    rows: list[tuple[str | Cell, ...]] = []
    for f in ranking(data):
        spec = found.specs[f]
        drops = [
            Cell(decimal_text(shuffled.mean[m][f]), interval_text((shuffled.low[m][f], shuffled.high[m][f])))
            for m in ("auc", "average_precision")
        ]
        rows.append(
            (
                Cell(spec.title, spec.description),
                f"{100 * points[f]:.1f}",
                _direction(data, int(f), spec),
                value_text(found.typical[f], spec),
                *drops,
            )
        )
    head = (
        "Feature",
        "Mean points moved",
        "Higher values go with",
        "Typical value",
        "AUC lost when shuffled",
        "Average precision lost",
    )
    return Grid("Every feature, by how far it moves the predicted risk", head, tuple(rows), frozenset({2}))


def slices_table(slices: Sequence[Mapping[str, Any]]) -> Grid:
    """How good the model is for parts of the carts."""
    rows = [
        (
            Cell(slice_text(part), str(part["title"])),
            count_text(part["n"]),
            share_text(part["abandoned_share"]),
            share_text(part["mean_prediction"]),
            figure_cell(part["auc"], part["auc_interval"]),
            share_text(part["ece"], 1),
        )
        for part in slices
    ]
    head = ("Part of the carts", "Carts", "Really left", "Predicted", "AUC", "Calibration error")
    return Grid("Quality by part of the carts", head, tuple(rows))


def split_table(split: Mapping[str, Any]) -> Grid:
    """What trained, chose and tested."""
    dated = any(part.get("from") for part in split["counts"].values())
    rows = [
        (
            upper_first(side),
            count_text(part.get("examples")),
            count_text(part.get("sessions")),
            share_text(part.get("abandoned_share")),
            *((_moment(part.get("from")), _moment(part.get("to"))) if dated else ()),
        )
        for side, part in split["counts"].items()
    ]
    head = ("Side", "Decision points", "Sessions", "Left", *(("From", "To") if dated else ()))
    return Grid("Split", head, tuple(rows), frozenset({4, 5}))


def sequence_split_table(split: Mapping[str, Any]) -> Grid:
    """What trained, chose and tested the recommender where it is alone."""
    rows = [
        (
            upper_first(side),
            count_text(part["sessions"]),
            count_text(part["usable"]),
            _moment(part["from"]),
            _moment(part["to"]),
        )
        for side, part in split["counts"].items()
    ]
    head = ("Side", "Sessions", "Of two events or more", "From", "To")
    return Grid("Split", head, tuple(rows), frozenset({3, 4}))


def quarantine_table(ingest: Mapping[str, Any]) -> Grid | None:
    """Why rows were set aside; None where none was."""
    rows = [
        (
            reason,
            count_text(found["count"]),
            ", ".join(_example(example) for example in found["examples"][:3]) or DASH,
        )
        for reason, found in ingest["reasons"].items()
    ]
    head = ("Reason", "Rows", "Examples (row and value)")
    return Grid("Rows in quarantine", head, tuple(rows), frozenset({2})) if rows else None


def _example(example: Mapping[str, Any]) -> str:
    return f"{example['row']}" + ("" if example["value"] is None else f" “{example['value']}”")


def trials_table(trials: Sequence[Mapping[str, Any]]) -> Grid:
    """The settings tried, in the order of trials."""
    names = sorted({name for trial in trials for name in trial["values"]})
    metrics = sorted({name for trial in trials for name in (trial.get("metrics") or {})})
    rows = [
        (
            str(trial["trial"]),
            *(plain(trial["values"].get(name)) for name in names),
            *(decimal_text((trial.get("metrics") or {}).get(name), 4) for name in metrics),
            str(trial.get("epochs") or DASH),
            str(trial.get("error") or trial.get("status") or ""),
        )
        for trial in trials
    ]
    head = ("Trial", *(name.replace("_", " ") for name in (*names, *metrics)), "epochs", "status")
    return Grid("Settings tried", head, tuple(rows), frozenset({len(head) - 1}))


def _direction(data: ReportData, position: int, spec: Feature) -> str:
    if spec.kind == "categorical" or spec.unit in ("hour", "day"):
        return "no order"
    trend = direction(data.explanations.attributions.values[:, position], data.examples.features[spec.name])
    return "more risk" if trend >= 0.3 else "less risk" if trend <= -0.3 else "both ways"


def _moment(value: object) -> str:
    return str(value).replace("T", " ")[:16] if value else DASH
