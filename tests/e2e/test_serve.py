"""The HTTP server in a process of its own: what it answers is what the pipeline computed."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.examples import read_examples
from models.abandonment import predict
from models.artifacts import load_model
from tests.conftest import ROOT

FIELDS = ["visitor_id", "session_id", "ts", "event", "item_id", "category", "price", "quantity"]


def ask(address: str, body: Any = None, raw: bytes | None = None) -> tuple[int, Any]:
    """Status and body of an answer; a GET without a body."""
    content = raw if raw is not None else None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, content, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


@pytest.fixture(scope="module")
def server(demo: Path) -> Iterator[str]:
    """Address of a server over the demo's run, ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "serve", "--workdir", str(demo / "work"), "--port", str(port)],
        cwd=ROOT,
        env={**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{demo / 'mlflow.db'}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    for _ in range(240):
        assert process.poll() is None, "the server ended"
        try:
            if ask(f"{address}/ready")[0] == 200:
                break
        except OSError:
            pass
        time.sleep(0.5)
    yield address
    process.terminate()
    process.wait(timeout=30)


def carts_of(demo: Path, count: int) -> tuple[list[dict[str, Any]], list[float]]:
    """Test sessions as they were at a decision point, and what the pipeline's model says of them."""
    work = demo / "work"
    examples = read_examples(work / "split", "test").take(np.arange(0, 10 * count, 10))
    expected = predict(load_model(work / "train" / "abandonment.keras"), examples)
    log = pd.read_parquet(work / "sessionize" / "events.parquet").sort_values(["session_id", "step"])
    carts = []
    for session, point in zip(examples.keys["session_id"], examples.keys["decision_point"], strict=True):
        events = log[log["session_id"] == session]
        first = int((events["event"] == "cart").to_numpy().argmax())
        seen = json.loads(events[FIELDS].iloc[: first + point + 1].to_json(orient="records", date_format="iso"))
        carts.append({"events": seen})
    return carts, [float(value) for value in expected]


def test_a_live_cart_gets_the_probability_that_the_pipeline_computed(demo: Path, server: str) -> None:
    carts, expected = carts_of(demo, 8)
    status, answer = ask(f"{server}/v1/carts", {"carts": carts, "reasons": True, "items": 3})
    assert status == 200, answer
    assert [cart["abandonment_probability"] for cart in answer["carts"]] == pytest.approx(expected, abs=1e-5)
    assert all(cart["reasons"] for cart in answer["carts"])
    assert all(len(cart["items"]) == 3 for cart in answer["carts"])
    assert answer["versions"] == ask(f"{server}/ready")[1]


def test_items_are_recommended_and_unknown_ones_counted(demo: Path, server: str) -> None:
    items = pd.read_parquet(demo / "work" / "sessionize" / "events.parquet")["item_id"].head(2).tolist()
    status, answer = ask(f"{server}/v1/recommendations", {"items": [*items, "no such item"], "k": 5})
    assert status == 200
    assert len(answer["items"]) == 5
    assert answer["skipped"] >= 1
    assert "no such item" in answer["unknown"]


@pytest.mark.parametrize(
    ("body", "status", "part"),
    [
        ({"carts": []}, 422, "carts"),
        ({"carts": [{"events": [{"visitor_id": 7}]}]}, 422, "carts.0.events.0"),
        ({"carts": [{"events": []}], "colour": 1}, 422, "colour"),
        ({"items": "a"}, 422, "carts"),
    ],
)
def test_a_wrong_request_is_answered_with_what_is_wrong(server: str, body: Any, status: int, part: str) -> None:
    found, answer = ask(f"{server}/v1/carts", body)
    assert found == status
    assert any(part in line for line in answer["detail"])
    assert "Traceback" not in json.dumps(answer)


def test_no_json_and_a_body_of_ten_megabytes_are_refused_and_the_server_lives_on(server: str) -> None:
    assert ask(f"{server}/v1/carts", raw=b"{not json")[0] == 422
    try:
        status = ask(f"{server}/v1/carts", raw=b" " * 10_000_000)[0]
    except OSError:  # refused before all of it was sent
        status = 413
    assert status == 413
    assert ask(f"{server}/health") == (200, {"status": "alive"})
