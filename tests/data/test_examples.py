"""Examples in memory: samples of whole visitors."""

import numpy as np

from data.examples import sample, set_aside
from tests.models.tables import carts


def test_a_sample_keeps_visitors_whole_and_the_order_of_the_rows() -> None:
    examples = carts(400, 1)
    part = sample(examples, 100, 0)
    assert 90 <= len(part) <= 100
    assert part.keys["visitor_id"].value_counts().eq(4).all()
    positions = examples.keys["session_id"].isin(part.keys["session_id"]).to_numpy()
    np.testing.assert_array_equal(examples.take(positions).abandoned, part.abandoned)
    assert sample(examples, 400, 0) is examples
    assert not sample(examples, 100, 1).keys.equals(part.keys)


def test_what_is_set_aside_and_the_rest_are_all_examples_and_share_no_visitor() -> None:
    examples = carts(400, 1)
    rest, aside = set_aside(examples, 0.2, 0)
    visitors = [set(side.keys["visitor_id"]) for side in (rest, aside)]
    assert not visitors[0] & visitors[1]
    assert visitors[0] | visitors[1] == set(examples.keys["visitor_id"])
    assert 70 <= len(aside) <= 80
    assert len(rest) + len(aside) == 400
