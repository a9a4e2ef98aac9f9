"""Kills the tracking server while `run` and `retrain` tell it what they do, and brings it back."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

from benchmarks.killed_operations.home import BETTER, POOR, Home
from benchmarks.killed_operations.killing import ROOT, Moment, finished, kill, wait_for
from benchmarks.killed_operations.looking import Look, look

SEARCHED = (*(one for one in POOR if "trials" not in one), "tune.trials=2")
SPLIT, EXPLAINED, DECIDED = "served split", "served explained", "served decided"
"""The shop before the search, before its results are sent, and before a retrain's decision is carried out."""

COMMANDS = {SPLIT: ("run", SEARCHED), EXPLAINED: ("run", SEARCHED), DECIDED: ("retrain", BETTER)}
PATIENCE = 120.0
"""Seconds that the server may take to answer."""

MOST = 4
"""How often a command may have to be started again."""

TOLD = ("Nothing is lost", "is sent when it is done")
"""What the message says of it."""


@dataclass
class Server:
    """A tracking server over the shop's database, on a port of its own."""

    home: Home
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it and wait until it answers."""
        artifacts = f"--artifacts-destination={self.home.place / 'artifacts'}"
        words = ["mlflow", "server", f"--backend-store-uri={self.home.store}", artifacts]
        words += ["--host=127.0.0.1", f"--port={self.port}", "--workers=1"]
        quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")} | quiet
        with (self.home.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *words], cwd=ROOT, env=environment, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with suppress(OSError):
                urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5).close()
                return
            time.sleep(0.1)
        raise RuntimeError("The tracking server did not start.")

    def kill(self) -> None:
        """End it as a power cut would, with its workers."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


def measure(folder: Path, kills: int, chance: random.Random) -> dict[str, float]:
    """Kill the server so many times; figures by name."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = Home(folder, f"http://127.0.0.1:{port}")
    server = Server(home, port)
    try:
        wanted = _unbroken(home, server)
        figures: dict[str, float] = {}
        for number in range(kills):
            base = tuple(COMMANDS)[number % len(COMMANDS)]
            look_for, seconds = wanted[base]
            away = (0.0, 5.0, None)[number // len(COMMANDS) % 3]
            found = {"kills": 0}
            while not found["kills"] and seconds > 1.0:
                found = _broken(home, server, base, chance.uniform(0.15, 1.0) * seconds, away, look_for)
                seconds *= 0.7  # it may have ended before, on a machine with less to do than when it was timed
            print(f"tracking {number + 1:2d} {base}, away {away}", found, flush=True)
            for name, value in found.items():
                figures[f"tracking_{name}"] = figures.get(f"tracking_{name}", 0.0) + value
        return figures
    finally:
        server.kill()


def _unbroken(home: Home, server: Server) -> dict[str, tuple[Look, float]]:
    """What each command comes to, and how long it takes; the shops that they begin with are kept."""
    server.home.add_week(1)
    server.start()
    for stage in ("ingest", "sessionize", "featurize", "split"):
        home.do("run", "--only", stage, settings=SEARCHED)
    _keep(home, server, SPLIT)
    seconds = {SPLIT: _timed(home, server, SPLIT)}
    whole = look(home)
    home.add_week(2)
    process = home.start("retrain", settings=BETTER)
    decided = home.work / "retrain"
    wait_for(Moment("decided", 0.0, lambda: list(decided.glob("2*/decision.json"))), process)
    kill(process, group=True)
    _keep(home, server, DECIDED)
    seconds[DECIDED] = _timed(home, server, DECIDED)
    promoted = look(home)
    _put_back(home, server, SPLIT)
    process = home.start("run", settings=SEARCHED)
    wait_for(Moment("explained", 0.0, (home.work / "explain" / "stage.json").exists), process)
    kill(process, group=True)
    _keep(home, server, EXPLAINED)
    seconds[EXPLAINED] = _timed(home, server, EXPLAINED)
    return {base: (promoted if base == DECIDED else whole, taken) for base, taken in seconds.items()}


def _timed(home: Home, server: Server, base: str) -> float:
    _put_back(home, server, base)
    command, settings = COMMANDS[base]
    began = time.monotonic()
    home.do(command, settings=settings)
    return time.monotonic() - began


def _broken(
    home: Home, server: Server, base: str, moment: float, away: float | None, wanted: Look
) -> dict[str, int]:  # fmt: skip
    """Lose the server at a moment, for some seconds or until the command has ended, and start both again."""
    _put_back(home, server, base)
    command, settings = COMMANDS[base]
    said = home.log.stat().st_size
    process = home.start(command, settings=settings)
    wait_for(Moment(base, moment), process)
    server.kill()
    killed = process.poll() is None
    if away is None:
        code = finished(process)
        server.start()
    else:
        time.sleep(away)
        server.start()
        code = finished(process)
    told = home.log.read_bytes()[said:].decode()
    misleading = code != 0 and not any(sentence in told for sentence in TOLD)
    again = 0
    while code and again < MOST:
        code, again = finished(home.start(command, settings=settings)), again + 1
    found = look(home)
    differs = found.told(wanted)
    if differs or misleading:
        print(told[-1500:] if misleading else "", differs[:2500], flush=True)
    return {
        "kills": int(killed), "failed": int(code != 0), "twice_again": int(again > 1), "misleading": int(misleading),
        "lost_or_double": int(found.runs != wanted.runs or found.versions != wanted.versions),
        "other_results": int(found.decisions != wanted.decisions or found.served != wanted.served),
        "left_behind": int(found.left != wanted.left),
    }  # fmt: skip


def _keep(home: Home, server: Server, name: str) -> None:
    server.kill()
    home.keep(name)
    server.start()


def _put_back(home: Home, server: Server, name: str) -> None:
    server.kill()
    home.put_back(name)
    server.start()
