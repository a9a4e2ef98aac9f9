"""Examples in memory: samples of whole visitors."""

import numpy as np

from data.examples import sample
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
