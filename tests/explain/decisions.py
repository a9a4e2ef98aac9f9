"""Decisions of a retrain, whose every text tries to run a script."""

from typing import Any

from tests.explain.results import EVIL


def verdict(name: str, metrics: dict[str, list[float] | None], **changes: Any) -> dict[str, Any]:
    side = dict.fromkeys(metrics, 0.7)
    part = {"title": EVIL[1], "slice": EVIL[2], "sessions": 80, "champion": 0.7, "challenger": 0.71}
    evidence = {
        "champion": side, "challenger": side, "differences": metrics, "confidence": 0.95,
        "slices": [part | {"difference": [0.01, -0.01, 0.03]}, part | {"difference": None}],
    }  # fmt: skip
    return {"name": name, "champion": "3", "challenger": "4", "promote": True, "reasons": [f"It is better. {EVIL[3]}"],
            "evidence": evidence, **changes}  # fmt: skip


def decision(**changes: Any) -> dict[str, Any]:
    feature = {"feature": EVIL[0], "title": EVIL[2], "psi": 0.3, "psi_by_chance": 0.01, "ks": 0.2, "p_value": 0.001,
               "state": "alert", "cumulative": False, "bins": []}  # fmt: skip
    check = {"name": "price level", "passed": False, "sentence": f"Prices rose. {EVIL[1]}"}
    return {
        "id": "2026-05-01-0a1b2c3d", "decision": "promoted", "sentence": "promoted", "preset": EVIL[0],
        "notes": [EVIL[1]],
        "models": {
            "abandonment": verdict("cart-abandonment", {"auc": [0.02, 0.01, 0.03], "log_loss": [-0.1, -0.2, 0.0]}),
            "recommender": verdict(EVIL[0], {"recall_at_20": [0.02, 0.01, 0.03], "mrr_at_20": None}),
        },
        "drift": {
            "features": [feature, feature | {"ks": None, "p_value": None, "psi": 0.0, "state": "stable"}],
            "compared": 0.9, "label": {"reference": 0.7, "current": 0.65, "difference": (-0.05, -0.08, -0.02)},
        },
        "new_items": {"events": 1000, "new_events": 30, "new_items": 2, "share": 0.03},
        "data": {"window_from": "2026-04-24T10:00:00", "watermark": "2026-05-01T10:00:00", "added": 1000, "late": 3,
                 "events": 5000},
        "new_from": "2026-04-24T10:00:00.000001", "test_from": "2026-04-27T22:00:00.000001", "sessions": 250,
        "arrivals": [{"files": [EVIL[0]], "reason": None, "checks": [check | {"passed": True}]}],
        **changes,
    }  # fmt: skip


def heard_again() -> dict[str, Any]:
    """An earlier challenger is promoted, since the new one is not."""
    made = decision()
    one = made["models"]["abandonment"]
    again = verdict("", {"auc": [0.004, 0.001, 0.007]})
    one["hearing"] = {"retrain": EVIL[0], "version": "2", **{k: again[k] for k in ("promote", "reasons", "evidence")}}
    return made


def refused() -> dict[str, Any]:
    check = {"name": "price level", "passed": False, "sentence": f"Prices rose. {EVIL[1]}"}
    nothing: dict[str, Any] = {"models": {}, "drift": None, "new_items": None, "data": None, "notes": []}
    arrivals = [{"files": [EVIL[0]], "reason": EVIL[1], "checks": [check]}]
    return decision(decision="refused", sentence=f"refused: {EVIL[0]}", arrivals=arrivals, **nothing)
