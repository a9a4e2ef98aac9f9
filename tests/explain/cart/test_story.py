import numpy as np
import pytest

from explain.cart.counterfactuals import Counterfactual
from explain.cart.levers import levers_of
from explain.cart.page import cart_page
from explain.cart.story import Threshold, advice, similar_sentence, threshold_of, timeline_sentence
from tests.explain.pages import Page
from tests.explain.results import EVIL
from tests.explain.shop import carts
from tests.explain.telling import THRESHOLD, TIMELINE, marked, stories

TRAIN = marked(carts(200))
CART = TRAIN.take(np.array([0]))
LEVERS = levers_of(TRAIN, ["cart_value", "device"])


def test_a_change_is_told_with_both_values_and_both_risks() -> None:
    found = Counterfactual(("cart_value",), {"cart_value": 12.5, "n_views": 2.0}, 0.4)
    told = advice(CART, 0.62, LEVERS, found, THRESHOLD)
    now = CART.features["cart_value"].iloc[0]
    assert f"If “Cart value” were 12.50 instead of {now:.2f} (and with it views 2 instead of " in told
    assert "would say 40% instead of 62%: below the threshold of 50%, from which a nudge pays." in told
    assert "above the threshold" in advice(CART, 0.3, LEVERS, found, THRESHOLD)


def test_a_risk_that_only_just_passes_the_threshold_is_told_so_that_it_shows() -> None:
    found = Counterfactual(("device",), {"device": "phone"}, 0.4996)
    assert "would say 49.96% instead of 62%" in advice(CART, 0.62, LEVERS, found, THRESHOLD)


def test_it_is_said_where_nothing_helps_and_where_nothing_can_be_changed() -> None:
    told = advice(CART, 0.62, LEVERS, None, THRESHOLD)
    assert told.startswith("None was found: no usual values of “Cart value” and “Device” bring")
    assert "below the threshold" in told
    assert "`explain.actionable`" in advice(CART, 0.62, (), None, THRESHOLD)


@pytest.mark.parametrize(("value", "why"), [(1.0, "no nudge pays"), (0.0, "every nudge pays")])
def test_a_threshold_that_no_cart_can_be_beyond_is_replaced_and_that_is_said(value: float, why: str) -> None:
    found = threshold_of(value)
    assert found.value == 0.5
    assert why in found.meaning
    assert threshold_of(0.3) == Threshold(0.3, "from which a nudge pays")


def test_the_page_has_every_part_and_escapes_what_comes_from_data() -> None:
    page = Page(cart_page(stories(), EVIL[1]))
    for text in ("What would change the prediction", "Similar carts that were", "add up to within 0.0001",
                 "3. view <script>alert(1)</script>", "multi_task.enabled=true"):  # fmt: skip
        assert text in page.text
    assert not {"script", "img"} & {name for name, _ in page.elements}
    for story in stories():
        assert story.advice.replace("`", "") in page.text
        assert len(story.similar) == 3
        assert all(similar_sentence(one) in page.text for one in story.similar)
    assert timeline_sentence(TIMELINE) in page.text
