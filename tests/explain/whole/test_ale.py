import numpy as np
import pytest
from numpy.testing import assert_allclose

from explain.attributing.lookup import Floats
from explain.whole.ale import accumulate, level_steps, numeric_steps, similar_order
from tests.explain.whole.boards import COLOURS, board, examples, of_risk, random

CARTS = random(400)
ONCE = np.ones((1, 400))


def additive(x: Floats) -> Floats:
    """A risk: 0.3 + a² / 100 + b / 100 + {0, 0.1, 0.25} by colour."""
    return np.asarray(0.3 + 0.01 * x[:, 0] ** 2 + 0.01 * x[:, 2] + 0.1 * x[:, 4] + 0.25 * x[:, 5])


def test_an_additive_risk_has_its_own_centred_effect_of_a_number() -> None:
    made = board(CARTS, of_risk(additive))
    steps = numeric_steps(made, 0)
    found = accumulate(steps, ONCE)[0]
    edges = np.array(made.grids[0].values, dtype=float)
    effect = 0.01 * edges**2
    values = CARTS.features["a"].to_numpy(float)
    inside = values[(values >= edges[0]) & (values <= edges[-1])]
    assert_allclose(found, effect - np.interp(inside, edges, effect).mean(), atol=1e-5)


def test_a_value_that_most_carts_have_is_where_the_effect_is_centred() -> None:
    a = np.concatenate([np.zeros(90), np.linspace(1, 10, 10)])
    made = board(examples(a, np.zeros(100)), of_risk(lambda x: 0.5 - 0.04 * x[:, 0]), points=5)
    found = accumulate(numeric_steps(made, 0), np.ones((1, 100)))[0]
    assert len(found) >= 4
    assert found[0] == pytest.approx(
        0.04 * np.minimum(a, np.array(made.grids[0].values, dtype=float)[-1]).mean(), abs=0.005
    )


def test_an_additive_risk_has_its_own_centred_effect_of_a_category() -> None:
    made = board(CARTS, of_risk(additive))
    found = accumulate(level_steps(made, 2), ONCE)[0]
    effect = {"red": 0.0, "green": 0.1, "blue": 0.25}
    mean = CARTS.features["c"].map(effect).mean()
    assert_allclose(found, [effect[str(colour)] - mean for colour in made.grids[2].values], atol=1e-6)


def test_a_product_of_features_that_go_together_gets_the_effect_near_the_carts() -> None:
    # b = a: at a the risk a·b changes by b = a for a small step, so that its local effect is a² / 2, centred,
    # where its partial dependence, a · mean(b), is flat.
    a = np.linspace(-1, 1, 401)
    made = board(examples(a, a), of_risk(lambda x: 0.5 + 0.2 * x[:, 0] * x[:, 2]), points=41)
    found = accumulate(numeric_steps(made, 0), np.ones((1, 401)))[0]
    edges = np.array(made.grids[0].values, dtype=float)
    assert_allclose(found - found.mean(), 0.1 * (edges**2 - (edges**2).mean()), atol=2e-3)


def test_weights_count_as_repeated_carts() -> None:
    twice = CARTS.take(np.concatenate([np.arange(400), np.arange(100)]))
    weights = np.ones((1, 400))
    weights[0, :100] = 2
    one, other = board(CARTS, of_risk(additive)), board(twice, of_risk(additive))
    other.grids[0] = one.grids[0]  # the same steps
    lent = np.concatenate([one.lookup.encoded[one.grids[0].rows]])
    other.lookup.encoded[other.grids[0].rows[0] : other.grids[0].rows[0] + len(lent)] = lent
    found = accumulate(level_steps(one, 2), weights)
    again = accumulate(level_steps(other, 2), np.ones((1, 500)))
    colours = {value: again[0][i] for i, value in enumerate(other.grids[2].values)}
    assert_allclose(found[0], [colours[value] for value in one.grids[2].values], atol=1e-6)


def test_categories_alike_in_the_other_features_are_neighbours() -> None:
    b = np.repeat([0.0, 10.0, 5.0], 50) + np.tile(np.linspace(0, 6, 50), 3)
    carts = examples(np.zeros(150), b, [colour for colour in COLOURS for _ in range(50)])
    order = [COLOURS[i] for i in similar_order(carts, 2, COLOURS)]
    assert order in (["red", "blue", "green"], ["green", "blue", "red"])


@pytest.mark.parametrize("a", [np.full(30, 2.0), np.full(30, np.nan)])
def test_a_feature_of_one_value_has_no_steps(a: Floats) -> None:
    made = board(examples(a, np.arange(30.0)), of_risk(lambda x: 0.5 + 0 * x[:, 0]))
    assert len(numeric_steps(made, 0).rows) == 0
