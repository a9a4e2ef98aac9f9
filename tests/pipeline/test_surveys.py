"""What a reviewer sees of a cart is what was there at its decision point."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from explain.attributing.explanations import Attributions
from pipeline.surveys import ExplainedCarts, read_cases
from tests.explain.shop import carts

EVENTS = [("view", "a"), ("cart", "a"), ("view", "b"), ("purchase", "a")]


@pytest.mark.parametrize("seconds", [0, 60])
def test_a_case_holds_no_event_after_the_decision_point_even_of_the_same_moment(seconds: int, tmp_path: Path) -> None:
    examples = carts(1)
    moments = [pd.Timestamp("2024-05-01") + pd.Timedelta(seconds=seconds * step) for step in range(len(EVENTS))]
    examples = replace(examples, keys=examples.keys.assign(session_id="s", decision_point=1, ts=moments[2]))
    kinds, items = zip(*EVENTS, strict=True)
    log = pd.DataFrame({"session_id": "s", "ts": moments, "step": range(len(EVENTS)), "event": kinds, "item_id": items})
    (tmp_path / "sessionize").mkdir()
    log.sample(frac=1, random_state=0).to_parquet(tmp_path / "sessionize" / "events.parquet")
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "history.json").write_text('{"recommender": {"skipped": "for this test"}}')
    features = len(examples.specs)
    found = Attributions(
        values=np.zeros((1, features)), base=0.0, specs=examples.specs, typical=(None,) * features, error=0.0
    )
    (case,) = read_cases(tmp_path, ExplainedCarts(examples, found), [0], 3)
    assert case.events == ("view a", "cart a", "view b")
