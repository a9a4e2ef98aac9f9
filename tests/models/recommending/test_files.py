"""A recommender comes back from disk as it was, and answers without any code of ours."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from data.errors import InputError
from models.recommending.recommender import Recommender
from tests.models.sixty_items import EVENTS, GAPS, SESSIONS, SHOP, untrained

# Keras 3.15 saves an Embedding by np.array(variable), which NumPy 2 does not like.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    return untrained(catalogue=SHOP)


def test_the_saved_model_alone_gives_the_same_lists(recommender: Recommender, tmp_path: Path) -> None:
    recommender.save(tmp_path)
    # Nothing of ours is needed: Keras alone, in safe mode.
    model = keras.saving.load_model(tmp_path / "recommender.keras", safe_mode=True, compile=False)
    told = {"events": EVENTS, "gaps": GAPS}
    for chosen in ((), ("events",), ("gaps",), ("events", "gaps")):
        inputs = {
            "session": padded(SESSIONS, ""),
            "events": padded(EVENTS if "events" in chosen else [], ""),
            "gaps": padded(GAPS, 0.0) if "gaps" in chosen else np.full((4, 5), -1.0, "float32"),
        }
        answer = model({name: keras.ops.convert_to_tensor(rows) for name, rows in inputs.items()})
        lists = np.asarray(answer["items"]).astype(str).tolist()
        asked: dict[str, Any] = {name: told[name] for name in chosen}
        assert lists == [[item for item, _ in found] for found in recommender.recommend(SESSIONS, 20, **asked)]


def padded(rows: list[list[Any]], nothing: Any) -> list[list[Any]]:
    """Four rows of the latest five each."""
    return [row[-5:] + [nothing] * (5 - len(row[-5:])) for row in [*rows, *[[]] * (4 - len(rows))]]


def test_a_loaded_recommender_is_the_saved_one_to_the_byte(recommender: Recommender, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, saved in ((first, recommender), (second, None)):
        folder.mkdir()
        (saved or Recommender.load(first)).save(folder)
    for name in ("recommender.keras", "recommender.json", "recommender_catalogue.parquet"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    assert Recommender.load(second).recommend(SESSIONS) == recommender.recommend(SESSIONS)


def test_files_that_do_not_belong_together_are_refused(recommender: Recommender, tmp_path: Path) -> None:
    recommender.save(tmp_path)
    (tmp_path / "recommender.json").write_text("{}")
    with pytest.raises(InputError, match="should describe the recommender"):
        Recommender.load(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    untrained(("a", "b")).save(other)
    (tmp_path / "recommender.json").write_bytes((other / "recommender.json").read_bytes())
    with pytest.raises(InputError, match="not of one training"):
        Recommender.load(tmp_path)
