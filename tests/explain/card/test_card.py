from pathlib import Path

import keras
import pytest

from explain.card import model_facts, write_model_card
from explain.page import fill, navigation
from models.artifacts import save_model
from tests.explain.card.facts import FACTS
from tests.explain.pages import Page
from tests.explain.results import EVIL, report_data, run_data


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_model_card(report_data(), FACTS, tmp_path_factory.mktemp("card")).read_text()


def test_the_card_has_every_part_of_a_model_card(card: str) -> None:
    parsed = Page(card)
    ids = {attributes.get("id") for _, attributes in parsed.elements}
    assert {"use", "model", "data", "training", "quality", "parts", "cost", "origin"} <= ids
    assert all((attributes["href"] or "")[1:] in ids for attributes in parsed.all("a"))
    for words in (
        "When not to use it",
        "Calibration",
        "What the gradients did",
        "Whom to ask",
        "2.0 KiB",
        "Raw columns go in",
    ):
        assert words in parsed.text


def test_names_from_the_data_run_nothing_in_the_card(card: str) -> None:
    parsed = Page(card)
    assert not [tag for tag, _ in parsed.elements if tag in ("script", "img", "iframe", "b")]
    assert all(name in parsed.text for name in EVIL[:3])


def test_a_recommender_alone_has_a_shorter_card(tmp_path: Path) -> None:
    text = Page(write_model_card(run_data(), FACTS, tmp_path).read_text()).text
    assert "which items a session is likely to look at next" in text
    assert "open cart" not in text
    assert "For whom" not in text


def test_a_leak_and_few_carts_stand_among_the_reasons_not_to_use_it(tmp_path: Path) -> None:
    text = Page(write_model_card(report_data(few=30), FACTS, tmp_path).read_text()).text
    assert "may give the answer away" in text.partition("When not to use it")[2].partition("What it is\n")[0]
    assert "Few data" in text


def test_layers_are_told_one_by_one_with_their_parameters(tmp_path: Path) -> None:
    inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, name="hidden")], name="core")
    scale = keras.layers.Normalization(axis=None, mean=0.0, variance=1.0, name="scale")
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.BatchNormalization(name="bn")(inner(scale(inputs))))
    path = tmp_path / "model.keras"
    save_model(model, path)
    found = model_facts("network", model, path)
    assert [(layer.name, layer.parameters) for layer in found.layers] == [("scale", 0), ("hidden", 16), ("bn", 16)]
    assert [layer.shape for layer in found.layers] == ["3", "4", "4"]
    assert (found.parameters, found.trained) == (32, 24)
    assert not found.takes_raw_columns
    assert found.file_bytes == path.stat().st_size


def test_marks_are_filled_and_links_escaped() -> None:
    links = navigation({"index.html": "Report", "x.html": EVIL[0]}, "index.html")
    page = fill(fill("<p><!-- pages --><!-- /pages --></p>", {"pages": links}), {"pages": links})
    parsed = Page(page)
    assert page.startswith("<p>")
    assert page.endswith("</p>")
    assert [attributes.get("aria-current") for attributes in parsed.all("a")] == ["page", None]
    assert EVIL[0] in parsed.text
