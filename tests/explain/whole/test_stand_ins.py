from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from data.examples import Examples
from explain.attributing.explanations import sigmoid
from explain.whole.regression import fit_regression
from explain.whole.stand_ins import Node, fidelity, joined
from explain.whole.tree import fit_tree
from tests.explain.whole.boards import examples, random

KNOWN, TEST = random(2000), random(500, seed=1)


def columns(carts: Examples) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return carts.features["a"].to_numpy(float), carts.features["b"].to_numpy(float), carts.features["c"].to_numpy()


def additive(carts: Examples) -> np.ndarray:
    a, b, c = columns(carts)
    return np.asarray(a - 0.5 * b + np.where(c == "blue", 1.0, 0.0))


def boxes(carts: Examples) -> np.ndarray:
    a, _, c = columns(carts)
    return np.where(a > 0.5, 2.0, np.where(c == "red", -1.0, 0.5))


def leaves(node: Node) -> int:
    return leaves(node.yes) + leaves(node.no) if node.yes and node.no else 1


def test_a_regression_finds_an_additive_network_again() -> None:
    told, terms = fit_regression(KNOWN, additive(KNOWN), TEST)
    assert fidelity(told, additive(TEST), TEST, 0.5, 0).r2[0] > 0.999
    found = {(term.feature, term.level): term.coefficient for term in terms}
    assert found[("a", None)] == pytest.approx(KNOWN.features["a"].std(ddof=0), rel=0.05)
    assert found[("b", None)] == pytest.approx(-0.5 * KNOWN.features["b"].std(ddof=0), rel=0.05)
    assert found[("c", "blue")] - found[("c", "red")] == pytest.approx(1.0, rel=0.05)
    sizes = [abs(term.spread) for term in terms]
    assert sizes == sorted(sizes, reverse=True)


def test_a_gap_has_a_term_of_its_own() -> None:
    a = KNOWN.features["a"].where(np.arange(2000) % 4 > 0)
    carts = examples(a, KNOWN.features["b"], KNOWN.features["c"].tolist())
    _, terms = fit_regression(carts, np.where(a.isna(), 3.0, 0.0), carts)
    assert (terms[0].feature, terms[0].gap) == ("a", True)
    assert terms[0].coefficient == pytest.approx(3.0, rel=0.05)
    assert terms[0].spread == pytest.approx(3.0 * np.sqrt(0.25 * 0.75), rel=0.05)


def test_a_tree_finds_boxes_again() -> None:
    told, root = fit_tree(KNOWN, boxes(KNOWN), TEST, 0)
    assert fidelity(told, boxes(TEST), TEST, 0.5, 0).r2[0] > 0.98
    assert (root.feature, root.share) == ("a", 1.0)
    assert root.threshold == pytest.approx(0.5, abs=0.02)
    assert root.yes is not None
    assert (root.yes.feature, root.yes.level) == ("c", "red")
    assert root.yes.yes is not None
    assert root.yes.yes.risk == pytest.approx(sigmoid(np.array(-1.0)), abs=1e-6)
    assert leaves(root) == 3


def test_a_tree_is_no_deeper_than_four_and_says_where_unknown_goes() -> None:
    a = KNOWN.features["a"].where(np.arange(2000) % 4 > 0)
    carts = examples(a, KNOWN.features["b"], KNOWN.features["c"].tolist())
    target = np.where(a.isna() | (a > 0), 2.0, 0.0) + 0.3 * KNOWN.features["b"].to_numpy()
    _, root = fit_tree(carts, target, carts, 0)
    assert leaves(root) <= 16
    assert (root.feature, root.unknown) == ("a", False)


def test_fidelity_is_one_for_the_network_itself_and_nought_for_its_mean() -> None:
    network = additive(TEST)
    same = fidelity(network, network, TEST, 0.5, 0)
    assert (same.r2, same.agreement, same.points) == ((1.0, 1.0, 1.0), 1.0, 0.0)
    mean = fidelity(np.full(500, network.mean()), network, TEST, 0.5, 0)
    assert mean.r2[0] == pytest.approx(0.0, abs=1e-12)
    assert mean.agreement in (mean.constant, 1 - mean.constant)


def test_agreement_is_the_share_on_the_same_side() -> None:
    found = fidelity(np.array([-1.0, -1, 1, 1]), np.array([-1.0, 1, 1, 1]), random(4), 0.5, 0)
    assert (found.agreement, found.constant) == (0.75, 0.75)
    assert found.points == pytest.approx((sigmoid(np.array(1.0)) - sigmoid(np.array(-1.0))) / 4)


def test_a_network_that_says_one_thing_of_all_can_be_followed_by_nothing() -> None:
    assert fidelity(np.zeros(500), np.zeros(500), TEST, 0.5, 0).r2 == (0.0, 0.0, 0.0)


def test_joined_sides_keep_their_order() -> None:
    both = joined((KNOWN, replace(TEST, abandoned=1 - TEST.abandoned)))
    assert len(both) == 2500
    assert_allclose(both.features["a"], [*KNOWN.features["a"], *TEST.features["a"]])
    assert both.abandoned[2000:].tolist() == (1 - TEST.abandoned).tolist()
