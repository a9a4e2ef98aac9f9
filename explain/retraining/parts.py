"""The evidence, the new data and the drift, as tables and charts."""

from collections.abc import Mapping
from typing import Any

from explain.charts.row_charts import bars, intervals
from explain.charts.svg import Figure
from explain.tables import Cell, Grid, difference_cell
from explain.wording import (
    DASH,
    count_text,
    decimal_text,
    interval_text,
    metric_name,
    number_text,
    share_text,
    signed_text,
)

CHARTED = 12
GROWS = "grows with the log"
STATES = {"stable": "stable", "warning": "drifting", "alert": "drifted far"}


def evidence_part(one: Mapping[str, Any]) -> dict[str, Any]:
    """One model's comparison: a chart and a table of the measures, and its slices."""
    found = one["evidence"]
    known = {metric: values for metric, values in found["differences"].items() if values is not None}
    rows: list[tuple[str | Cell, ...]] = [
        (
            metric_name(metric),
            decimal_text(found["champion"].get(metric), 4),
            decimal_text(found["challenger"].get(metric), 4),
            difference_cell(values),
        )
        for metric, values in found["differences"].items()
    ]
    head = ("Measure", f"Champion, version {one['champion']}", f"Challenger{_version(one)}", "Difference")
    slices = [part for part in found.get("slices", []) if part["difference"] is not None]
    return {
        "name": one["name"],
        "level": f"{100 * found['confidence']:g}%",
        "figure": _figure(one["name"], known),
        "table": Grid(f"{one['name']}: both on the same sessions", head, tuple(rows)),
        "slices": _slices(one["name"], slices) if slices else None,
    }


def _version(one: Mapping[str, Any]) -> str:
    return f", version {one['challenger']}" if one["challenger"] else ""


def _figure(name: str, known: Mapping[str, list[float]]) -> Figure:
    changes, lows, highs = zip(*known.values(), strict=True)
    return intervals(
        [metric_name(metric) for metric in known], changes, lows, highs, f"{name}: challenger less champion",
        "Difference of each measure, with its interval over sessions. Log loss, Brier score and calibration error are "
        "better below zero, the others above it.", "Difference",
    )  # fmt: skip


def _slices(name: str, slices: list[Mapping[str, Any]]) -> Grid:
    rows: list[tuple[str | Cell, ...]] = [
        (
            Cell(str(part["slice"]), str(part["title"])),
            count_text(part["sessions"]),
            decimal_text(part["champion"]),
            decimal_text(part["challenger"]),
            difference_cell(part["difference"]),
        )
        for part in slices
    ]
    return Grid(f"{name}: part by part", ("Part", "Sessions", "Champion", "Challenger", "Difference"), tuple(rows))


def checks_table(arrival: Mapping[str, Any]) -> Grid | None:
    """What new files were held to; None where they could not even be read."""
    rows: list[tuple[str | Cell, ...]] = [
        (one["name"].capitalize(), "kept" if one["passed"] else "broken", one["sentence"]) for one in arrival["checks"]
    ]
    caption = f"Rules on new data: {', '.join(arrival['files'])}"
    return Grid(caption, ("Rule", "It was", "What was found"), tuple(rows), frozenset({1, 2})) if rows else None


def drift_part(found: Mapping[str, Any]) -> dict[str, Any]:
    """How the features and the label moved, and what of the window could be compared."""
    features, label = found["features"], found["label"]
    rows: list[tuple[str | Cell, ...]] = [
        (
            Cell(one["title"], one["feature"]),
            Cell(decimal_text(one["psi"]), f"up to {decimal_text(one['psi_by_chance'])} by chance"),
            decimal_text(one["ks"]),
            DASH if one["p_value"] is None else number_text(one["p_value"]),
            GROWS if one["cumulative"] else STATES[one["state"]],
        )
        for one in features
    ]
    caption = "Every feature, the one that moved most first; last those that grow with the log"
    head = ("Feature", "PSI", "KS distance", "p, corrected", "State")
    most = [one for one in features if not one["cumulative"]][:CHARTED]
    figure = bars(
        [one["title"] for one in most], [one["psi"] for one in most], [decimal_text(one["psi"]) for one in most],
        "Features that moved most", "Population stability index of each feature: 0 where nothing moved.",
    )  # fmt: skip
    change, *edges = (100 * value for value in label["difference"])
    now, before = share_text(label["current"]), share_text(label["reference"])
    return {
        "figure": figure if most else None,
        "table": Grid(caption, head, tuple(rows), frozenset({4})),
        "compared": _compared(found["compared"]),
        "label": f"{now} of the carts were left, and {before} of those the champion learnt from: a change of "
        f"{signed_text(change, 1)} points ({interval_text(edges, 1)}).",
    }


def _compared(share: float) -> str | None:
    """What a reader has to know of the hours of the week that both sides have; nothing where that is all of them."""
    if share == 0:
        return (
            "The newest window has no hour of the week in common with the examples the champion learnt from. How far "
            "apart they are may be a matter of the weekday alone, so that no feature gives an alarm."
        )
    if share == 1:
        return None
    return (
        f"Features are compared on {share_text(share)} of the newest window's examples: the others came at hours of "
        "the week that the examples the champion learnt from do not cover."
    )
