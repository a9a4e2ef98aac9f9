"""What a retrain came to, as `decision.json` has it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.promotion.verdict import Verdict
from pipeline.config import PipelineConfig
from pipeline.retraining.champions import Champions, names_of
from pipeline.retraining.incoming import Judged
from pipeline.retraining.state import State
from pipeline.workdir import write_whole

if TYPE_CHECKING:
    from models.calibration import Platt

FILE = "decision.json"
Decision = dict[str, Any]


@dataclass(frozen=True)
class Hearing:
    """What a challenger that had been kept came to when it was heard again."""

    retrain: str
    """Id of the retrain that made it."""

    version: str
    """In the registry."""

    verdict: Verdict
    """By all sessions since it was trained."""


@dataclass(frozen=True)
class Comparison:
    """All that the decision rests on."""

    verdicts: Mapping[str, Verdict]
    """Under `abandonment` and `recommender`, each model that was trained."""

    skipped: Mapping[str, str]
    """Models that could not be made, and why."""

    drift: dict[str, Any] | None
    """The champion's training examples against the newest window; None without an abandonment model."""

    new_items: dict[str, Any] | None
    """Events of the newest window on items that the champion does not know; None without a recommender."""

    calibration: "Platt | None" = None
    """The abandonment challenger's on the sessions judged on; None where it keeps that of its training."""

    hearing: Hearing | None = None
    """That of the abandonment challenger of before, where the new one is not promoted."""


def decided(
    config: PipelineConfig,
    retrain: str,
    state: State,
    champions: Champions,
    comparison: Comparison,
    facts: Mapping[str, Any],
) -> Decision:
    """The decision of a retrain that compared models.

    Args:
        config: the challenger's.
        retrain: its id.
        state: the log it was made of.
        champions: the models to beat.
        comparison: what was found.
        facts: `test_from`, `sessions` and `notes`.
    """
    names = names_of(config)
    models: dict[str, dict[str, Any]] = {
        model: {
            "name": names[model],
            "champion": champions.models[model].version if model in champions.models else None,
            "challenger": None,
            **verdict.as_table(),
        }
        for model, verdict in comparison.verdicts.items()
    }
    if "abandonment" in models:
        platt = comparison.calibration
        models["abandonment"]["calibration"] = platt and {"scale": platt.scale, "shift": platt.shift}
        models["abandonment"] |= _heard(comparison.verdicts["abandonment"], comparison.hearing)
    sentences = [f"{one['name']}: {one['summary']}" for one in models.values()]
    skipped = {names[model]: why for model, why in comparison.skipped.items() if model in names}
    sentences += [f"{name}: kept: no challenger, {why}." for name, why in skipped.items()]
    promoted = any(one["promote"] for one in models.values())
    return {
        **_frame(config, retrain, "promoted" if promoted else "kept", " ".join(sentences)),
        "models": models,
        "drift": comparison.drift,
        "new_items": comparison.new_items,
        "data": _data(state),
        "compared": True,
        **facts,
    }


def _heard(first: Verdict, hearing: Hearing | None) -> dict[str, Any]:
    """What a second hearing changes of the decision on a model, whose new challenger is not promoted."""
    if hearing is None:
        return {"hearing": None}
    again = hearing.verdict
    told = f"version {hearing.version}, kept in {hearing.retrain} and heard again on all sessions since: "
    if again.promote:
        summary = f"promoted: {told}{again.reasons[0]}"
        reasons = [f"{told[0].upper()}{told[1:]}{again.reasons[0]}", *again.reasons[1:]]
        reasons.append(f"The new challenger would be kept: {first.reasons[0]}")
    else:
        summary = first.summary
        reasons = [*first.reasons, f"{told[0].upper()}{told[1:]}kept again: {again.reasons[0]}"]
    heard = {"retrain": hearing.retrain, "version": hearing.version, **again.as_table()}
    return {"promote": again.promote, "summary": summary, "reasons": reasons, "hearing": heard}


def waiting(config: PipelineConfig, retrain: str, state: State, reason: str, facts: Mapping[str, Any]) -> Decision:
    """The decision of a retrain that could compare nothing: the champion stays and the window stays open."""
    frame = _frame(config, retrain, "kept", f"kept: {reason}")
    return {**frame, "models": {}, "drift": None, "new_items": None, "data": _data(state), "compared": False, **facts}


def refused(config: PipelineConfig, one: Judged) -> Decision:
    """The decision on new data that nothing is learnt from."""
    files = ", ".join(one.arrival.names)
    frame = _frame(config, f"refused-{one.arrival.id}", "refused", f"refused: {files}: {one.reason}")
    return {**frame, "models": {}, "drift": None, "new_items": None, "data": None, "compared": False,
            "arrivals": [one.as_table()], "notes": []}  # fmt: skip


def write_decision(folder: Path, decision: Decision) -> None:
    """Write `decision.json`, whole or not at all."""
    write_whole(folder / FILE, json.dumps(decision, indent=1, ensure_ascii=False) + "\n")


def read_decision(folder: Path) -> Decision | None:
    """What stands in `decision.json`; None where nothing was decided yet."""
    file = folder / FILE
    decision: Decision | None = json.loads(file.read_text()) if file.exists() else None
    return decision


def figures(decision: Decision) -> dict[str, float]:
    """The evidence as metrics by name."""
    found: dict[str, float] = {}
    for model, one in decision["models"].items():
        for place, known in ((model, one), (f"{model}.heard_again", one.get("hearing") or {"evidence": {}})):
            for metric, values in known["evidence"].get("differences", {}).items():
                parts = zip(("change", "low", "high"), values or (), strict=bool(values))
                found |= {f"{place}.{metric}.{part}": float(value) for part, value in parts}
        for side in ("champion", "challenger"):
            known = one["evidence"].get(side, {})
            found |= {f"{model}.{side}.{metric}": float(value) for metric, value in known.items() if value is not None}
    if decision["drift"]:
        alarming = [one for one in decision["drift"]["features"] if not one["cumulative"]]
        found["drift.psi_max"] = max((float(one["psi"]) for one in alarming), default=0.0)
        found["drift.label"] = float(decision["drift"]["label"]["difference"][0])
    if decision["new_items"]:
        found["new_items.share"] = float(decision["new_items"]["share"])
    if decision["data"]:
        found |= {f"data.{name}": float(decision["data"][name]) for name in ("added", "late")}
        found["sessions"] = float(decision["sessions"])
    return found


def _frame(config: PipelineConfig, retrain: str, decision: str, sentence: str) -> Decision:
    return {"id": retrain, "decision": decision, "sentence": sentence, "preset": config.preset, "run_id": None}


def _data(state: State) -> dict[str, Any]:
    parts = [part for part in state.parts if part.id in state.undecided]
    return {
        "watermark": state.watermark.isoformat(),
        "window_from": state.window_from.isoformat(),
        "added": sum(part.added for part in parts),
        "late": sum(part.late for part in parts),
        "parts": [part.model_dump(mode="json") for part in parts],
        "events": sum(part.added - part.gone for part in state.parts if not part.forgotten),
    }


def promoted_again(one: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The second hearing that a decision on a model promotes by; None where it does not."""
    hearing: Mapping[str, Any] | None = one.get("hearing")
    return hearing if hearing and hearing["promote"] else None


def reasons(decision: Decision) -> Sequence[str]:
    """Why, in sentences."""
    told = [reason for one in decision["models"].values() for reason in one["reasons"]]
    return told or [decision["sentence"]]
