"""What a challenger learns from and what it is judged on."""

from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from data.contract import COLUMNS
from pipeline.config import load_config
from pipeline.retraining.challenger import TICK, plan_challenger
from pipeline.retraining.champions import Champions, Standing
from pipeline.retraining.state import HOME, Part, State

MONDAY = datetime(2026, 3, 2)


def log_until(folder: Path, hours: int) -> State:
    """A log of an event an hour, decided on before its first."""
    moments = [MONDAY + timedelta(hours=hour) for hour in range(hours + 1)]
    known = {"visitor_id": "v", "ts": moments, "event": "view", "item_id": [f"i{hour}" for hour in range(hours + 1)]}
    frame = pd.DataFrame(known).reindex(columns=list(COLUMNS)).assign(row=range(1, hours + 2))
    kinds = {"session_id": "str", "category": "str", "price": "float64", "quantity": "Int32"}
    events = folder / HOME / "parts" / "run" / "events.parquet"
    events.parent.mkdir(parents=True, exist_ok=True)
    frame.astype(kinds).to_parquet(events, index=False)
    part = Part(id="run", names=(), hashes=("0",), events=1, added=1, late=0, first=moments[0], last=moments[-1])
    return State(parts=(part,), tracking_uri="", window_from=MONDAY - TICK)


@pytest.mark.parametrize(("hours", "learnt", "share", "judged"), [
    (100, None, 0.5, 51), (100, None, 0.25, 26), (100, None, 1.0, 101), (100, 59, 0.5, 21), (100, 100, 0.5, 0),
])  # fmt: skip
def test_the_latest_of_the_new_events_are_judged_on_and_the_rest_learnt_from(
    tmp_path: Path, hours: int, learnt: int | None, share: float, judged: int
) -> None:
    config = load_config("demo", None, ("recommender.enabled=false", f"retrain.judged_share={share}"))
    until = None if learnt is None else MONDAY + timedelta(hours=learnt)
    standing = Standing("cart-abandonment", "1", "champion", None if until is None else until.isoformat())
    champions = Champions(tmp_path, {"abandonment": standing})
    made = plan_challenger(config, tmp_path, tmp_path, log_until(tmp_path, hours), champions)
    assert made.new_from == (MONDAY if until is None else until + TICK)
    assert made.config.split.test_from == made.test_from >= made.new_from
    assert made.config.split.validation_by == "visitor"
    assert sum(MONDAY + timedelta(hours=hour) >= made.test_from for hour in range(hours + 1)) == judged
    assert not (tmp_path / "scratch").exists()
