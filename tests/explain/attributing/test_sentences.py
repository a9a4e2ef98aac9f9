from itertools import chain

import numpy as np
import pandas as pd
import pytest

from data.examples import Examples
from data.feature import Feature
from explain.attributing.explanations import Attributions
from explain.attributing.sentences import model_sentences, reasons, risk_points
from explain.cart.explained import explain_cart
from explain.cart.page import cart_page
from explain.cart.story import Story
from tests.explain.results import explained

VALUE = Feature("cart_value", "Cart value", "cart", unit="currency")
VIEWS = Feature("n_views", "Views", "session", unit="events")
HOUR = Feature("hour", "Hour of the day", "time", unit="hour")
DEVICE = Feature("device", "Device", "table", kind="categorical")


def made(
    values: list[list[float]], columns: dict[Feature, list[object]], base: float = 0.0
) -> tuple[Attributions, Examples]:
    specs = tuple(columns)
    rows = len(values)
    keys = pd.DataFrame({"session_id": ["s"] * rows, "visitor_id": None, "decision_point": pd.NA, "ts": pd.NaT})
    features = pd.DataFrame({spec.name: column for spec, column in columns.items()})
    typical = tuple("phone" if spec.kind == "categorical" else 3.0 for spec in specs)
    found = Attributions(np.array(values), base, specs, typical, 0.0)
    return found, Examples(keys, features, np.zeros(rows, dtype=np.int8), specs)


def test_a_reason_names_value_usual_value_direction_and_size() -> None:
    found, examples = made([[1.0, -0.5]], {VALUE: [182.0], VIEWS: [3.0]})
    assert reasons(found, examples) == [
        [
            "Cart value 182.00, typically 3.00: raises the predicted risk by 23 points",
            "Views 3, a typical value: lowers the predicted risk by 12 points",
        ]
    ]


def test_reasons_come_strongest_first_and_slight_ones_not_at_all() -> None:
    found, examples = made([[0.3, -0.9, 0.01]], {VALUE: [1.0], VIEWS: [1.0], HOUR: [22.0]})
    (texts,) = reasons(found, examples, top=3)
    assert [text.split()[0] for text in texts] == ["Views", "Cart"]


def test_a_cart_close_to_certain_still_has_reasons() -> None:
    found, examples = made([[9.0, 2.0]], {VALUE: [1.0], VIEWS: [1.0]})
    assert len(reasons(found, examples)[0]) == 2


def test_rows_choose_the_carts_and_their_order() -> None:
    found, examples = made([[1.0], [-1.0], [2.0]], {VALUE: [1.0, 2.0, 3.0]})
    everyone = reasons(found, examples)
    assert reasons(found, examples, np.array([2, 0])) == [everyone[2], everyone[0]]


def test_an_unknown_value_is_said_to_be_unknown() -> None:
    found, examples = made([[1.0, 1.0]], {VALUE: [np.nan], DEVICE: [None]})
    assert [text.split(",")[0] for text in reasons(found, examples)[0]] == ["Cart value unknown", "Device unknown"]


def test_points_are_what_a_feature_alone_does_to_a_typical_cart() -> None:
    found, _ = made([[np.log(3.0), -np.log(3.0)]], {VALUE: [1.0], VIEWS: [1.0]})
    np.testing.assert_allclose(risk_points(found), [[0.25, -0.25]])


@pytest.mark.parametrize(
    ("slope", "expected"), [(1.0, "with “Cart value” at 74.00 or more"), (-1.0, "with “Cart value” at 25.00 or less")]
)
def test_the_whole_model_is_told_by_the_side_that_goes_with_more_risk(slope: float, expected: str) -> None:
    values = np.arange(100.0)
    found, examples = made((slope * (values - 50) / 50)[:, None].tolist(), {VALUE: values.tolist()})
    (sentence,) = model_sentences(found, examples)
    assert expected in sentence
    assert "left more often" in sentence


def test_the_other_side_is_told_where_it_is_clearly_stronger() -> None:
    values = np.array([0.0] * 80 + [10.0] * 20)
    found, examples = made(np.where(values > 0, -2.0, 0.3)[:, None].tolist(), {VALUE: values.tolist()})
    assert model_sentences(found, examples) == [
        "Carts with “Cart value” at 10.00 are left less often: 38 points below a typical cart."
    ]


def test_a_category_of_a_handful_of_carts_is_not_spoken_of() -> None:
    device: list[object] = [*["phone"] * 20, *["desktop"] * 20, "console"]
    found, examples = made([[0.5]] * 20 + [[-0.5]] * 20 + [[9.0]], {DEVICE: device})
    assert "“phone” goes with the highest" in model_sentences(found, examples)[0]


def test_a_feature_that_goes_both_ways_is_said_to() -> None:
    values = np.arange(100.0)
    found, examples = made(np.abs(values - 50)[:, None].tolist(), {VALUE: values.tolist()})
    assert "counts in both directions" in model_sentences(found, examples)[0]


def test_a_category_is_told_by_its_extremes() -> None:
    found, examples = made([[1.0], [0.0], [-1.0]], {DEVICE: ["phone", "tablet", None]})
    assert model_sentences(found, examples) == [
        "“Device”: “phone” goes with the highest predicted risk, unknown with the lowest."
    ]


def test_no_sentence_claims_a_cause() -> None:
    test, found = explained()
    part = test.take(found.rows)
    texts = [*model_sentences(found.attributions, part), *chain(*reasons(found.attributions, part))]
    assert texts
    assert not [text for text in texts if any(word in text for word in ("cause", "because", "due to", "leads to"))]


def test_a_cart_adds_up() -> None:
    test, found = explained()
    cart = explain_cart(found.attributions, test.take(found.rows), 3)
    log_odds = cart.base_log_odds + sum(feature.attribution for feature in cart.features)
    assert cart.probability == pytest.approx(1 / (1 + np.exp(-log_odds)))
    assert cart.as_dict()["features"][0]["attribution"] == max(
        (feature.attribution for feature in cart.features), key=abs
    )


def test_a_cart_without_keys_is_explained() -> None:
    found, examples = made([[1.0, -2.0]], {VALUE: [1.0], VIEWS: [1.0]})
    cart = explain_cart(found, examples, 0)
    assert (cart.visitor_id, cart.decision_point, cart.ts) == (None, None, None)
    assert "Predicted risk: 27%" in cart_page([Story(cart, True, "None.", (), None)])
