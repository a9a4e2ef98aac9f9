"""What the rescue list shows in open carts, and what it says of what it could not know."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.errors import InputError
from data.examples import Examples
from data.open_carts import OpenCarts
from models.config import RecommenderConfig
from pipeline.config import RescueConfig
from pipeline.rescue_items import items_to_show, out_of_stock
from tests.models.untrained import save_untrained

# Keras 3.15 saves an Embedding by np.array(variable), which NumPy 2 does not like.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ITEMS = tuple(f"item {place}" for place in range(30))
NOBODY = Examples(pd.DataFrame(), pd.DataFrame(), np.zeros(0, dtype=np.int8), ())


@pytest.fixture(scope="module")
def workdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    save_untrained(folder / "train", ITEMS, RecommenderConfig(dimension=4, max_length=5, use_gaps=True))
    (folder / "train" / "history.json").write_text(json.dumps({"recommender": {"loss": [1.0]}}))
    return folder


def carts(items: list[list[str]], bought: list[list[str]] | None = None) -> OpenCarts:
    return OpenCarts(NOBODY, items, bought or [[] for _ in items], pd.Series(dtype="float64"))


def show(
    workdir: Path, found: OpenCarts, excluded: tuple[str, ...] = (), **settings: object
) -> tuple[list[set[str]], tuple[str, ...]]:
    frame, notes = items_to_show(workdir, found, RescueConfig.model_validate(settings), excluded)
    assert list(frame) == [f"item_{place}" for place in range(1, 6)]
    return [{item for item in row if isinstance(item, str)} for row in frame.to_numpy().tolist()], notes


def test_nothing_is_shown_that_the_cart_has_and_unknown_items_are_counted(workdir: Path) -> None:
    sessions = [["item 3", "item 4", "item 3"], [f"item {place}" for place in range(27)], ["new", "newer"], []]
    shown, notes = show(workdir, carts(sessions))
    for session, items in zip(sessions, shown, strict=True):
        assert not set(session) & items
        assert len(items) == min(5, 30 - len(set(session) & set(ITEMS)))
    assert shown[2] == shown[3] == set(ITEMS[:5])
    assert notes == (
        "2 of 32 items in the sessions are not known to the recommender and skipped.",
        "2 sessions have no item that the recommender knows; they get the most popular ones.",
    )


def test_kinds_and_gaps_of_the_events_count(workdir: Path) -> None:
    sessions = [["item 3", "item 4"], ["item 5", "item 9"]]
    plain, found = show(workdir, carts(sessions)), carts(sessions)
    for told in ({"events": [["cart", "cart"]] * 2}, {"gaps": [[0.0, 9.0]] * 2}):
        assert show(workdir, replace(found, **told)) != plain


def test_what_the_visitor_bought_before_is_left_out_unless_the_shop_wants_it(workdir: Path) -> None:
    sessions = [["item 3"], ["item 3"], ["item 4"]]
    plain, told = show(workdir, carts(sessions))
    assert told == ()
    bought = [sorted(plain[0])[:3], [], ["never sold here"]]
    shown, notes = show(workdir, carts(sessions, bought))
    assert not set(bought[0]) & shown[0]
    assert len(shown[0]) == 5
    assert shown[1:] == plain[1:]
    assert len(notes) == 1
    assert notes[0].startswith("2 of 3 carts are of visitors who bought before; ")
    assert show(workdir, carts(sessions, bought), hide_bought=False) == (plain, ())


def test_what_is_out_of_stock_is_shown_to_nobody(workdir: Path, tmp_path: Path) -> None:
    file = tmp_path / "stock.txt"
    gone = [f"gone {place}" for place in range(12)]
    file.write_text("\n".join([*ITEMS[:26], *gone]))
    config = RescueConfig(exclude_file=file)
    shown, notes = show(workdir, carts([["item 3"], []]), tuple(out_of_stock(config)), exclude_file=file)
    assert shown == [set(ITEMS[26:])] * 2
    named = ", ".join(gone[:10])
    assert notes[-1] == (f"12 of 38 items in {file} are not known, so they could not come anyway: {named} and 2 more.")
    assert out_of_stock(RescueConfig()) == []
    with pytest.raises(InputError, match=r"`rescue\.exclude_file` should be a text file"):
        out_of_stock(RescueConfig(exclude_file=tmp_path / "absent"))


def test_a_run_without_a_recommender_shows_nothing_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "history.json").write_text('{"recommender": {"skipped": "too few sessions"}}')
    frame, notes = items_to_show(tmp_path, carts([["a"]]), RescueConfig(), ())
    assert (frame.shape, notes) == ((1, 0), ("No items to show: too few sessions.",))
