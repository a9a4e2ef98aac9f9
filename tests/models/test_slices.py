"""Slices of one feature share out the examples."""

from dataclasses import replace

import numpy as np
import pandas as pd

from models.slices import main_features, slices_of
from tests.models.tables import carts, truth


def test_slices_of_a_feature_do_not_overlap_and_cover_everything() -> None:
    examples = carts(500, 1)
    slices = slices_of(examples, truth(examples))
    for feature in {one.feature for one in slices}:
        times = np.sum([one.rows for one in slices if one.feature == feature], axis=0)
        np.testing.assert_array_equal(times, 1, err_msg=feature)


def test_every_kind_of_slice_is_there() -> None:
    examples = carts(500, 1)
    labels = {(one.feature, one.label) for one in slices_of(examples, truth(examples))}
    assert ("decision_point", "1 event after the first cart event") in labels
    assert ("visitor_sessions", "new visitor") in labels
    assert ("hour", "06:00 to 12:00") in labels
    assert ("category", "unknown") in labels
    assert ("n_views", "unknown") in labels


def test_the_main_features_are_those_the_scores_follow() -> None:
    examples = carts(2000, 1)
    by_views = examples.features["n_views"].fillna(0).to_numpy(np.float64)
    assert main_features(examples, by_views)[0].name == "n_views"


def test_tertiles_are_equal_where_values_allow() -> None:
    examples = carts(900, 1)
    value = [one for one in slices_of(examples, truth(examples)) if one.feature == "cart_value"]
    assert [int(one.rows.sum()) for one in value] == [300, 300, 300]


def test_few_distinct_values_and_keys_without_values_are_handled() -> None:
    examples = carts(60, 1)
    features = examples.features.assign(cart_value=np.float32(1.0), n_views=np.repeat([0, 1], 30).astype("float32"))
    keys = examples.keys.assign(decision_point=pd.array([pd.NA] * 60, dtype="Int32"))
    slices = slices_of(replace(examples, features=features, keys=keys), np.linspace(0, 1, 60))
    assert "cart_value" not in {one.feature for one in slices}
    assert "decision_point" not in {one.feature for one in slices}
    assert [one.label for one in slices if one.feature == "n_views"] == ["0 events", "1 events"]
