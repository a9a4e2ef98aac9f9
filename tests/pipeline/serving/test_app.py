"""The HTTP application over a real run."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from data.examples import read_examples
from models.abandonment import predict
from models.artifacts import load_model
from pipeline.serving.app import make_app
from pipeline.serving.limits import LIMIT
from pipeline.serving.reloading import Reloader
from pipeline.serving.sources import Source
from tests.pipeline.serving.conftest import cart

EVENT = {"visitor_id": "v", "ts": "2026-03-01T10:00:00Z", "event": "cart", "item_id": "a", "price": 3.5, "quantity": 2}


def carts_of(*events: dict[str, Any]) -> dict[str, Any]:
    return {"carts": [{"events": list(events)}]}


def test_a_prefix_gets_the_probability_of_the_batch_at_that_decision_point(
    client: TestClient, workdir: Path, sessions: pd.DataFrame
) -> None:
    examples = read_examples(workdir / "split", "test")
    examples = examples.take(np.arange(0, len(examples), max(1, len(examples) // 60)))
    model = load_model(workdir / "train" / "abandonment.keras")
    keys = zip(examples.keys["session_id"], examples.keys["ts"], strict=True)
    prefixes = [sessions[(sessions["session_id"] == session) & (sessions["ts"] <= until)] for session, until in keys]
    answer = client.post("/v1/carts", json={"carts": [cart(prefix) for prefix in prefixes]})
    assert answer.status_code == 200, answer.text
    found = [one["abandonment_probability"] for one in answer.json()["carts"]]
    np.testing.assert_allclose(found, predict(model, examples), atol=1e-6)
    assert [one["decision_point"] for one in answer.json()["carts"]] == examples.keys["decision_point"].tolist()


def test_reasons_items_and_what_is_not_known(client: TestClient, sessions: pd.DataFrame) -> None:
    item = str(sessions["item_id"].mode()[0])
    body = carts_of({**EVENT, "item_id": item}, {**EVENT, "event": "view", "item_id": "never sold"})
    one = client.post("/v1/carts", json={**body, "reasons": True, "items": 3}).json()["carts"][0]
    assert (one["visitor_known"], one["cart_value"], one["skipped"], len(one["items"])) == (False, 7.0, 1, 3)
    assert item not in {shown["item_id"] for shown in one["items"]}
    assert all("predicted risk" in reason for reason in one["reasons"])
    plain = client.post("/v1/carts", json=body).json()["carts"][0]
    assert plain == {**one, "reasons": None, "items": None, "skipped": None}


def test_recommendations_keep_to_their_filters(client: TestClient, sessions: pd.DataFrame) -> None:
    item = str(sessions["item_id"].mode()[0])
    told = client.post("/v1/recommendations", json={"items": [item, "x"], "k": 4, "exclude_seen": True}).json()
    assert (told["source"], told["skipped"], told["unknown"], len(told["items"])) == ("model", 1, ["x"], 4)
    best = told["items"][0]["item_id"]
    without = client.post("/v1/recommendations", json={"items": [item], "k": 4, "exclude": [best]}).json()
    assert best not in {shown["item_id"] for shown in without["items"]}
    refused = client.post("/v1/recommendations", json={"items": [item], "events": ["view", "view"]})
    assert refused.status_code == 422


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"carts": []}, "`carts` should have at least 1 item"),
        (
            carts_of({**EVENT, "price": -1}),
            "`carts.0.events.0.price` should be greater than or equal to 0. Received: -1",
        ),
        (carts_of({**EVENT, "price": math.nan}), "`carts.0.events.0.price` should be a finite number. Received: NaN"),
        (carts_of({**EVENT, "quantity": "2"}), "`carts.0.events.0.quantity` should be a valid integer"),
        (carts_of({**EVENT, "ts": 5}), "`carts.0.events.0.ts` should be a time in ISO 8601"),
        (carts_of({**EVENT, "ts": "0001-01-01T00:00:00+14:00"}), "in the years 1900..2199"),
        (carts_of({**EVENT, "colour": "red"}), "`carts.0.events.0.colour` is no field of this request."),
        (carts_of({**EVENT, "item_id": "\ud800"}), "`carts.0.events.0.item_id` should be a valid string"),
        (carts_of({**EVENT, "event": "view"}), "`carts.0.events` should have a cart event. Received: view"),
        (carts_of(EVENT, {**EVENT, "event": "purchase"}), "should be of an open cart"),
        (carts_of(EVENT, {**EVENT, "visitor_id": "w"}), "should have one visitor_id. Received: 2 different ones"),
        (carts_of(EVENT, {**EVENT, "ts": "2026-03-01T11:00:00Z"}), "Received: a pause of 60.0 minutes"),
    ],
)
def test_a_bad_request_is_told_what_was_expected(client: TestClient, body: Any, told: str) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    answer = client.post("/v1/carts", content=text, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert told in answer.json()["detail"][0]
    assert "Traceback" not in answer.text


def test_a_body_that_is_not_said_to_be_json_is_refused(client: TestClient) -> None:
    told = client.post(
        "/v1/carts", content=json.dumps(carts_of(EVENT)).encode(), headers={"content-type": "text/plain"}
    )
    assert (told.status_code, told.json()["detail"][0][-31:]) == (415, "Content-Type: application/json.")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("{", "Expecting property name enclosed in double quotes at character 1"),
        (b'{"carts": "\xff"}', "bytes that are not utf-8 at 11"),
        ('{"items": [], "items": ["a"]}', 'the key "items" twice in one object'),
        ('{"items": ' + "[" * 100_000, "one that is nested too deeply"),
        ('{"items": ' + '{"a": ' * 100_000, "one that is nested too deeply"),
        ('{"k": ' + "9" * 5_000 + "}", "Exceeds the limit (4300 digits) for integer string conversion"),
        ('{"items": [1e400, NaN], "min_price": Infinity', "Expecting ',' delimiter"),
    ],
)
def test_a_body_that_is_no_json_of_one_meaning_is_refused(client: TestClient, body: str | bytes, told: str) -> None:
    answer = client.post("/v1/recommendations", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["detail"][0].startswith(f"The body should be JSON. Received: {told}")


def test_a_key_that_comes_twice_in_an_event_loses_no_value(client: TestClient) -> None:
    body = json.dumps(carts_of(EVENT)).replace('"event":', '"price": 1.0, "price": 2.0, "event":')
    answer = client.post("/v1/carts", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, '"price" twice' in answer.json()["detail"][0]) == (400, True)


def test_a_long_body_is_refused_declared_or_not(client: TestClient) -> None:
    assert client.post("/v1/carts", content=b"x" * (LIMIT + 1)).status_code == 413
    assert client.post("/v1/carts", content=iter([b"x" * LIMIT, b"x"])).status_code == 413
    assert client.post("/v1/carts", content=b"x" * LIMIT).status_code == 415


def test_metrics_count_requests_and_name_the_models(client: TestClient, reloader: Reloader) -> None:
    client.get("/nowhere")
    told = client.get("/metrics").text
    assert 'pipeline_requests_total{path="other",status="404"}' in told
    assert reloader.current is not None
    assert f'pipeline_model{{model="abandonment",version="{reloader.current.served.versions.abandonment}"}} 1.0' in told
    assert client.get("/health").json() == {"status": "alive"}


def test_before_the_models_are_loaded_nothing_is_scored(workdir: Path) -> None:
    client = TestClient(make_app(Reloader(Source(workdir), 3600), lambda _: None))  # not started: no lifespan
    assert client.get("/health").status_code == 200
    assert client.get("/ready").status_code == client.post("/v1/carts", json=carts_of(EVENT)).status_code == 503


def test_what_goes_wrong_inside_stays_inside(client: TestClient, reloader: Reloader, monkeypatch: Any) -> None:
    assert reloader.current is not None
    monkeypatch.setattr(reloader.current.score, "_work", lambda _: 1 / 0)
    answer = client.post("/v1/carts", json=carts_of(EVENT))
    assert (answer.status_code, "division" in answer.text) == (500, False)


# Hypothesis takes a random number that another thread draws meanwhile for one of the strategy's own.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
def test_answers_keep_to_the_schema(client: TestClient) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", client.app)
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) == 5
    for operation in operations:

        @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy())
        def probe(case: Any) -> None:
            case.validate_response(case.call(), checks=checks)

        probe()
