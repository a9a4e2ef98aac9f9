"""The A/B test of the rescue list on carts whose truth is known."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit

from data.errors import InputError
from explain.simulation import sentences, write_simulation
from models.ab_testing import LIST, NOBODY, PILOT, RANDOM, RATE, SAVED
from models.config import CostConfig, SegmentConfig
from pipeline.commands.simulate import simulate_command
from pipeline.config import load_config
from pipeline.runner import CONFIG
from pipeline.simulating.ab_testing import run_ab_test
from pipeline.simulating.fresh import Fresh
from tests.models.tables import carts, truth

EXAMPLES = carts(24_000, 8)
RISK = truth(EXAMPLES)
DEAR = EXAMPLES.features["cart_value"].to_numpy() > 50
COSTS = CostConfig(
    nudge_cost=0.3,
    segments=(SegmentConfig(where="cart_value > 50", shift=0.1), SegmentConfig(where="cart_value <= 50", shift=0.8)),
)


def result_of(shift: float = 1.0, seed: int = 0, costs: CostConfig = COSTS) -> dict[str, Any]:
    """A shop that responds `shift` times as the costs believe, to a model that knows the risk."""
    nudged = expit(logit(RISK) - shift * np.where(DEAR, 0.1, 0.8))
    fresh = Fresh(EXAMPLES, np.arange(24_000) // 12_000, RISK, nudged)
    return run_ab_test(fresh, RISK, costs, 1, seed)


def test_all_arms_but_the_pilots_give_out_the_same_nudges() -> None:
    arms = result_of()["arms"]
    assert arms[RANDOM]["nudges"] == arms[RATE]["nudges"] == arms[SAVED]["nudges"] == arms[LIST]["nudges"] > 0
    assert arms[NOBODY]["nudges"] == 0


def test_the_list_states_what_is_true_where_the_response_is_known() -> None:
    gain = result_of()["gain"]
    assert gain[LIST]["stated"][0] == pytest.approx(gain[LIST]["true"][0])
    assert gain[LIST]["agrees"]
    assert gain[PILOT]["agrees"]


def test_the_list_saves_more_carts_than_chance_and_than_risk_times_value_and_earns_most() -> None:
    found = result_of()["differences"][NOBODY]
    changes = {name: row["abandoned_share"] for name, row in found.items()}
    assert changes[SAVED][0] < changes[LIST][0]
    assert found[LIST]["profit"][0] > max(found[name]["profit"][0] for name in (RANDOM, RATE, SAVED))
    assert changes[LIST][2] < changes[RANDOM][1]
    assert changes[LIST][2] < changes[RATE][1]
    assert changes[RANDOM][2] < 0


def test_a_shop_that_does_not_respond_shows_no_effect() -> None:
    found = result_of(0.0)
    rate = found["pilot"]["rescue_rate"]
    assert rate[1] < 0 < rate[2]
    assert found["differences"][NOBODY][LIST]["abandoned_share"] == (0, 0, 0)
    _, low, high = found["ab_test"]["differences"][NOBODY]["abandoned_share"]
    assert low < 0 < high
    assert not found["gain"][LIST]["agrees"]
    assert found["ab_test"]["carts_needed"][NOBODY] is None


def test_the_pilot_puts_a_wrong_belief_right() -> None:
    believed = COSTS.model_copy(update={"segments": tuple(s.model_copy(update={"shift": 2.0}) for s in COSTS.segments)})
    gain = result_of(costs=believed)["gain"]
    assert not gain[LIST]["agrees"]
    assert gain[PILOT]["agrees"]
    assert gain[PILOT]["true"][0] > gain[LIST]["true"][0]


def test_the_seed_decides_everything(tmp_path: Path) -> None:
    results = [{"sessions": 1, "costs": COSTS.model_dump(), **result_of(seed=seed)} for seed in (5, 5, 6)]
    first, again, other = (json.dumps(one) for one in results)
    assert first == again != other
    pages = [write_simulation(one, tmp_path / str(i)).read_bytes() for i, one in enumerate(results[:2])]
    assert pages[0] == pages[1]
    assert sentences(results[0])[0].startswith("Acting on the rescue list changes the share of carts left by −")


def test_too_few_carts_are_refused() -> None:
    few = np.arange(150)
    fresh = Fresh(EXAMPLES.take(few), few // 75, RISK[few], RISK[few])
    with pytest.raises(InputError, match="`--sessions` should give a pilot and an A/B test of 100 carts or more"):
        run_ab_test(fresh, RISK[few], COSTS, 1, 0)


@pytest.mark.parametrize(("preset", "why"), [("taobao", "the demo shop, the only one"), ("demo", "has no model yet")])
def test_a_run_that_cannot_tell_is_refused(preset: str, why: str, tmp_path: Path) -> None:
    (tmp_path / CONFIG).write_text(load_config(preset, None).model_dump_json())
    with pytest.raises(InputError, match=why):
        simulate_command(tmp_path, 100, 0, as_json=False)
