"""The server as a process: stopped any way, it comes back with the same answers; registered models are followed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import pandas as pd

from tests.conftest import ROOT
from tests.pipeline.serving.conftest import cart


@contextmanager
def served(*arguments: str | Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "pipeline", "serve", *map(str, arguments)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "400"}
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split(" at ")[1].split(";")[0]
        while httpx.get(f"{address}/ready", timeout=60).status_code == 503:
            assert process.poll() is None
            time.sleep(0.2)
        yield process, address
    finally:
        process.kill()
        process.communicate()


def test_a_killed_server_comes_back_with_the_same_answers(workdir: Path, sessions: pd.DataFrame) -> None:
    first = sessions[sessions["event"] == "cart"].iloc[:1]
    body = {"carts": [cart(first)]}
    with served("--workdir", workdir, "--port", "0") as (process, address):
        before = httpx.post(f"{address}/v1/carts", json=body, timeout=60)
        port = address.rsplit(":", 1)[1]
        taken = subprocess.run(
            [sys.executable, "-m", "pipeline", "serve", "--workdir", str(workdir), "--port", port],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (taken.returncode, "`--port` should be an address to listen on" in taken.stderr) == (2, True)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with served("--workdir", workdir, "--port", port) as (process, address):
        after = httpx.post(f"{address}/v1/carts", json=body, timeout=60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) in (0, -signal.SIGTERM)
    assert before.status_code == 200
    assert before.json() == after.json()
