from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from data.config import FeatureConfig
from data.features.at import features_at
from data.features.catalogue import FEATURES, available_features
from data.features.points import cart_sessions, decision_points, open_carts
from tests.data.logs import COLUMNS, GAP, SCHEMA, Prepared, collect, event_logs, log, sessions_of, table
from tests.data.reference import features_by_hand

NAMES = [feature.name for feature in FEATURES]
POINTS = FeatureConfig(decision_points=(0, 1, 2, 3, 5, 10))


WITH_STEP = (*COLUMNS, "step")


def _all_points(sessions: ibis.Table) -> ibis.Table:
    training = decision_points(cart_sessions(sessions), POINTS).select("session_id", "step")
    return ibis.union(training, open_carts(sessions), distinct=True)


points_of = Prepared(_all_points, {"sessions": WITH_STEP}, ["session_id", "step"])
"""Every training point and every open cart, without duplicates."""

features = Prepared(features_at, {"sessions": WITH_STEP, "points": ("session_id", "step")}, ["session_id", "step"])
"""The features at points."""


def by_hand() -> pd.DataFrame:
    """Two earlier sessions of others and one earlier of v; then v's cart, with an uncart and a change of price."""
    return sessions_of(
        log(
            ("w", 0, "view", "a", "x", 10.0, 1),
            ("w", 1, "cart", "a", "x", 10.0, 1),
            ("w", 2, "purchase", "a", "x", 10.0, 1),
            ("u", 3, "view", "b", "x", 20.0, 1),
            ("v", 4, "cart", "b", "x", 20.0, 2),
            ("v", 60, "view", "a", "x", 10.0, 1),  # v's second session
            ("v", 62, "view", "c", "y", None, 1),
            ("v", 63, "cart", "a", "x", 12.0, 1),
            ("v", 64, "cart", "b", "x", 30.0, 3),
            ("u", 64.5, "view", "a", "x", 10.0, 1),
            ("v", 70, "uncart", "a", "x", 12.0, 1),
            ("v", 80, "favourite", "c", "y", None, 1),
            ("v", 81, "view", "b", "x", 30.0, 1),
            ("v", 82, "purchase", "b", "x", 30.0, 3),
        )
    )


EXPECTED: dict[int, dict[str, float]] = {
    3: {
        "decision_point": 1, "events_so_far": 4, "n_views": 2, "n_carts": 2, "n_uncarts": 0, "n_favourites": 0,
        "distinct_items": 3, "distinct_categories": 2, "cart_items": 2, "cart_quantity": 4, "cart_value": 102,
        "cart_mean_price": 21, "cart_max_price": 30, "cart_item_views": 1, "viewed_mean_price": 10,
        # a: 12 / mean(10, 10, 10, 20, 20, 10), b: 30 / mean(…, 12)
        "cart_price_to_category": (12 / (80 / 6) + 30 / (92 / 7)) / 2,
        "seconds_since_first_event": 240, "seconds_since_first_cart": 60, "seconds_since_last_cart": 0,
        "seconds_since_previous_event": 60, "mean_interval": 80, "max_interval": 120,
        "hour": 23, "weekday": 0, "visitor_sessions": 1, "visitor_carts": 1, "visitor_purchases": 0,
        "cart_item_popularity": (4 + 2) / 2,  # a: view, cart, purchase, view; b: view, cart
        "cart_item_conversion": ((1 + 1) / (1 + 4) + (0 + 1) / (1 + 4)) / 2,
    },
    6: {
        "decision_point": 4, "events_so_far": 7, "n_views": 3, "n_carts": 2, "n_uncarts": 1, "n_favourites": 1,
        "distinct_items": 3, "distinct_categories": 2, "cart_items": 1, "cart_quantity": 3, "cart_value": 90,
        "cart_mean_price": 30, "cart_max_price": 30, "cart_item_views": 1, "viewed_mean_price": 20,
        "cart_price_to_category": 30 / (92 / 7),
        "seconds_since_first_event": 1260, "seconds_since_first_cart": 1080, "seconds_since_last_cart": 1020,
        "seconds_since_previous_event": 60, "mean_interval": 210, "max_interval": 600,
        "hour": 0, "weekday": 1, "visitor_sessions": 1, "visitor_carts": 1, "visitor_purchases": 0,
        "cart_item_popularity": 2, "cart_item_conversion": 1 / 5,
    },
}  # fmt: skip


