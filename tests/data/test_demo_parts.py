"""The parts of the demo shop, each by itself."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.config import DemoConfig
from data.demo import truth
from data.demo.catalogue import TIERS, Floats, build_catalogue
from data.demo.options import GO_ON, MOST_GO_ON, Options, chance_to_go_on
from data.features.catalogue import FEATURES

CONFIG = DemoConfig(items=300)


def some_values(n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame({
        "shipping": rng.uniform(1, 120, n),
        "loyalty": rng.integers(0, 4, n),
        "hesitation": rng.integers(1, 9, n),
        "price": rng.uniform(0.3, 3, n),
        "late": rng.integers(0, 24, n),
        "popularity": rng.normal(0, 1.5, n),
        "pauses": rng.integers(0, 4, n),
        "comparing": rng.integers(0, 12, n),
        "several": rng.integers(1, 5, n),
        "removal": rng.integers(0, 3, n),
    })  # fmt: skip


@given(st.lists(st.floats(-2.5, 2.5), min_size=4, max_size=4), st.lists(st.booleans(), min_size=4, max_size=4))
@settings(max_examples=60, deadline=None)
def test_going_on_with_a_step_has_the_likelihood_ratio_of_its_move(moves: list[float], possible: list[bool]) -> None:
    possible[0] = True
    options = Options.of(np.array([0.4, 0.3, 0.2, 0.1]), np.array([moves]), np.array([possible]))
    goes_on = [float(chance_to_go_on(options.ratio, np.array([intent]))[0]) for intent in (False, True)]
    assert all(0.0 < chance <= MOST_GO_ON + 1e-12 for chance in goes_on)
    step = options.weights[:, 0] / options.weights[:, 0].sum(axis=1, keepdims=True)
    joint = step * np.array(goes_on)[:, None]
    np.testing.assert_array_equal(joint[:, ~np.array(possible)], 0.0)
    ratio = np.log(joint[1, possible] / joint[0, possible])
    np.testing.assert_allclose(ratio, np.array(moves)[possible], atol=1e-9)


def test_options_are_drawn_by_their_weights() -> None:
    moves = np.tile([0.0, 1.5, -1.0], (40_000, 1))
    options = Options.of(np.array([0.5, 0.3, 0.2]), moves, np.ones_like(moves, dtype=bool))
    for intent in (False, True):
        drawn = options.draw(np.random.default_rng(0), np.full(len(moves), intent))
        expected = options.weights[int(intent), 0] / options.weights[int(intent), 0].sum()
        np.testing.assert_allclose(np.bincount(drawn) / len(moves), expected, atol=0.01)


def test_visitors_go_on_alike_where_the_options_tell_nothing() -> None:
    for intent in (False, True):
        assert chance_to_go_on(np.ones(1), np.array([intent]))[0] == pytest.approx(GO_ON)


def test_log_odds_are_the_base_and_the_sum_of_effects() -> None:
    values = some_values()
    expected = truth.BASE + sum(truth.CAUSE[name].effect(values[name].to_numpy(dtype=float)) for name in truth.NAMES)
    np.testing.assert_allclose(truth.log_odds(values), expected)
    np.testing.assert_allclose(truth.p_abandon(values), 1 / (1 + np.exp(-np.asarray(expected))))


@pytest.mark.parametrize(
    ("cause", "worse", "better"),
    [
        ("shipping", 48.0, 49.0), ("shipping", 10.0, 40.0), ("loyalty", 0, 1), ("hesitation", 4, 1),
        ("price", 2.0, 0.5), ("late", 23, 12), ("late", 0, 5), ("popularity", -1.0, 2.0), ("pauses", 1, 0),
        ("comparing", 6, 0), ("several", 1, 3), ("removal", 1, 0),
    ],
)  # fmt: skip
def test_each_cause_pushes_the_way_it_is_told(cause: str, worse: float, better: float) -> None:
    values = some_values(1)
    risk = [float(truth.p_abandon(values.assign(**{cause: value})).iloc[0]) for value in (worse, better)]
    assert risk[0] > risk[1]


def test_a_nudge_lowers_every_risk_and_loyal_visitors_least() -> None:
    values = some_values()
    assert (truth.p_if_nudged(values) < truth.p_abandon(values)).all()
    new, loyal = (truth.nudge_response(values.assign(loyalty=bought)) for bought in (0, 3))
    np.testing.assert_allclose(new, 4 * loyal)


def test_every_feature_of_an_event_log_shows_exactly_one_cause_or_decoy() -> None:
    shown = [feature for features in truth.features_by_cause().values() for feature in features]
    assert sorted(shown) == sorted(feature.name for feature in FEATURES)


def test_strengths_are_distances_from_the_mean_of_the_reference() -> None:
    effects = pd.DataFrame(0.0, index=range(4), columns=list(truth.NAMES))
    effects["late"] = [1.0, 1.0, -1.0, -1.0]
    assert truth.planted_effects(effects)["late"] == 1.0
    assert truth.planted_effects(effects, effects.iloc[:2])["late"] == 1.0
    assert truth.planted_effects(effects.iloc[:2], effects.iloc[2:])["late"] == 2.0
    assert (truth.planted_effects(effects)[list(truth.DECOYS)] == 0.0).all()


def test_items_are_drawn_from_their_tier_by_popularity() -> None:
    catalogue = build_catalogue(CONFIG)
    rng = np.random.default_rng(0)
    category, tier = rng.integers(0, catalogue.categories, 50_000), rng.integers(0, TIERS, 50_000)
    items = catalogue.draw_tier(rng, category, tier)
    np.testing.assert_array_equal(catalogue.category[items], category)
    np.testing.assert_array_equal(catalogue.tier[items], tier)
    inside = (catalogue.category == 0) & (catalogue.tier == 0)
    drawn = np.bincount(items[(category == 0) & (tier == 0)], minlength=CONFIG.items)[inside]
    expected: Floats = catalogue.weight[inside] / catalogue.weight[inside].sum()
    np.testing.assert_allclose(drawn / drawn.sum(), expected, atol=0.015)


@pytest.mark.parametrize("items", [20, 100, 2_000])
def test_catalogues_of_every_size_are_whole(items: int) -> None:
    catalogue = build_catalogue(DemoConfig(items=items))
    assert (np.diff(catalogue.first) > 0).all()
    assert catalogue.first[-1] == items
    assert (catalogue.partners != np.arange(items)[:, None]).all()
    assert (catalogue.price > 0).all()
    assert catalogue.weight.sum() == pytest.approx(1.0)
    assert ((catalogue.partners >= 0) & (catalogue.partners < items)).all()
