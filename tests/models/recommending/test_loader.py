"""The recommender as a function from a table of sessions, as MLflow calls it."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from models.config import RecommenderConfig
from models.loaders.next_item import NextItemModel, _load_pyfunc
from tests.models.untrained import save_untrained

# Keras 3.15 saves an Embedding by np.array(variable), which NumPy 2 does not like.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ITEMS = tuple(f"item {place}" for place in range(30))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> NextItemModel:
    folder = tmp_path_factory.mktemp("model")
    save_untrained(folder, ITEMS, RecommenderConfig(dimension=4, max_length=5))
    return _load_pyfunc(str(folder))


def ask(model: NextItemModel, *sessions: Any) -> pd.DataFrame:
    return model.predict(pd.DataFrame({"session": list(sessions)}, index=[f"row {n}" for n in range(len(sessions))]))


def test_odd_sessions_are_answered_and_unknown_items_counted(model: NextItemModel) -> None:
    long = [f"item {place % 7}" for place in range(10_000)]
    sessions = [["item 3", "item 3"], ["x", "item 3", None, "item 3"], [], ["x", "y"], long, np.array(["item 1", "z"])]
    found = ask(model, *sessions)
    assert found.index.tolist() == [f"row {place}" for place in range(6)]
    assert found["skipped"].tolist() == [0, 2, 0, 2, 0, 1]
    assert all(len(items) == len(set(items)) == 20 for items in found["items"])
    assert found["items"].iloc[0] == found["items"].iloc[1]
    assert found["items"].iloc[2] == found["items"].iloc[3] == list(ITEMS[:20])
    assert found["items"].iloc[4] == ask(model, long[-5:])["items"].iloc[0]
    for scores in found["scores"]:
        assert scores == sorted(scores, reverse=True)


def test_a_table_without_sessions_is_refused_where_the_reader_can_see_why(model: NextItemModel) -> None:
    assert len(ask(model)) == 0
    with pytest.raises(MlflowException, match=r"should have a column `session`\. Received: items, when"):
        model.predict(pd.DataFrame({"items": [["a"]], "when": [0]}))
    for session in ("item 3", None, 7.5):
        with pytest.raises(MlflowException, match=r"list of item ids in every row\. Received: .* in row 1"):
            ask(model, ["item 3"], session)