@pytest.mark.parametrize("step", EXPECTED)
def test_features_of_a_log_by_hand(step: int) -> None:
    points = pd.DataFrame({"session_id": ["v#2"], "step": [step]})
    found = features(sessions=by_hand(), points=points)
    assert set(EXPECTED[step]) == set(NAMES)
    for name, value in EXPECTED[step].items():
        assert found[name][0] == pytest.approx(value, rel=1e-6), name


def test_an_emptied_cart_is_worth_nothing_and_has_no_price() -> None:
    sessions = sessions_of(log(("v", 0, "cart", "a", "x", 5.0, 1), ("v", 1, "uncart", "a", "x", 5.0, 1)))
    row = features(sessions=sessions, points=pd.DataFrame({"session_id": ["v#1"], "step": [1]})).iloc[0]
    assert list(row[["cart_items", "cart_quantity", "cart_value", "cart_item_views"]]) == [0, 0, 0, 0]
    assert row[["cart_mean_price", "cart_max_price", "cart_price_to_category", "cart_item_popularity"]].isna().all()


def test_a_cart_with_an_unknown_price_has_an_unknown_value() -> None:
    sessions = sessions_of(log(("v", 0, "cart", "a", "x", 5.0, 1), ("v", 1, "cart", "b", "x", None, 1)))
    row = features(sessions=sessions, points=pd.DataFrame({"session_id": ["v#1"], "step": [1]})).iloc[0]
    assert np.isnan(row["cart_value"])
    assert row["cart_mean_price"] == 5


@settings(max_examples=20, deadline=None)
@given(frame=event_logs(least=4))
def test_features_equal_those_computed_by_plain_python(frame: pd.DataFrame) -> None:
    sessions = sessions_of(frame)
    points = points_of(sessions=sessions)
    assume(len(points))
    found = features(sessions=sessions, points=points)
    expected = [features_by_hand(sessions, *point) for point in points.itertuples(index=False)]
    for name in NAMES:
        wanted = np.array([row[name] for row in expected], dtype="float64")
        np.testing.assert_allclose(found[name].to_numpy("float64"), wanted, rtol=1e-6, atol=1e-6, err_msg=name)


