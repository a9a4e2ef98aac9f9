"""Drift is found where it was planted and nowhere else."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from data.config import DemoConfig, EngineConfig, FeatureConfig, SessionConfig
from data.demo import simulate
from data.errors import InputError
from data.examples import Examples, from_frame
from data.feature import read_features
from data.features.catalogue import FEATURES
from data.featurize import featurize
from models.config import RetrainConfig
from models.drift.drift import Drift, FeatureDrift, measure_drift, new_items
from tests.data.logs import sessions_of, write_events
from tests.models.tables import carts

CONFIG = RetrainConfig()
REFERENCE, CURRENT = carts(4_000, 1), carts(2_000, 3)


def scaled(examples: Examples, feature: str, factor: float) -> Examples:
    return replace(examples, features=examples.features.assign(**{feature: examples.features[feature] * factor}))


def found(drift: Drift, feature: str) -> FeatureDrift:
    return next(one for one in drift.features if one.feature == feature)


def test_two_samples_of_one_shop_are_stable() -> None:
    drift = measure_drift(REFERENCE, CURRENT, CONFIG)
    assert drift.state == "stable"
    assert drift.sessions == (2_000, 1_000)
    assert all(one.p_value is None or one.p_value > 0.05 for one in drift.features)
    assert drift.label.difference[1] < 0 < drift.label.difference[2]
    assert {one.feature for one in drift.features} == {spec.name for spec in REFERENCE.specs}


def test_a_sample_has_not_moved_from_itself() -> None:
    drift = measure_drift(REFERENCE, REFERENCE, CONFIG)
    assert [one.psi for one in drift.features] == [0.0] * len(drift.features)
    assert {one.ks for one in drift.features} == {0.0, None}
    assert drift.label.difference[0] == 0.0


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> tuple[Examples, Examples]:
    """The examples of a shop in which nothing changes: the first 14 days of its log, and the last 14."""
    folder = tmp_path_factory.mktemp("shop")
    events = simulate(DemoConfig(sessions=6_000, items=200, days=28)).events
    events = events.assign(session_id=None, row=np.arange(len(events)))
    write_events(sessions_of(events), folder / "events.parquet")
    featurize(folder / "events.parquet", FeatureConfig(), SessionConfig(), EngineConfig(), folder)
    frame, specs = pd.read_parquet(folder / "examples.parquet"), read_features(folder / "features.json")
    late = frame["session_start"] >= frame["session_start"].min().normalize() + pd.Timedelta(days=14)
    first, last = (from_frame(frame[rows].reset_index(drop=True), specs) for rows in (~late, late))
    return first, last


def test_features_that_grow_with_the_log_give_no_alarm_where_nothing_changes(halves: tuple[Examples, Examples]) -> None:
    drift = measure_drift(*halves, CONFIG)
    moved = {one.feature for one in drift.features if one.psi >= CONFIG.psi_warning}
    growing = {spec.name for spec in FEATURES if spec.cumulative}
    assert drift.state == "stable"
    assert {"visitor_sessions", "cart_item_popularity"} <= moved <= growing
    assert [one.cumulative for one in drift.features] == sorted(one.cumulative for one in drift.features)


def test_a_feature_that_grows_is_compared_all_the_same(halves: tuple[Examples, Examples]) -> None:
    marked = {one.feature: one for one in measure_drift(*halves, CONFIG).features}
    plain = [replace(one, specs=tuple(replace(spec, cumulative=False) for spec in one.specs)) for one in halves]
    unmarked = {one.feature: one for one in measure_drift(plain[0], plain[1], CONFIG).features}
    assert {name: one.psi for name, one in marked.items()} == {name: one.psi for name, one in unmarked.items()}
    assert unmarked["cart_item_popularity"].state == "alert"


def test_only_the_feature_that_moved_is_told_first_and_by_how_much() -> None:
    slightly, wholly = (measure_drift(REFERENCE, scaled(CURRENT, "cart_value", f), CONFIG) for f in (1.25, 100.0))
    assert [one.state for one in slightly.features] == ["warning"] + ["stable"] * 4
    assert slightly.state == "warning"
    assert wholly.features[0].feature == "cart_value"
    assert wholly.features[0].state == wholly.state == "alert"
    assert wholly.features[0].ks == pytest.approx(1.0, abs=0.01)
    assert (wholly.features[0].p_value or 0.0) < 1e-9


def test_values_that_go_missing_and_categories_that_come_up_are_drift() -> None:
    lost = replace(CURRENT, features=CURRENT.features.assign(hour=np.float32(np.nan)))
    hour = found(measure_drift(REFERENCE, lost, CONFIG), "hour")
    assert (hour.state, hour.ks, hour.p_value) == ("alert", None, None)
    assert (hour.bins[-1].label, hour.bins[-1].current) == ("unknown", 1.0)
    words = CURRENT.features["category"].where(CURRENT.features["category"] != "shoes", "boots")
    category = found(
        measure_drift(REFERENCE, replace(CURRENT, features=CURRENT.features.assign(category=words)), CONFIG), "category"
    )
    assert category.state == "alert"
    assert {one.label for one in category.bins} == {"boots", "shoes", "books", "toys", "unknown"}


def test_few_sessions_are_not_taken_for_drift() -> None:
    rng = np.random.default_rng(0)
    alarms = moved = 0
    for _ in range(20):
        sessions = np.sort(rng.choice(1_000, 30, replace=False))
        few = CURRENT.take(np.stack([2 * sessions, 2 * sessions + 1], axis=1).ravel())
        drift = measure_drift(REFERENCE, few, CONFIG)
        alarms += drift.state != "stable"
        moved += drift.features[0].psi > CONFIG.psi_warning
    assert moved >= 10, "the index alone would give the alarm"
    assert alarms <= 8, "five features at 95% each"


def test_shares_of_a_feature_add_up() -> None:
    for one in measure_drift(REFERENCE, CURRENT, CONFIG).features:
        assert sum(part.reference for part in one.bins) == pytest.approx(1.0)
        assert sum(part.current for part in one.bins) == pytest.approx(1.0)


def test_the_interval_of_the_label_shift_is_newcombes() -> None:
    # Newcombe 1998, Statistics in Medicine 17, table II, method 10, example (a): 56/70 and 48/80.
    def shop(left: int, of: int) -> Examples:
        examples = carts(2 * of, 0)
        return replace(examples, abandoned=np.repeat(np.arange(of) < left, 2).astype(np.int8))

    difference = measure_drift(shop(48, 80), shop(56, 70), CONFIG).label.difference
    assert difference == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)


def test_a_share_counts_sessions_once_however_many_points_they_have() -> None:
    rows = np.concatenate([np.arange(2_000), np.repeat(np.flatnonzero(CURRENT.abandoned[:2_000:2] == 1) * 2, 5)])
    once, often = (
        measure_drift(REFERENCE, CURRENT, CONFIG),
        measure_drift(REFERENCE, CURRENT.take(np.sort(rows)), CONFIG),
    )
    assert often.label == once.label
    assert often.sessions == once.sessions


def test_new_items_are_counted_by_events() -> None:
    told = new_items(["a", "b"], ["a", "x", "x", "b", "y"])
    assert (told.events, told.new_events, told.new_items) == (5, 3, 2)
    assert told.share == pytest.approx(0.6)
    assert new_items([], []).share == 0.0
    assert new_items(("a",), np.array(["a"])).as_table() == {"events": 1, "new_events": 0, "new_items": 0, "share": 0.0}


def test_the_table_is_json() -> None:
    table = json.loads(json.dumps(measure_drift(REFERENCE, CURRENT, CONFIG).as_table(), allow_nan=False))
    assert table["state"] == "stable"
    assert table["features"][0].keys() >= {"feature", "psi", "ks", "p_value", "state", "bins"}


def test_other_features_and_empty_windows_are_refused() -> None:
    with pytest.raises(InputError, match="The current window should have examples"):
        measure_drift(REFERENCE, CURRENT.take(np.arange(0)), CONFIG)
    fewer = replace(CURRENT, specs=CURRENT.specs[1:], features=CURRENT.features.drop(columns="cart_value"))
    with pytest.raises(InputError, match="a difference in cart_value"):
        measure_drift(REFERENCE, fewer, CONFIG)
