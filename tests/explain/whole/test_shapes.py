import numpy as np
import pytest
from numpy.testing import assert_allclose

from data.examples import Examples
from explain.attributing.explanations import sigmoid
from explain.attributing.lookup import Floats
from explain.whole.board import levels_of, numbers_of
from explain.whole.shapes import shapes, single_carts
from tests.explain.whole.boards import board, examples, of_risk, random

CARTS = random(300)


def by_all(x: Floats) -> Floats:
    """Log-odds: a + a·b + 1 for blue, 5 where a is unknown."""
    return np.asarray(x[:, 0] + x[:, 0] * x[:, 2] + x[:, 5] + 5 * x[:, 1])


def test_partial_dependence_is_the_mean_of_the_single_carts() -> None:
    made = board(CARTS, by_all)
    for feature, shape in zip(made.grids, shapes(made, 0), strict=True):
        assert_allclose(shape.dependence.mean, single_carts(made, feature).mean(axis=0), atol=1e-12)
        assert all(line in single_carts(made, feature).round(5).tolist() for line in map(list, shape.carts))


def test_a_single_cart_is_the_model_with_the_value_put_in() -> None:
    made = board(CARTS, by_all)
    found = single_carts(made, 0)
    b, blue = CARTS.features["b"].to_numpy(float), (CARTS.features["c"] == "blue").to_numpy(float)
    for column, value in enumerate(made.grids[0].values):
        assert_allclose(found[:, column], sigmoid(float(value or 0) * (1 + b) + blue), atol=1e-6)


def test_for_a_category_each_cart_gets_the_category() -> None:
    made = board(CARTS, by_all)
    shape = shapes(made, 0)[2]
    a, b = (CARTS.features[name].to_numpy(float) for name in "ab")
    for value, mean in zip(shape.values, shape.dependence.mean, strict=True):
        assert mean == pytest.approx(sigmoid(a + a * b + (value == "blue")).mean(), abs=1e-6)
    assert shape.shares == pytest.approx([(CARTS.features["c"] == value).mean() for value in shape.values])


def test_features_that_go_together_part_the_two_curves_as_the_formulas_say() -> None:
    # Risk 0.5 + 0.2·a·b with b = a: partial dependence 0.5 + 0.2·a·mean(b) is flat, the local effect is 0.1·a².
    a = np.linspace(-1, 1, 401)
    function = of_risk(lambda x: 0.5 + 0.2 * x[:, 0] * x[:, 2])
    together = shapes(board(examples(a, a), function, (0,), 41), 0)[0]
    assert_allclose(together.dependence.mean, 0.5, atol=1e-6)
    assert max(together.local.mean) - min(together.local.mean) == pytest.approx(0.1, abs=0.01)
    assert together.parting > 0.05
    apart = shapes(board(random(400), of_risk(lambda x: 0.5 + 0.02 * x[:, 0]), (0,)), 0)[0]
    assert apart.parting < 1e-4


def test_a_rise_for_some_and_a_fall_for_others_is_told() -> None:
    made = board(CARTS, lambda x: x[:, 0] * np.sign(x[:, 2]), (0,))
    assert shapes(made, 0)[0].rising == pytest.approx((CARTS.features["b"] > 0).mean())


def test_unknown_values_have_their_own_risk_and_share() -> None:
    gaps = CARTS.features["a"].where(np.arange(300) % 3 > 0).to_numpy()
    carts = examples(gaps, CARTS.features["b"], CARTS.features["c"].tolist())
    shape = shapes(board(carts, by_all, (0,)), 0)[0]
    blue = np.asarray(carts.features["c"] == "blue", dtype=np.float64)
    assert shape.unknown == pytest.approx(sigmoid(5.0 + blue).mean())
    assert shape.unknown_share == pytest.approx(1 / 3)
    assert sum(shape.shares) <= 2 / 3 + 1e-9
    assert shapes(board(CARTS, by_all, (0,)), 0)[0].unknown is None


def test_intervals_hold_the_curve_and_narrow_with_more_carts() -> None:
    def width(carts: Examples) -> float:
        shape = shapes(board(carts, by_all, (0,)), 0)[0]
        for band in (shape.dependence, shape.local):
            assert np.all(np.array(band.low) <= band.mean)
            assert np.all(np.array(band.mean) <= band.high)
        return float((np.array(shape.dependence.high) - shape.dependence.low).mean())

    assert width(random(60)) > 1.5 * width(random(600))


def test_the_same_seed_gives_the_same_shapes() -> None:
    assert shapes(board(CARTS, by_all), 3) == shapes(board(CARTS, by_all), 3)


def test_a_feature_of_one_value_has_no_shape() -> None:
    carts = examples(np.full(50, np.nan), np.full(50, 1.0))
    assert [shape.feature.name for shape in shapes(board(carts, by_all), 0)] == ["c"]


def test_grids_hold_all_of_few_values_and_equal_shares_of_many() -> None:
    few = examples([0, 0, 1, 3, 3, 3], np.zeros(6)).features["a"]
    assert numbers_of(few, 5) == (0.0, 1.0, 3.0)
    many = numbers_of(CARTS.features["a"], 7)
    assert len(many) == 7
    assert set(many) <= set(CARTS.features["a"].tolist())
    places = np.searchsorted(np.array(many), CARTS.features["a"].to_numpy(float))
    assert np.ptp(np.bincount(places)[1:7]) <= 10


def test_rare_categories_are_left_out_unless_all_are_rare() -> None:
    words: list[str | None] = ["x"] * 20 + ["y"] * 3 + [None] * 12
    assert levels_of(examples(np.zeros(35), np.zeros(35), words).features["c"]) == ("x", None)
    assert levels_of(examples(np.zeros(3), np.zeros(3), ["x", "y", "y"]).features["c"]) == ("y", "x")
