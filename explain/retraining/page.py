"""The page of a retrain: what was decided and why, the evidence, the new data, and what drifted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from explain.page import write_page
from explain.retraining.parts import checks_table, drift_part, evidence_part
from explain.tables import difference_cell
from explain.wording import count_text, decimal_text, metric_name, share_text

TITLES = {"promoted": "The challenger was promoted", "kept": "The champion stays", "refused": "New data were refused"}
LIMITS = (
    "Both models were scored on the same sessions, which began after everything that either has learnt from.",
    "An interval that reaches zero does not say that the models are equal, only that these sessions cannot tell them "
    "apart: the champion stays then, unless log loss surely falls far, and the next retrain compares again.",
    "A challenger learns to rank from what lies before the sessions it is judged on, the earlier of the new ones "
    "included (`retrain.judged_share`). One that had learnt from all of them could not be proven to be no worse. Those "
    "it is judged on only calibrate its probabilities, by two numbers that change no rank: what is said here of log "
    "loss, Brier score and calibration error is by calibrations on other sessions among them.",
    "An abandonment model that is not promoted is heard once more with the next retrain, by all sessions since that "
    "neither model has learnt from: either it is surely better then, or it is dropped. Its calibration is judged on "
    "the newest of them.",
    "Drift says that carts look otherwise than those the champion learnt from. It is no proof that the champion has "
    "become worse; the comparison is. Both sides are compared at the same hours of the week, so that a window of other "
    "weekdays is no drift.",
    "Features made of counts since the log began, such as a visitor's earlier sessions, move as the log grows, though "
    "nobody behaves otherwise: they stand last and give no alarm.",
)


def write_retraining(decision: Mapping[str, Any], folder: Path) -> Path:
    """Write `folder/index.html`, whole or not at all.

    Args:
        decision: what `decision.json` holds: `id`, `decision`, `sentence`, `preset`, `models` {model: name, champion,
            challenger, reasons, evidence}, `drift`, `new_items`, `data`, `arrivals` and `notes`.
        folder: made where it is missing.
    """
    models, drift = decision["models"], decision["drift"]
    compared = [one for model in models.values() for one in (model, *_heard_again(model))]
    evidence = [evidence_part(one) for one in compared if one["evidence"].get("differences")]
    arrivals = [(", ".join(one["files"]), one["reason"], checks_table(one)) for one in decision.get("arrivals", [])]
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
        drift=None if drift is None else drift_part(drift),
        limits=LIMITS,
    )


def _heard_again(one: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The earlier challenger of a model that was heard again, if one was, as another comparison."""
    hearing = one.get("hearing")
    if not hearing:
        return []
    name = f"{one['name']}, the challenger of {hearing['retrain']} heard again"
    return [{**hearing, "name": name, "champion": one["champion"], "challenger": hearing["version"]}]


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
    moved = [one for one in decision["drift"]["features"] if not one["cumulative"]] if decision["drift"] else []
    if moved:
        most = moved[0]
        shown.append(("Largest drift (PSI)", decimal_text(most["psi"]), most["title"]))
    return [{"name": name, "value": value, "below": below} for name, value, below in shown]


def _facts(decision: Mapping[str, Any]) -> dict[str, str]:
    data = decision["data"]
    if not data:
        return {}
    facts = {
        "New events": f"{count_text(data['added'])}, of which {count_text(data['late'])} are late",
        "Events of the whole log": count_text(data["events"]),
        "Newest event": _moment(data["watermark"]),
        "New sessions begin after": _moment(decision["new_from"]),
        "Those compared on begin after": _moment(decision["test_from"]),
    }
    unknown = decision["new_items"]
    if unknown:
        share = share_text(unknown["share"])
        facts["On items the champion does not know"] = f"{share} of {count_text(unknown['events'])} events"
    return facts


def _period(data: Mapping[str, Any] | None) -> str:
    return f"{data['window_from'][:10]} to {data['watermark'][:10]}" if data else ""


def _moment(text: str) -> str:
    return f"{text[:16].replace('T', ' ')} UTC"
