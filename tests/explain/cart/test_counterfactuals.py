from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError
from data.examples import Examples
from data.feature import Way
from explain.attributing.attribution import probabilities
from explain.attributing.explanations import Floats, sigmoid
from explain.cart.counterfactuals import MOST, Counterfactual, changed, counterfactual
from explain.cart.levers import USUAL, levers_of
from models.abandonment import predict
from models.config import AbandonmentConfig
from tests.explain.shop import SPECS, carts, trained

TRAIN, TEST = carts(600), carts(60, seed=1)
ACTIONABLE = ("cart_value", "seconds_since_last_cart", "device", "n_views")


def of(train: Examples, way: Way = "any", along: tuple[str, ...] = (), names: tuple[str, ...] = ACTIONABLE) -> Examples:
    """The examples with other marks on the cart's value, and these features actionable."""
    specs = [replace(spec, actionable=spec.name in names) for spec in SPECS]
    specs[0] = replace(specs[0], way=way, along=along)
    return Examples(train.keys, train.features, train.abandoned, tuple(specs))


def linear(examples: Examples) -> Floats:
    """Log-odds value / 40 + views / 2 + seconds / 400 − 4."""
    table = examples.features[["cart_value", "n_views", "seconds_since_last_cart"]].to_numpy(dtype=np.float64)
    return sigmoid(np.nan_to_num(table, nan=80.0) @ np.array([1 / 40, 1 / 2, 1 / 400]) - 4.0)


def one(value: float, views: float = 3.0, seconds: float = 0.0) -> Examples:
    cart = TEST.take(np.array([0]))
    frame = cart.features.assign(cart_value=value, n_views=views, seconds_since_last_cart=seconds)
    return Examples(
        cart.keys, frame.astype({"n_views": "float32", "cart_value": "float32"}), cart.abandoned, cart.specs
    )


def test_of_a_linear_model_the_nearest_observed_value_beyond_the_boundary_is_found() -> None:
    levers = levers_of(of(TRAIN, names=("cart_value",)))
    found = counterfactual(one(200.0), levers, linear, 0.5)
    # value / 40 + 1.5 − 4 < 0 below 100
    known = TRAIN.features["cart_value"].dropna()
    expected = max(value for value in levers[0].values if float(value) < 100.0)
    assert found is not None
    assert found.values == {"cart_value": expected}
    assert expected in known.tolist()
    back = counterfactual(one(20.0), levers, linear, 0.5)
    assert back is not None
    assert back.values == {"cart_value": min(value for value in levers[0].values if float(value) >= 100.0)}


def test_two_changes_come_only_where_one_is_not_enough_and_are_as_small_as_any_pair() -> None:
    levers = levers_of(of(TRAIN, names=("cart_value", "n_views")))
    cart, threshold = one(200.0, 6.0), 0.12
    found = counterfactual(cart, levers, linear, threshold)
    assert found is not None
    assert set(found.values) == {"cart_value", "n_views"}
    value, views = (lever.options(cart.features.iloc[0], True) for lever in levers)
    assert all(linear(changed(cart, [option.values]))[0] >= threshold for option in (*value, *views))
    pairs = [(a.cost + b.cost, {**a.values, **b.values}) for a, b in product(value, views)]
    ways = changed(cart, [values for _, values in pairs])
    cheapest = min(cost for (cost, _), p in zip(pairs, linear(ways), strict=True) if p < threshold)
    costs = {tuple(sorted(values.items())): cost for cost, values in pairs}
    assert costs[tuple(sorted(found.values.items()))] <= 1.15 * cheapest


def test_none_is_offered_where_none_exists() -> None:
    levers = levers_of(of(TRAIN, names=("cart_value",)))
    assert counterfactual(one(200.0, views=40.0), levers, linear, 0.5) is None
    assert counterfactual(one(200.0), (), linear, 0.5) is None
    assert counterfactual(one(float("nan")), levers, linear, 0.01) is None


