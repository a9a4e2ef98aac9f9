"""The page of a retrain, whose every text may come from data."""

from pathlib import Path
from typing import Any

import pytest

from explain.retraining import write_retraining
from tests.explain.pages import Page, assert_sound, charts
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
            "label": {"reference": 0.7, "current": 0.65, "difference": (-0.05, -0.08, -0.02)},
        },
        "new_items": {"events": 1000, "new_events": 30, "new_items": 2, "share": 0.03},
        "data": {"window_from": "2026-04-24T10:00:00", "watermark": "2026-05-01T10:00:00", "added": 1000, "late": 3,
                 "events": 5000},
        "test_from": "2026-04-24T10:00:00.000001", "sessions": 250,
        "arrivals": [{"files": [EVIL[0]], "reason": None, "checks": [check | {"passed": True}]}],
        **changes,
    }  # fmt: skip


def refused() -> dict[str, Any]:
    check = {"name": "price level", "passed": False, "sentence": f"Prices rose. {EVIL[1]}"}
    nothing: dict[str, Any] = {"models": {}, "drift": None, "new_items": None, "data": None, "notes": []}
    arrivals = [{"files": [EVIL[0]], "reason": EVIL[1], "checks": [check]}]
    return decision(decision="refused", sentence=f"refused: {EVIL[0]}", arrivals=arrivals, **nothing)


@pytest.mark.parametrize("made", [decision(), refused()], ids=["promoted", "refused"])
def test_the_page_is_sound_and_no_text_of_the_data_is_markup(made: dict[str, Any], tmp_path: Path) -> None:
    text = write_retraining(made, tmp_path).read_text()
    page = Page(text)
    assert_sound(page)
    assert EVIL[0] in page.text
    assert EVIL[1] in page.text


def test_it_says_what_was_decided_and_why(tmp_path: Path) -> None:
    text = write_retraining(decision(), tmp_path).read_text()
    page = Page(text)
    assert "The challenger was promoted" in page.text
    assert "cart-abandonment: It is better." in page.text
    assert "65% of the carts were left, and 70% of those the champion learnt from: a change of −5.0 points" in page.text
    assert "3.0% of 1,000 events" in page.text
    assert "Champion, version 3" in page.text
    names = [chart.findtext("title") for chart in charts(text)]
    assert names.count("Features that moved most") == 2  # one form for each width
    assert len(names) == 6


def test_a_feature_that_grows_with_the_log_is_told_apart_and_is_no_alarm(tmp_path: Path) -> None:
    made = decision()
    moved = made["drift"]["features"][0]
    grown = moved | {"title": "Earlier sessions", "psi": 3.5, "state": "stable", "cumulative": True}
    made["drift"]["features"] = [moved | {"title": "Cart value"}, grown]
    text = write_retraining(made, tmp_path).read_text()
    page = Page(text)
    assert "grows with the log" in page.text
    assert page.text.split("Largest drift (PSI)")[1].split("\n")[0] == "0.300Cart value"
    assert "Earlier sessions" not in "".join("".join(chart.itertext()) for chart in charts(text))


def test_a_champion_that_stays_for_want_of_sessions_says_so(tmp_path: Path) -> None:
    made = decision(decision="kept", sentence="kept: 3 sessions to compare on", models={}, drift=None, new_items=None)
    page = Page(write_retraining(made, tmp_path).read_text())
    assert "The champion stays" in page.text
    assert "kept: 3 sessions to compare on" in page.text
    assert "The evidence" not in page.text


def test_refused_data_name_the_rule_that_was_broken(tmp_path: Path) -> None:
    page = Page(write_retraining(refused(), tmp_path).read_text())
    assert "New data were refused" in page.text
    assert "broken" in page.text
    assert "Prices rose." in page.text
