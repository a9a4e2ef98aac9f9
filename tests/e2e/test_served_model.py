"""`mlflow models serve` over the registered abandonment model: raw events in, answers out, without this checkout."""

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

FIELDS = ["ts", "event", "item_id", "category", "price", "quantity"]

HIDE = """
import sys
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder).lower()]
"""
"""Run by every Python that finds it: makes the checkout, an editable installation, as good as absent."""


def ask(address: str, rows: Any) -> tuple[int, Any]:
    """Status and body of an answer."""
    body = json.dumps({"dataframe_records": rows}).encode()
    request = urllib.request.Request(f"{address}/invocations", body, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def ready(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    for _ in range(1_000):
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{address}/ping", timeout=60):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="module")
def server(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of MLflow's own server over the demo's champion, in a folder and an environment without the checkout."""
    home = tmp_path_factory.mktemp("elsewhere")
    (home / "hide").mkdir()
    (home / "hide" / "sitecustomize.py").write_text(HIDE)
    environment = {
        **os.environ,
        "PYTHONPATH": str(home / "hide"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "MLFLOW_TRACKING_URI": f"sqlite:///{demo / 'mlflow.db'}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    hidden = subprocess.run([sys.executable, "-c", "import explain"], cwd=home, env=environment, capture_output=True)
    assert b"No module named 'explain'" in hidden.stderr
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = home / "serve.log"
    command = ["models", "serve", "-m", "models:/cart-abandonment@champion", "--env-manager", "local", "-p", str(port)]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *command], cwd=home, env=environment, stdout=out, stderr=out,
            start_new_session=True,
        )  # fmt: skip
    try:
        ready(process, f"http://127.0.0.1:{port}", log)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, 15)  # MLflow's command and the server that it starts
        process.wait(timeout=60)


def carts_of(demo: Path, count: int) -> tuple[list[dict[str, Any]], list[float]]:
    """Test sessions as they were at a decision point, and what the pipeline's model says of them."""
    work = demo / "work"
    examples = read_examples(work / "split", "test").take(np.arange(0, 10 * count, 10))
    expected = predict(load_model(work / "train" / "abandonment.keras"), examples)
    log = pd.read_parquet(work / "sessionize" / "events.parquet").sort_values(["session_id", "step"])
    carts = []
    for session, until in zip(examples.keys["session_id"], examples.keys["ts"], strict=True):
        seen = log[(log["session_id"] == session) & (log["ts"] <= until)]
        events = json.loads(seen[FIELDS].to_json(orient="records", date_format="iso", date_unit="us"))
        carts.append({"visitor_id": seen["visitor_id"].iloc[0], "events": events})
    return carts, [float(value) for value in expected]


def test_raw_events_get_the_probability_that_the_pipeline_computed(demo: Path, server: str) -> None:
    carts, expected = carts_of(demo, 8)
    status, answer = ask(server, carts)
    assert status == 200, answer
    found = answer["predictions"]
    assert [cart["abandonment_probability"] for cart in found] == pytest.approx(expected, abs=1e-6)
    assert all("predicted risk" in reason for cart in found for reason in cart["reasons"])
    assert all(len(cart["items"]) == 5 for cart in found)
    assert all(cart["visitor_known"] for cart in found)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([{"events": []}], "`rows.0.events` should have at least 1 item"),
        ([{"events": [{"ts": "2026-03-01", "event": "wish", "item_id": "a"}]}], "should be 'view', 'cart', 'uncart'"),
        ([{"events": [{"ts": "2026-03-01", "event": "cart", "item_id": "a", "price": "x"}]}], "Received: \"x\""),
        ([{"events": [{"ts": "2026-03-01", "event": "cart"}]}], "item_id"),
        ([{"events": "a"}], "Expected data to be list"),
        ([{"visitor_id": "a"}], "missing inputs ['events']"),
    ],
)  # fmt: skip
def test_bad_rows_are_refused_in_words(server: str, rows: Any, told: str) -> None:
    status, answer = ask(server, rows)
    assert status == 400
    assert told in answer["message"]
    assert "Traceback" not in json.dumps(answer)


def test_a_whole_number_is_a_price(server: str) -> None:
    row = {"events": [{"ts": "2026-03-01T12:00:00Z", "event": "cart", "item_id": "a", "price": 5}]}
    status, answer = ask(server, [row])
    assert (status, answer["predictions"][0]["cart_value"]) == (200, 5.0)
