"""The page of a retrain: what was decided and why, the evidence, the new data, and what drifted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from explain.page import write_page
from explain.row_charts import bars, intervals
from explain.svg import Figure
from explain.tables import Cell, Grid, difference_cell
from explain.wording import DASH, count_text, decimal_text, interval_text, metric_name, number_text, share_text

CHARTED = 12
TITLES = {"promoted": "The challenger was promoted", "kept": "The champion stays", "refused": "New data were refused"}
STATES = {"stable": "stable", "warning": "drifting", "alert": "drifted far"}
LIMITS = (
    "Both models were scored on the same sessions, which began after everything that either has learnt from.",
    "An interval that reaches zero does not say that the models are equal, only that these sessions cannot tell them "
    "apart: the champion stays then, and the next retrain compares again.",
    "A challenger learns from what lies before the newest window, so the newest week is tested on before it is learnt "
    "from.",
    "Drift says that carts look otherwise than those the champion learnt from. It is no proof that the champion has "
    "become worse; the comparison is.",
)


def write_retraining(decision: Mapping[str, Any], folder: Path) -> Path:
    """Write `folder/index.html`, whole or not at all.

    Args:
        decision: what `decision.json` holds: `id`, `decision`, `sentence`, `preset`, `models` {model: name, champion,
            challenger, reasons, evidence}, `drift`, `new_items`, `data`, `arrivals` and `notes`.
        folder: made where it is missing.
    """
    models, drift = decision["models"], decision["drift"]
    evidence = [_evidence(one) for one in models.values() if one["evidence"].get("differences")]
    arrivals = [(", ".join(one["files"]), one["reason"], _checks(one)) for one in decision.get("arrivals", [])]
    parts = [
        ("evidence", "The evidence", bool(evidence)),
        ("data", "The new data", bool(arrivals or decision["data"])),
        ("drift", "Drift", drift is not None),
        ("limits", "Limits", True),
    ]
    return write_page(
        folder,
        "retraining.html.j2",
        data={
            "title": TITLES[decision["decision"]],
            "source": f"Preset {decision['preset']}, retrain {decision['id']}",
        },
        period=_period(decision["data"]),
        contents=[(name, title) for name, title, there in parts if there],
        bottom_line=_bottom_line(decision),
        key_figures=_key_figures(decision),
        evidence=evidence,
        arrivals=arrivals,
        facts=_facts(decision),
        drift=None if drift is None else _drift(drift),
        limits=LIMITS,
    )


def _bottom_line(decision: Mapping[str, Any]) -> list[str]:
    told = [f"{one['name']}: {reason}" for one in decision["models"].values() for reason in one["reasons"]]
    return [*(told or [decision["sentence"]]), *decision["notes"]]


def _key_figures(decision: Mapping[str, Any]) -> list[dict[str, str]]:
    shown: list[tuple[str, str, str]] = []
    for one in decision["models"].values():
        differences = one["evidence"].get("differences") or {}
        for metric, values in list(differences.items())[:1]:
            if values:
                found = difference_cell(values)
                shown.append((f"{metric_name(metric)}, {one['name']}", found.text, found.below))
    if decision["data"]:
        data = decision["data"]
        shown.append(("Sessions compared", count_text(decision["sessions"]), f"from {_moment(decision['test_from'])}"))
        shown.append(("New events", count_text(data["added"]), f"{count_text(data['late'])} of them late"))
    if decision["drift"] and decision["drift"]["features"]:
        most = decision["drift"]["features"][0]
        shown.append(("Largest drift (PSI)", decimal_text(most["psi"]), most["title"]))
    return [{"name": name, "value": value, "below": below} for name, value, below in shown]


def _evidence(one: Mapping[str, Any]) -> dict[str, Any]:
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
        "level": share_text(found["confidence"], 0),
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


def _checks(arrival: Mapping[str, Any]) -> Grid | None:
    rows: list[tuple[str | Cell, ...]] = [
        (one["name"].capitalize(), "kept" if one["passed"] else "broken", one["sentence"]) for one in arrival["checks"]
    ]
    caption = f"Rules on new data: {', '.join(arrival['files'])}"
    return Grid(caption, ("Rule", "It was", "What was found"), tuple(rows), frozenset({1, 2})) if rows else None


def _facts(decision: Mapping[str, Any]) -> dict[str, str]:
    data = decision["data"]
    if not data:
        return {}
    facts = {
        "New events": f"{count_text(data['added'])}, of which {count_text(data['late'])} are late",
        "Events of the whole log": count_text(data["events"]),
        "Newest event": _moment(data["watermark"]),
        "Sessions compared begin after": _moment(decision["test_from"]),
    }
    unknown = decision["new_items"]
    if unknown:
        share = share_text(unknown["share"])
        facts["On items the champion does not know"] = f"{share} of {count_text(unknown['events'])} events"
    return facts


def _drift(found: Mapping[str, Any]) -> dict[str, Any]:
    features, label = found["features"], found["label"]
    rows: list[tuple[str | Cell, ...]] = [
        (
            Cell(one["title"], one["feature"]),
            Cell(decimal_text(one["psi"]), f"up to {decimal_text(one['psi_by_chance'])} by chance"),
            decimal_text(one["ks"]),
            DASH if one["p_value"] is None else number_text(one["p_value"]),
            STATES[one["state"]],
        )
        for one in features
    ]
    head = ("Feature", "PSI", "KS distance", "p, corrected", "State")
    most = features[:CHARTED]
    figure = bars(
        [one["title"] for one in most], [one["psi"] for one in most], [decimal_text(one["psi"]) for one in most],
        "Features that moved most", "Population stability index of each feature: 0 where nothing moved.",
    )  # fmt: skip
    change, *edges = (100 * value for value in label["difference"])
    now, before = share_text(label["current"]), share_text(label["reference"])
    return {
        "figure": figure if most else None,
        "table": Grid("Every feature, the one that moved most first", head, tuple(rows), frozenset({4})),
        "label": f"{now} of the carts were left, and {before} of those the champion learnt from: a change of "
        f"{change:+.1f} points ({interval_text(edges, 1)}).",
    }


def _period(data: Mapping[str, Any] | None) -> str:
    return f"{data['window_from'][:10]} to {data['watermark'][:10]}" if data else ""


def _moment(text: str) -> str:
    return f"{text[:16].replace('T', ' ')} UTC"
