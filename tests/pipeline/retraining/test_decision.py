"""What a second hearing makes of a decision."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from models.calibration import Platt
from models.promotion.verdict import Verdict
from pipeline.config import PipelineConfig
from pipeline.retraining.champions import Champions, Standing
from pipeline.retraining.decision import Comparison, Hearing, decided, figures, promoted_again
from pipeline.retraining.state import Part, State

MOMENT = datetime(2026, 3, 1)
EVIDENCE = {"differences": {"auc": [0.004, 0.001, 0.007]}, "champion": {"auc": 0.8}, "challenger": {"auc": 0.804}}
KEPT, BETTER = Verdict(False, ("It may be chance.", "Calibrated."), {}), Verdict(True, ("It is better.",), EVIDENCE)


def made(first: Verdict, again: Verdict | None) -> dict[str, Any]:
    part = Part(id="run", names=(), hashes=(), events=1, added=1, late=0, first=MOMENT, last=MOMENT)
    state = State(parts=(part,), tracking_uri="", window_from=MOMENT)
    champions = Champions(Path(), {"abandonment": Standing("cart-abandonment", "3", "abandonment", None)})
    hearing = None if again is None else Hearing("2026-03-08-aa", "4", again)
    comparison = Comparison({"abandonment": first}, {}, None, None, Platt(0.5, 0.1), hearing)
    facts = {"sessions": 200, "notes": []}
    return decided(PipelineConfig(), "2026-03-15-bb", state, champions, comparison, facts)


def test_the_earlier_challenger_is_promoted_and_the_new_one_said_to_be_kept() -> None:
    decision = made(KEPT, BETTER)
    one = decision["models"]["abandonment"]
    assert (decision["decision"], one["promote"]) == ("promoted", True)
    assert (promoted_again(one) or {})["version"] == "4"
    for told in ("version 4", "kept in 2026-03-08-aa", "It is better."):
        assert told in decision["sentence"]
    assert "It may be chance." in one["reasons"][-1]
    assert one["calibration"] == {"scale": 0.5, "shift": 0.1}
    assert figures(decision | {"data": None})["abandonment.heard_again.auc.low"] == 0.001


@pytest.mark.parametrize("again", [None, KEPT])
def test_a_champion_that_no_hearing_replaces_stays_for_the_reason_of_the_first(again: Verdict | None) -> None:
    decision = made(KEPT, again)
    one = decision["models"]["abandonment"]
    assert (decision["decision"], one["promote"], promoted_again(one)) == ("kept", False, None)
    assert one["summary"] == KEPT.summary
    assert ("kept again: It may be chance." in one["reasons"][-1]) == (again is not None)
