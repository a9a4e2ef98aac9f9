"""MLflow's own server over the registered recommender: a mistake is answered in words."""

import json
from typing import Any

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from models.config import RecommenderConfig
from models.loaders.next_item import _load_pyfunc
from pipeline.store import open_store
from pipeline.tracking import LoggedModel, register
from tests.models.untrained import save_untrained

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow 3.17 warns of itself when it is imported and on pandas 3

ITEMS = tuple(f"item {place}" for place in range(30))
SMALL = RecommenderConfig(dimension=4, max_length=5, use_events=True, use_gaps=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """What `mlflow models serve` starts, over a recommender in a registry of its own."""
    import mlflow
    from mlflow.pyfunc import scoring_server

    place = tmp_path_factory.mktemp("registered")
    save_untrained(place / "model", ITEMS, SMALL)
    example = pd.DataFrame({"session": [["item 1"], ["item 3"]], "events": [["view"], None], "gaps": [[0.0], None]})
    answer = _load_pyfunc(str(place / "model")).predict(example)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{place / 'mlflow.db'}")
        client = open_store()
        run = client.create_run(client.create_experiment("some", (place / "artifacts").as_uri()))
        packages = ("data", "models")
        model = LoggedModel("items", "models.loaders.next_item", packages, (), place / "model", example, answer, {})
        register(client, run.info.run_id, model, {})
        return TestClient(scoring_server.init(mlflow.pyfunc.load_model("models:/items@champion")))


def ask(server: TestClient, row: dict[str, Any]) -> tuple[int, Any]:
    """Status and body of the answer to one session."""
    body = json.dumps({"dataframe_records": [row]})
    answer = server.post("/invocations", content=body, headers={"content-type": "application/json"})
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"session": ["item 1"], "events": ["wish"]}, "`events` should be among view, cart, uncart, purchase"),
        (
            {"session": ["item 1"], "events": ["view", "cart"]},
            "one entry for each of 1 items of session 0. Received: 2",
        ),
        ({"session": ["item 1"], "gaps": [-1.0]}, "`gaps` should be seconds, 0 or more. Received: -1.0"),
        ({"session": ["item 1"], "gaps": [None]}, "`gaps` should be seconds, 0 or more. Received: None"),
        ({"session": ["item 1", "item 2"], "gaps": [None, 1]}, "`gaps` should be seconds, 0 or more. Received: None"),
        ({"session": ["item 1"], "gaps": ["soon"]}, "`gaps` should be seconds, 0 or more. Received: soon"),
        ({"session": ["item 1", "item 2"], "gaps": [0, True]}, "`gaps` should be seconds, 0 or more. Received: True"),
        ({"session": ["item 1"], "gaps": [[5]]}, "`gaps` should be seconds, 0 or more. Received: [5]"),
        ({"session": ["item 1"], "gaps": 5}, "Expected data to be list"),
        ({"session": "item 1"}, "Expected data to be list"),
        ({"events": ["view"]}, "missing inputs ['session']"),
    ],
)
def test_a_mistake_is_refused_in_words(server: TestClient, row: dict[str, Any], told: str) -> None:
    status, answer = ask(server, row)
    assert status == 400
    assert told in answer["message"]
    assert "Traceback" not in json.dumps(answer)


def test_whole_numbers_of_seconds_are_seconds(server: TestClient) -> None:
    session = {"session": ["item 1", "item 2", "item 3"], "events": ["view", "cart", "view"]}
    answers = [ask(server, {**session, "gaps": gaps}) for gaps in ([0.0, 5.0, 7.5], [0, 5, 7.5], [0.0, 5, 7.5])]
    whole = [ask(server, {**session, "gaps": gaps}) for gaps in ([0.0, 5.0, 900.0], [0, 5, 900])]
    assert {status for status, _ in (*answers, *whole)} == {200}
    assert answers[0] == answers[1] == answers[2] != whole[0] == whole[1]


def test_a_session_is_answered(server: TestClient) -> None:
    told = {"session": ["item 1", "item 2"], "events": ["view", "cart"], "gaps": [0.0, 5.0]}
    for row in (told, {"session": ["item 1"]}):
        status, answer = ask(server, row)
        assert status == 200, answer
        assert len(answer["predictions"][0]["items"]) == 20
