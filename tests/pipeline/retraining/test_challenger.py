"""What a challenger learns from and what it is judged on."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.config import load_config
from pipeline.retraining.challenger import TICK, plan_challenger
from pipeline.retraining.champions import Champions, Standing
from pipeline.retraining.state import Part, State

MONDAY = datetime(2026, 3, 2)


def log_until(newest: datetime, window_from: datetime) -> State:
    part = Part(id="run", names=(), hashes=("0",), events=1, added=1, late=0, first=MONDAY, last=newest)
    return State(parts=(part,), tracking_uri="", window_from=window_from)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 1000), st.integers(0, 1000), st.sampled_from([0.25, 0.5, 1.0]))
def test_the_latest_share_of_the_newest_window_is_judged_and_the_rest_learnt_from(
    tmp_path: Path, hours: int, learnt: int, share: float
) -> None:
    config = load_config("demo", None, ("recommender.enabled=false", f"retrain.judged_share={share}"))
    newest, known = MONDAY + timedelta(hours=hours), MONDAY + timedelta(hours=learnt)
    standing = Standing("cart-abandonment", "1", "champion", known.isoformat())
    champions = Champions(tmp_path, {"abandonment": standing})
    made = plan_challenger(config, tmp_path, tmp_path, log_until(newest, MONDAY), champions)
    assert made.new_from == max(MONDAY, known) + TICK
    assert made.test_from >= made.new_from
    assert made.config.split.test_from == made.test_from
    assert made.config.split.validation_by == "visitor"
    if newest > made.new_from:
        judged = (newest - made.test_from) / (newest - made.new_from)
        assert judged == pytest.approx(share, abs=1e-6)
    else:
        assert made.test_from == made.new_from
