"""How many requests a second `python -m pipeline serve` answers, how fast, and whether any is lost when models change.

    python -m benchmarks.serve [--quick] [--workdir D]

A demo run is made (or the one in D is taken) and its models are registered twice in a store of their own. The server is
a process of its own with a poll of one second; the load comes from this one, by asyncio and httpx2 over 16 connections
that are kept open. Each request holds one cart of the run's test window with the events of its session up to a decision
point, without reasons and items. Three loads: requests sent evenly at 200 a second whether answered or not (latencies
are from these, each from the moment it should have been sent), the same while the alias of the abandonment model moves
to the other version, and as fast as 8 clients get answers. `--quick` makes each shorter.

Both processes and everything else on the machine share its cores: `load_before` is the machine's load average when it
began, and above 1 the figures are of a machine that does other things too.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import numpy as np
import pandas as pd

from benchmarks.harness import Target, demo_run, finish

RATE, CLIENTS, CONNECTIONS = 200, 8, 16
SMALL = ("demo.sessions=6000", "tune.trials=2", "tune.epochs=4", "abandonment.epochs=8", "recommender.epochs=2")
MODEL = "cart-abandonment"
TARGETS = (
    Target("requests_per_second", ">=", 200.0),
    Target("p99_ms", "<=", 50.0),
    Target("lost_in_reload", "<=", 0.0),
)

Send = Callable[[bytes], Awaitable[tuple[int, str]]]


def bodies(workdir: Path, count: int) -> list[bytes]:
    """Requests with one cart each."""
    events = pd.read_parquet(workdir / "sessionize" / "events.parquet").sort_values(["session_id", "step"])
    points = pd.read_parquet(workdir / "split" / "test.parquet", columns=["session_id", "ts"])
    chosen = points.sample(count, replace=True, random_state=0)
    by_session = dict(list(events[events["session_id"].isin(chosen["session_id"])].groupby("session_id")))
    asked = zip(chosen["session_id"], chosen["ts"], strict=True)
    return [_body(by_session[session], until) for session, until in asked]


def _body(session: pd.DataFrame, until: pd.Timestamp) -> bytes:
    columns = ["visitor_id", "ts", "event", "item_id", "category", "price", "quantity"]
    told = session.loc[session["ts"] <= until, columns]
    return f'{{"carts":[{{"events":{told.to_json(orient="records", date_format="iso", date_unit="us")}}}]}}'.encode()


@contextmanager
def server(workdir: Path, home: Path, environment: dict[str, str]) -> Iterator[str]:
    """A server over the registry's champion, ready to answer."""
    log = home / "serve.log"
    command = [sys.executable, "-m", "pipeline", "serve", "--workdir", str(workdir), "--port", "0", "--reload", "1"]
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, "--abandonment", f"models:/{MODEL}@champion"], stdout=out, stderr=out, env=environment
        )
    try:
        yield _ready(process, log)
    finally:
        process.terminate()
        process.wait()


def _ready(process: subprocess.Popen[bytes], log: Path) -> str:
    while process.poll() is None:
        time.sleep(0.5)
        told = log.read_text()
        if " at http" not in told:
            continue
        address = "http" + told.split(" at http")[1].split(";")[0]
        if httpx.get(f"{address}/ready", timeout=30).status_code == 200:
            return address
    raise RuntimeError(log.read_text())


async def evenly(
    send: Send, asked: list[bytes], during: Callable[[], None] | None = None
) -> list[tuple[float, int, str]]:
    """Milliseconds, status and model version of requests sent at `RATE` whether answered or not."""
    loop = asyncio.get_running_loop()
    begin = loop.time() + 0.1
    moved = asyncio.to_thread(during) if during else asyncio.sleep(0)

    async def one(place: int, body: bytes) -> tuple[float, int, str]:
        due = begin + place / RATE
        await asyncio.sleep(due - loop.time())
        status, version = await send(body)
        return 1_000 * (loop.time() - due), status, version

    answers, _ = await asyncio.gather(asyncio.gather(*(one(*each) for each in enumerate(asked))), moved)
    return answers


async def at_most(send: Send, asked: list[bytes]) -> float:
    """Requests a second that `CLIENTS` get answered, each sending its next one when the last is answered."""
    rest = iter(asked)

    async def client() -> None:
        for body in rest:
            await send(body)

    begin = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return len(asked) / (time.perf_counter() - begin)


async def measure(address: str, asked: list[bytes], move: Callable[[], None]) -> dict[str, float]:
    """All figures."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    headers = {"content-type": "application/json"}
    patient = httpx.Timeout(30, pool=None)  # to wait for a free connection is no loss
    async with httpx.AsyncClient(base_url=address, limits=limits, headers=headers, timeout=patient) as client:

        async def send(body: bytes) -> tuple[int, str]:
            try:
                answer = await client.post("/v1/carts", content=body)
            except httpx.HTTPError:
                return 0, ""
            told = answer.json()
            return answer.status_code, told["versions"]["abandonment"] if answer.status_code == 200 else ""

        await at_most(send, asked[:500])
        steady = await evenly(send, asked)
        rate = await at_most(send, asked)
        moving = await evenly(send, asked, move)
    taken = np.array([milliseconds for milliseconds, _, _ in steady])
    through = np.array([milliseconds for milliseconds, _, _ in moving])
    return {
        "requests_per_second": rate,
        "p50_ms": float(np.percentile(taken, 50)),
        "p99_ms": float(np.percentile(taken, 99)),
        "lost": float(sum(status != 200 for _, status, _ in steady)),
        "lost_in_reload": float(sum(status != 200 for _, status, _ in moving)),
        "versions_in_reload": float(len({version for _, _, version in moving if version})),
        "p99_in_reload_ms": float(np.percentile(through, 99)),
    }


def registered_twice() -> Callable[[], None]:
    """Register the run's abandonment model as two versions of one model; what moves the alias to the second."""
    from mlflow import MlflowClient

    client = MlflowClient()
    first = client.get_model_version_by_alias(MODEL, "champion")
    second = client.create_model_version(MODEL, first.source, first.run_id)

    def move() -> None:
        time.sleep(2)
        client.set_registered_model_alias(MODEL, "champion", second.version)

    return move


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a form of about a minute beside the run")
    parser.add_argument("--workdir", type=Path, help="a demo run to take, registered in MLFLOW_TRACKING_URI")
    arguments = parser.parse_args()
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        if arguments.workdir is None:
            os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{home / 'mlflow.db'}"
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        workdir = arguments.workdir or demo_run(home, SMALL)
        asked = bodies(workdir, 2_000 if arguments.quick else 12_000)
        move = registered_twice()
        with server(workdir, home, environment) as address:
            figures: dict[str, Any] = asyncio.run(measure(address, asked, move))
    figures["load_before"] = before
    for name, value in figures.items():
        print(f"{name:25s} {value:12.3f}")
    finish("serve", figures, TARGETS)


if __name__ == "__main__":
    main()
