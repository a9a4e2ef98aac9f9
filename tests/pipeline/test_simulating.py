"""The A/B test of the rescue list on carts whose truth is known."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from data.demo.catalogue import build_catalogue
from data.demo.shop import catalogue_frame
from data.errors import InputError
from explain.simulation.page import write_simulation
from explain.simulation.words import sentences
from models.config import CostConfig, SegmentConfig
from models.nudging.ab_testing import BARE, LIST, NOBODY, PILOT, POPULAR, RANDOM, RATE, SAVED
from pipeline.commands.simulate import simulate_command
from pipeline.config import load_config
from pipeline.runner import CONFIG
from pipeline.simulating.ab_testing import run_ab_test
from pipeline.simulating.fresh import Fresh, bought_before, fresh_carts
from pipeline.simulating.judged import Ints, Judged
from pipeline.simulating.showing import Showing
from tests.models.sixty_items import untrained
from tests.models.tables import carts, truth

EXAMPLES = carts(24_000, 8)
ALL = np.arange(24_000)
RISK = truth(EXAMPLES)
DEAR = EXAMPLES.features["cart_value"].to_numpy() > 50
COSTS = CostConfig(
    nudge_cost=0.3,
    segments=(SegmentConfig(where="cart_value > 50", shift=0.1), SegmentConfig(where="cart_value <= 50", shift=0.8)),
)


def shop(shift: float = 1.0, rows: Ints = ALL) -> tuple[Judged, Judged]:
    """A pilot and a test in a shop that responds `shift` times as the costs believe; the model knows the risk.

    The recommender's items hold what a visitor looks at next three times in ten, popular ones once in 50.
    """
    nudged = expit(logit(RISK) - shift * np.where(DEAR, 0.1, 0.8))
    fits = {LIST: np.full(24_000, 0.3), POPULAR: np.full(24_000, 0.02)}
    halves = np.array_split(rows, 2)
    pilots, test = (
        Judged.of(
            Fresh(EXAMPLES.take(half), pd.DataFrame(), RISK[half], nudged[half]), RISK[half], COSTS,
            {name: fit[half] for name, fit in fits.items()},
        )
        for half in halves
    )  # fmt: skip
    return pilots, test


def result_of(
    shift: float = 1.0, seed: int = 0, costs: CostConfig = COSTS, response: float = 0.5, items: bool = True
) -> dict[str, Any]:
    pilots, test = shop(shift)
    return run_ab_test(pilots, test if items else replace(test, fits={}), costs, response, seed)


def test_all_arms_but_the_pilots_give_out_the_same_nudges() -> None:
    arms = result_of()["arms"]
    assert len({arms[name]["nudges"] for name in (RANDOM, RATE, SAVED, BARE, POPULAR, LIST)}) == 1
    assert arms[LIST]["nudges"] > arms[NOBODY]["nudges"] == 0


def test_the_list_states_what_is_true_where_the_response_is_known() -> None:
    gain = result_of()["gain"]
    assert gain[BARE]["stated"][0] == pytest.approx(gain[BARE]["true"][0])
    for name in (BARE, PILOT):
        assert gain[name]["agrees"]
        assert gain[name]["agrees_with_truth"]


def test_the_list_saves_more_carts_than_chance_and_than_risk_times_value_and_earns_most() -> None:
    found = result_of()["differences"][NOBODY]
    changes = {name: row["abandoned_share"] for name, row in found.items()}
    assert changes[SAVED][0] < changes[BARE][0]
    assert found[BARE]["profit"][0] > max(found[name]["profit"][0] for name in (RANDOM, RATE, SAVED))
    assert changes[BARE][2] < changes[RANDOM][1]
    assert changes[BARE][2] < changes[RATE][1]
    assert changes[RANDOM][2] < 0


def test_items_that_fit_keep_more_carts_at_the_same_cost_and_by_as_much_as_is_true() -> None:
    result = result_of()
    bare, items = result["differences"][BARE], result["items"]
    assert items["fit"] == pytest.approx({LIST: 0.3, POPULAR: 0.02})
    assert bare[LIST]["abandoned_share"][2] < bare[POPULAR]["abandoned_share"][0] <= 0
    for name in (LIST, POPULAR):
        for measure, (_, low, high) in bare[name].items():
            assert low < items["true"][name][measure][0] < high


def test_items_without_a_response_change_nothing_and_no_items_leave_the_rest_as_it_is() -> None:
    deaf, none = result_of(response=0.0), result_of(items=False)
    for name in (LIST, POPULAR):
        np.testing.assert_array_equal(deaf["differences"][BARE][name]["profit"], 0.0)
        assert name not in none["arms"]
    for part in ("arms", "gain"):
        for name in none[part]:
            assert deaf[part][name] == none[part][name]
    assert none["ab_test"]["list"] == BARE


def test_a_shop_that_does_not_respond_shows_no_effect() -> None:
    found = result_of(0.0, items=False)
    rate = found["pilot"]["rescue_rate"]
    assert rate[1] < 0 < rate[2]
    assert found["differences"][NOBODY][BARE]["abandoned_share"] == (0, 0, 0)
    _, low, high = found["ab_test"]["differences"][NOBODY]["abandoned_share"]
    assert low < 0 < high
    assert not found["gain"][BARE]["agrees"]
    assert found["ab_test"]["carts_needed"][NOBODY] is None
    assert found["separation"][BARE]["carts_needed"] is None


def test_the_pilot_puts_a_wrong_belief_right() -> None:
    believed = COSTS.model_copy(update={"segments": tuple(s.model_copy(update={"shift": 2.0}) for s in COSTS.segments)})
    gain = result_of(costs=believed)["gain"]
    assert not gain[BARE]["agrees"]
    assert gain[PILOT]["agrees"]
    assert gain[PILOT]["true"][0] > gain[BARE]["true"][0]


def test_the_intervals_of_changes_come_apart_before_those_of_shares_do() -> None:
    found = result_of()
    gap, arms = found["separation"][BARE], found["arms"]
    assert gap["shares"] == arms[RANDOM]["abandoned_share"][1] - arms[BARE]["abandoned_share"][2] < gap["changes"]
    assert found["separation"][LIST]["carts_needed"] < gap["carts_needed"]


def test_carts_simulated_in_parts_are_those_simulated_at_once() -> None:
    whole, rows = shop()[1], np.arange(12_000, 24_000)
    parts = [shop(rows=part)[1] for part in (np.r_[rows[:6_000], rows[:6_000]], np.r_[rows[6_000:], rows[6_000:]])]
    joined = Judged.join(parts)
    for name, column in vars(whole).items():
        if name != "fits":
            np.testing.assert_array_equal(vars(joined)[name], column, err_msg=name)
    np.testing.assert_array_equal(joined.fits[LIST], whole.fits[LIST])


def test_the_seed_decides_everything(tmp_path: Path) -> None:
    told = {"sessions": 1, "costs": COSTS.model_dump(), "no_items": None}
    results = [{**told, **result_of(seed=seed)} for seed in (5, 5, 6)]
    first, again, other = (json.dumps(one) for one in results)
    assert first == again != other
    pages = [write_simulation(one, tmp_path / str(i)).read_bytes() for i, one in enumerate(results[:2])]
    assert pages[0] == pages[1]
    assert sentences(results[0])[0].startswith("Acting on the rescue list, the recommender's items shown, changes the")


def test_sentences_say_how_far_the_intervals_are_apart_and_why_nothing_is_shown() -> None:
    result = {"no_items": "switched off", **result_of(items=False)}
    gaps = {"far": (0.1, 0.1), "near": (0.1, -0.1), "none": (-0.1, -0.1)}
    told = {}
    for name, (changes, shares) in gaps.items():
        separation = {BARE: {"changes": changes, "shares": shares, "carts_needed": 12_345.0}}
        told[name] = " ".join(sentences({**result, "separation": separation}))
    assert "lie apart, and so do those of the plain shares" in told["far"]
    assert "overlap; 12,000 carts take them apart 4 times in 5" in told["near"]
    assert "too small to tell" in told["none"]
    assert all("No items were shown: switched off." in text for text in told.values())


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(0, 6)), max_size=12),
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 6)), min_size=1, max_size=6),
)
def test_what_was_bought_before_a_cart_is_what_its_visitor_bought_by_then(
    sold: list[tuple[str, str, int]], held: list[tuple[str, int]]
) -> None:
    day = pd.Timestamp("2026-01-01")

    def table(rows: list[Any], names: list[str]) -> pd.DataFrame:
        frame = pd.DataFrame(rows, columns=names)
        return frame.assign(ts=day + pd.to_timedelta(frame["ts"].astype(int), unit="D"))

    found = bought_before(table(sold, ["visitor_id", "item_id", "ts"]), table(held, ["visitor_id", "ts"]))
    for items, (visitor, moment) in zip(found, held, strict=True):
        assert sorted(items) == sorted({item for who, item, ts in sold if who == visitor and ts < moment})


def test_fresh_carts_name_items_as_the_shop_does() -> None:
    config = load_config("demo", None, ("demo.sessions=1500", "demo.items=200"))
    fresh = fresh_carts(config, (), range(1, 3), 0, lambda _: None)
    known = set(catalogue_frame(build_catalogue(config.demo))["item_id"])
    for name in ("items", "bought"):
        held = {item for items in fresh.sessions[name] for item in items}
        assert held
        assert held <= known
    assert len(fresh.sessions) == len(fresh.examples) == len(fresh.p_abandon)


def test_the_test_shows_nothing_that_a_rescue_list_would_leave_out() -> None:
    shop = load_config("demo", None, ("demo.items=60",)).demo
    items = tuple(catalogue_frame(build_catalogue(shop))["item_id"])
    held = pd.DataFrame({"items": [list(items[:2])], "events": [["view", "cart"]], "gaps": [[0.0, 5.0]]})
    held["bought"] = [list(items)]
    carts = Fresh(EXAMPLES.take(np.array([0])), held, np.array([0.5]), np.array([0.5]))
    recommender = untrained(items)
    for hide, excluded, some in ((True, (), False), (False, (), True), (False, items, False)):
        shown = Showing(shop, recommender, hide, excluded)(carts)
        assert set(shown) == {LIST, POPULAR}
        assert [bool(fit[0] > 0) for fit in shown.values()] == [some, some]


def test_too_few_carts_are_refused() -> None:
    pilots, test = shop(rows=np.arange(150))
    with pytest.raises(InputError, match="`--sessions` should give a pilot and an A/B test of 100 carts or more"):
        run_ab_test(pilots, test, COSTS, 0.5, 0)


@pytest.mark.parametrize(("preset", "why"), [("taobao", "the demo shop, the only one"), ("demo", "has no model yet")])
def test_a_run_that_cannot_tell_is_refused(preset: str, why: str, tmp_path: Path) -> None:
    (tmp_path / CONFIG).write_text(load_config(preset, None).model_dump_json())
    with pytest.raises(InputError, match=why):
        simulate_command(tmp_path, 100, 0, None, as_json=False)
