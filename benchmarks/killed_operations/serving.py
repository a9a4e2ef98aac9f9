"""Kills `serve`: while it starts, under load, and while it loads other models."""

import random
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pandas as pd

from benchmarks.killed_operations.home import RUN, Home
from benchmarks.killed_operations.killing import Moment, kill, left_over, wait_for
from pipeline.fingerprint import file_hash
from pipeline.runner import CONFIG

CLIENTS, CARTS = 4, 20
PATIENCE = 180.0
"""Seconds that the server may take to be ready."""


def measure(home: Home, kills: int, chance: random.Random) -> dict[str, float]:
    """Kill so many times; figures by name. The server that is started again is the next one to be killed."""
    home.put_back(RUN)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address, asked = f"http://127.0.0.1:{port}", _carts(home.work)
    figures: dict[str, float] = {}
    process = _server(home, port)
    _ready(process, address)
    wanted, whole, temporary = _answers(address, asked), _contents(home), _temporary(home)
    for number in range(kills):
        kind = ("loaded", "reloading", "starting")[number % 3]
        if kind == "starting":
            process.terminate()
            process.wait()
            process = _server(home, port)
            wait_for(Moment(kind, chance.uniform(0, 12)), process)
            killed = kill(process, group=number % 2 == 0)
        else:
            with _load(address, asked):
                if kind == "reloading":
                    config = home.work / CONFIG
                    config.write_text(config.read_text() + " ")
                    whole |= {f"work/{CONFIG}": file_hash(config)}
                wait_for(Moment(kind, chance.uniform(0, 3)), process)
                killed = kill(process, group=number % 2 == 0)
        orphans = left_over(home.place)
        process = _server(home, port)
        _ready(process, address)
        found, after = _answers(address, asked), _contents(home)
        told = {
            "kills": int(killed),
            "other_answers": sum(one != other for one, other in zip(found, wanted, strict=True)),
            "other_files": sum(after.get(name) != digest for name, digest in whole.items()),
            "left_behind": len(after.keys() - whole.keys()) + max(0, _temporary(home) - temporary),
            "orphans": orphans,
        }
        print(f"serve {number + 1:2d} {kind}", told, flush=True)
        figures = {f"serve_{name}": figures.get(f"serve_{name}", 0.0) + value for name, value in told.items()}
    process.terminate()
    process.wait()
    return figures


def _server(home: Home, port: int) -> subprocess.Popen[bytes]:
    return home.start("serve", "--port", str(port), "--reload", "0.2")


def _ready(process: subprocess.Popen[bytes], address: str) -> None:
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            if httpx.get(f"{address}/ready", timeout=10).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise RuntimeError("The server did not get ready.")


def _carts(work: Path) -> list[dict[str, Any]]:
    """Requests about carts of the log."""
    events = pd.read_parquet(work / "sessionize" / "events.parquet").sort_values(["session_id", "step"])
    fields = ["visitor_id", "ts", "event", "item_id", "category", "price", "quantity"]
    carted = events[events["event"] == "cart"]["session_id"].unique()[:CARTS]
    sessions = (events.loc[events["session_id"] == session, fields].astype(object) for session in carted)
    told = (one.assign(ts=[moment.isoformat() for moment in one["ts"]]) for one in sessions)
    return [{"carts": [{"events": one.where(one.notna(), None).to_dict("records")}]} for one in told]


def _answers(address: str, asked: list[dict[str, Any]]) -> list[Any]:
    return [httpx.post(f"{address}/v1/carts", json=body, timeout=60).json() for body in asked]


@contextmanager
def _load(address: str, asked: list[dict[str, Any]]) -> Iterator[None]:
    """Clients that go on asking while the block lasts, whether there is an answer or not."""
    over = threading.Event()
    clients = [threading.Thread(target=_ask, args=(address, asked, over.is_set)) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield
    finally:
        over.set()
        for client in clients:
            client.join()


def _ask(address: str, asked: list[dict[str, Any]], over: Callable[[], bool]) -> None:
    while not over():
        for body in asked:
            try:
                httpx.post(f"{address}/v1/carts", json=body, timeout=5)
            except httpx.HTTPError:
                time.sleep(0.05)
            if over():
                return


def _contents(home: Home) -> dict[str, str]:
    """Content of every file of the work folder but its locks."""
    files = [path for path in home.work.rglob("*") if path.is_file() and not path.name.startswith(".lock")]
    return {path.relative_to(home.place).as_posix(): file_hash(path) for path in files}


def _temporary(home: Home) -> int:
    """Temporary files: a living server has some, such as the code that TensorFlow makes of Python's."""
    return sum(path.is_file() for path in home.temporary.rglob("*"))