def test_a_way_is_kept_when_a_cart_is_to_be_saved_and_turned_round_when_it_is_to_be_lost() -> None:
    saving = levers_of(of(TRAIN, way="raise", names=("cart_value",)))
    assert counterfactual(one(200.0), saving, linear, 0.5) is None
    lowering = levers_of(of(TRAIN, way="lower", names=("cart_value",)))
    assert counterfactual(one(200.0), lowering, linear, 0.5) is not None
    assert counterfactual(one(20.0), lowering, linear, 0.5) is not None
    assert counterfactual(one(20.0), saving, linear, 0.5) is None


def test_what_goes_along_changes_in_proportion_and_stays_in_its_range() -> None:
    levers = levers_of(of(TRAIN, way="lower", along=("seconds_since_last_cart",), names=("cart_value",)))
    cart = one(200.0, seconds=100.0)
    low, high = TRAIN.features["seconds_since_last_cart"].quantile(list(USUAL))
    options = levers[0].options(cart.features.iloc[0], True)
    assert options
    for option in options:
        ratio = float(option.values["cart_value"]) / 200.0
        assert option.values["seconds_since_last_cart"] == pytest.approx(100.0 * ratio)
        assert low <= float(option.values["seconds_since_last_cart"]) <= high


def test_a_cart_that_cannot_be_is_never_offered() -> None:
    marked = of(TRAIN, names=("cart_value", "n_views"))
    specs = (replace(marked.specs[0], at_least=("seconds_since_last_cart",)), *marked.specs[1:])
    levers = levers_of(replace(marked, specs=specs))

    def found(seconds: float) -> Counterfactual | None:
        return counterfactual(replace(one(200.0, seconds=seconds), specs=specs), levers, linear, 0.6)

    free, bound = found(20.0), found(130.0)
    assert free is not None
    assert bound is not None
    assert free.levers == ("cart_value",)
    assert float(free.values["cart_value"]) < 130.0
    assert float(bound.values.get("cart_value", 200.0)) >= 130.0


@cache
def network() -> tuple[tuple[Counterfactual | None, ...], list[tuple[float, ...]]]:
    """An answer for each cart; and before, after and what was promised of each that has one."""
    turns: list[tuple[float, ...]] = []
    model = trained(TRAIN, AbandonmentConfig(units=(16, 8)))
    levers, score = levers_of(of(TRAIN)), probabilities(model)
    found = [counterfactual(TEST.take(np.array([row])), levers, score, 0.45) for row in range(len(TEST))]
    for row, each in enumerate(found):
        if each is not None:
            cart = TEST.take(np.array([row]))
            turns.append((*(predict(model, one)[0] for one in (cart, changed(cart, [each.values]))), each.probability))
    return tuple(found), turns


@settings(deadline=None)
@given(row=st.integers(0, len(TEST) - 1))
def test_a_network_is_turned_within_ranges_by_actionable_features_alone(row: int) -> None:
    each = network()[0][row]
    if each is None:
        return
    assert 1 <= len(each.levers) <= MOST
    assert set(each.values) <= set(ACTIONABLE)
    for name, value in each.values.items():
        column = TRAIN.features[name].dropna()
        if name == "device":
            assert value in column.unique()
        else:
            low, high = column.astype("float64").quantile(list(USUAL))
            assert low <= float(value) <= high
            assert value in column.tolist()


def test_the_network_itself_says_that_the_prediction_turns_for_most_carts() -> None:
    turns = network()[1]
    assert len(turns) > len(TEST) / 2
    for before, after, promised in turns:
        assert (before >= 0.45) != (after >= 0.45)
        assert after == pytest.approx(promised, abs=1e-6)


def test_a_feature_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match=r"`explain.actionable` should name .* Did you mean `cart_value`"):
        levers_of(TRAIN, ["cart_valu"])
    assert [lever.spec.name for lever in levers_of(TRAIN, ["device"])] == ["device"]
    assert levers_of(TRAIN) == ()
