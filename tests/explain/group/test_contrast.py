import csv
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from data.errors import InputError
from data.feature import Feature
from data.spreadsheet import FORMULA
from data.where import select
from explain.attributing.attribution import attribute, background_sample
from explain.cart.stories import tell_stories
from explain.group.contrast import explain_group, members
from explain.group.page import group_csv, group_page, group_sentences, group_table
from models.abandonment import predict
from tests.explain.pages import Page
from tests.explain.results import CONFIG, EVIL, shop
from tests.explain.shop import carts
from tests.explain.telling import THRESHOLD, group


def test_the_group_and_the_rest_are_what_the_examples_say() -> None:
    sides, model = shop()
    found, test = group(), sides.test
    inside = select(found.condition, test)
    for part, rows in ((found.inside, inside), (found.outside, ~inside)):
        assert part.carts == rows.sum()
        assert part.sessions == test.keys["session_id"][rows].nunique()
        assert part.left[0] == pytest.approx(test.abandoned[rows].mean())
        assert part.left[1] < part.left[0] < part.left[2]
        assert part.predicted == pytest.approx(predict(model, test)[rows].mean(), abs=1e-6)
        assert part.auc is not None
        assert part.auc[1] < part.auc[0] < part.auc[2]


def test_the_differences_are_those_of_the_mean_attributions() -> None:
    sides, model = shop()
    config = CONFIG.model_copy(update={"max_rows": 10_000})
    found = explain_group(model, sides.train, sides.test, "n_views > 3", config, 0)
    background = background_sample(sides.train, CONFIG.background, 0)
    values, inside = attribute(model, background, sides.test).values, select("n_views > 3", sides.test)
    means = values[inside].mean(axis=0) - values[~inside].mean(axis=0)
    for one in found.features:
        f = [spec.name for spec in sides.test.specs].index(one.spec.name)
        assert one.difference[0] == pytest.approx(means[f], abs=1e-6)
        assert one.difference[1] <= one.difference[0] <= one.difference[2]
        assert_allclose(one.mean[0] - one.mean[1], one.difference[0], atol=1e-9)
    sizes = [abs(one.difference[0]) for one in found.features]
    assert sizes == sorted(sizes, reverse=True)
    unused = next(one for one in found.features if one.spec.name == "unused")
    assert unused.difference == (0.0, 0.0, 0.0)
    assert unused.drop == pytest.approx((0.0, 0.0, 0.0))
    views = next(one for one in found.features if one.spec.name == "n_views")
    assert views.difference[1] > 0


def test_a_condition_that_splits_nothing_is_refused_with_counts() -> None:
    test = carts(100)
    with pytest.raises(InputError, match=re.escape("selects 0 of 100 (`n_views > 1` alone ")):
        members("n_views > 1 and cart_value > 1e9", test)
    with pytest.raises(InputError, match="selects 100 of 100"):
        members("n_views >= 0", test)


def test_a_group_that_all_ended_alike_has_no_ranking_to_speak_of() -> None:
    sides, model = shop()
    first = sides.test.abandoned == 1
    test = replace(sides.test, features=sides.test.features.assign(n_views=np.where(first, 9, 1).astype("float32")))
    found = explain_group(model, sides.train, test, "n_views > 5", CONFIG, 0)
    assert found.inside.auc is None
    assert all(one.drop is None for one in found.features)
    assert "an AUC of no defined value in the group" in " ".join(group_sentences(found))


def test_page_and_table_show_every_feature_and_run_nothing() -> None:
    page = Page(group_page(group(), EVIL[1]))
    assert not {"script", "img"} & {name for name, _ in page.elements}
    assert group().condition in page.text
    for row in group_table(group()).rows:
        assert str(row[0]) in page.text
    for sentence in group_sentences(group()):
        assert sentence in page.text
    rows = list(csv.reader(io.StringIO(group_csv(group()))))
    assert len(rows) == 1 + len(group().features)
    assert {len(row) for row in rows} == {len(rows[0])}
    assert not [cell for row in rows for cell in row[:2] if cell.startswith(FORMULA)]


def test_names_that_a_spreadsheet_would_run_are_made_harmless() -> None:
    first = group().features[0]
    evil = replace(first, spec=replace(first.spec, title="=cmd|'/c calc'!A1"), typical=("+1+1", "@x"))
    text = group_csv(replace(group(), features=(evil,))).splitlines()[1]
    assert text.split(",")[1:4] == ["'=cmd|'/c calc'!A1", "'+1+1", "'@x"]


def test_a_model_older_than_the_features_is_one_clear_message() -> None:
    sides, model = shop()
    newer = Feature("cart_age", "Age of the cart", "cart", actionable=True)
    train, test = (
        replace(side, features=side.features.assign(cart_age=np.float32(1)), specs=(*side.specs, newer))
        for side in (sides.train, sides.test)
    )
    message = r"features that the model was trained on\. Missing: \[\]; unknown to the model: \['cart_age'\]"
    with pytest.raises(InputError, match=message):
        explain_group(model, train, test, "n_views > 3", CONFIG, 0)
    with pytest.raises(InputError, match=message):
        tell_stories(model, train, test.take(np.array([0])), THRESHOLD, CONFIG, 0)
