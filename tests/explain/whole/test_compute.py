from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.examples import Examples
from explain.whole.compute import explain_whole, groups_of
from explain.whole.related import Group, Related
from explain.whole.results import read_whole, write_whole
from tests.explain.results import CONFIG, explained, shop, whole

FILES = {"shapes.json", "interactions.json", "related.json", "stand_ins.json", "parts.json"}


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write_whole(whole(), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == FILES
    assert read_whole(tmp_path) == whole()


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    sides, model = shop()
    contents = []
    for name, found in (("first", whole()), ("again", explain_whole(model, sides, explained()[1], 0.5, CONFIG, 0))):
        (tmp_path / name).mkdir()
        write_whole(found, tmp_path / name)
        contents.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert contents[0] == contents[1]


def test_a_linear_model_is_additive_and_its_regression_is_followed() -> None:
    found = whole()
    assert all(pair.h < 1e-3 for pair in found.interactions.pairs)
    assert len(found.shapes) == CONFIG.shape_features
    assert {shape.feature.kind for shape in found.shapes} == {"numeric", "categorical"}
    assert [group.members for group in found.related.groups] == [(spec.name,) for spec in explained()[0].specs]


def test_a_threshold_that_nudges_nobody_has_no_sides_to_agree_on() -> None:
    sides, model = shop()
    assert explain_whole(model, sides, explained()[1], 1.0, CONFIG, 0).stand_ins.threshold == 0.5


def test_parts_are_the_families_or_else_what_goes_together() -> None:
    test, _ = explained()
    go_together = Related((Group(("cart_value", "unused"), 0.0, 0.0, 0.0), Group(("device",), 0.0, 0.0, 0.0)), 0.6, {})
    families = groups_of(test, go_together)
    assert families["time"] == ("seconds_since_last_cart", "unused")
    assert sorted(name for names in families.values() for name in names) == sorted(spec.name for spec in test.specs)
    table = Examples(test.keys, test.features, test.abandoned, tuple(replace(s, group="table") for s in test.specs))
    assert list(groups_of(table, go_together).values()) == [("cart_value", "unused"), ("device",)]


def test_few_carts_suffice() -> None:
    sides, model = shop()
    both = [int(np.flatnonzero(sides.test.abandoned == label)[0]) for label in (0, 1)]
    few = replace(sides, test=sides.test.take(np.array(both)))
    found = explain_whole(model, few, explained()[1], 0.5, CONFIG, 0)
    assert found.stand_ins.tested == 2


@pytest.mark.parametrize("name", ["shapes", "interactions"])
def test_every_part_names_features_of_the_model(name: str) -> None:
    names = {spec.name for spec in explained()[0].specs}
    found = whole()
    told = (
        {shape.feature.name for shape in found.shapes}
        if name == "shapes"
        else {feature.name for pair in found.interactions.pairs for feature in (pair.first, pair.second)}
    )
    assert told <= names