def after(sessions: pd.DataFrame, point: Any) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Which events come after a point, in any session."""
    here = sessions[(sessions["session_id"] == point.session_id) & (sessions["step"] == point.step)].iloc[0]
    later = (sessions["ts"] > here["ts"]) | ((sessions["ts"] == here["ts"]) & (sessions["row"] > here["row"]))
    return np.asarray(later, dtype=np.bool_)


@settings(max_examples=20, deadline=None)
@given(frame=event_logs(least=6), data=st.data())
def test_features_do_not_see_past_the_decision_point(frame: pd.DataFrame, data: st.DataObject) -> None:
    sessions = sessions_of(frame)
    points = points_of(sessions=sessions)
    assume(len(points))
    point = data.draw(st.sampled_from(list(points.itertuples(index=False))))
    asked = pd.DataFrame([point])
    later = after(sessions, point)
    untouched = features(sessions=sessions, points=asked)

    truncated = sessions[~later]
    altered = sessions.copy()
    other: dict[str, Any] = {"event": "cart", "item_id": "i0", "category": "a", "price": 777.0, "quantity": 99}
    for name, value in other.items():
        altered.loc[later, name] = value
    shuffled = sessions.copy()
    order = data.draw(st.permutations(list(np.flatnonzero(later))))
    for name in ("event", "item_id", "category", "price", "quantity", "visitor_id"):
        shuffled.loc[later, name] = sessions[name].to_numpy()[order]
    crowd = frame.assign(row=frame["row"] + 1000, ts=sessions["ts"].max(), session_id="new", step=np.arange(len(frame)))
    crowded = pd.concat([sessions, crowd[sessions.columns]], ignore_index=True)
    for tampered in (truncated, altered, shuffled, crowded):
        assert_frame_equal(features(sessions=tampered, points=asked), untouched, check_exact=True)


@settings(max_examples=6, deadline=None)
@given(frame=event_logs(least=6), data=st.data())
def test_truncating_the_log_and_sessionizing_again_moves_no_feature(frame: pd.DataFrame, data: st.DataObject) -> None:
    sessions = sessions_of(frame)
    points = points_of(sessions=sessions)
    assume(len(points))
    point = data.draw(st.sampled_from(list(points.itertuples(index=False))))
    again = sessions_of(frame[frame["row"].isin(sessions.loc[~after(sessions, point), "row"])].reset_index(drop=True))
    asked = pd.DataFrame([point])
    assert_frame_equal(
        features(sessions=again, points=asked), features(sessions=sessions, points=asked), check_exact=True
    )


@settings(max_examples=8, deadline=None)
@given(frame=event_logs(least=4))
def test_a_point_has_the_same_features_alone_and_among_others(frame: pd.DataFrame) -> None:
    sessions = sessions_of(frame)
    points = points_of(sessions=sessions)
    assume(len(points) > 1)
    together = features(sessions=sessions, points=points)
    alone = features(sessions=sessions, points=points.tail(1))
    assert_frame_equal(alone, together.tail(1).reset_index(drop=True), check_exact=True)


@settings(max_examples=8, deadline=None)
@given(frame=event_logs())
def test_decision_points_are_k_events_after_the_first_cart_and_before_any_purchase(frame: pd.DataFrame) -> None:
    sessions = sessions_of(frame)
    expected = set()
    for name, events in sessions.sort_values("step").groupby("session_id"):
        kinds = list(events["event"])
        end = kinds.index("purchase") if "purchase" in kinds else len(kinds)
        if "cart" in kinds:
            first = kinds.index("cart")
            expected |= {(name, first + k) for k in POINTS.decision_points if first + k < end}
    found = decision_points(cart_sessions(table(sessions)), POINTS).select("session_id", "step")
    assert set(collect(found, "session_id", "step").itertuples(index=False, name=None)) == expected


def test_open_carts_are_the_last_events_of_sessions_with_a_cart_and_no_purchase() -> None:
    sessions = sessions_of(
        log(
            ("open", 0, "cart", "a", None, None, 1), ("open", 1, "view", "b", None, None, 1),
            ("bought", 0, "cart", "a", None, None, 1), ("bought", 1, "purchase", "a", None, None, 1),
            ("browsed", 0, "view", "a", None, None, 1),
        )
    )  # fmt: skip
    found = collect(open_carts(table(sessions)), "session_id")
    assert list(found.itertuples(index=False, name=None)) == [("open#1", 1)]


def test_every_feature_is_computed_and_described() -> None:
    schema = features_at(table(by_hand()), table(pd.DataFrame({"session_id": ["v#2"], "step": [3]}))).schema()
    for feature in FEATURES:
        assert str(schema[feature.name]) == ("int32" if feature.name == "decision_point" else "float32")
        assert feature.description.endswith(".")
    assert len({feature.title for feature in FEATURES}) == len(FEATURES)


def test_a_log_without_prices_or_removals_loses_those_features_with_a_note() -> None:
    found, notes = available_features(["category", "quantity"], ["view", "cart", "purchase"])
    names = {feature.name for feature in found}
    assert not {"cart_value", "cart_price_to_category", "viewed_mean_price", "n_uncarts", "n_favourites"} & names
    assert {"distinct_categories", "n_views", "cart_items"} <= names
    assert any("`cart_value`" in note and "no price" in note for note in notes)
    assert len(notes) == 3


def test_the_expressions_are_not_bound_to_one_engine() -> None:
    sessions = ibis.table(ibis.Schema.from_pyarrow(SCHEMA), name="sessions")
    sql = ibis.to_sql(features_at(sessions, sessions.select("session_id", "step")), dialect="trino")
    assert "PARTITION BY" in sql


assert GAP.gap_minutes == 30  # the log by hand relies on it
