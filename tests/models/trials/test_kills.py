"""A search under `kill -9`, at seeded random moments: it ends with the records of one that was left alone."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from models.trials.epochs import read_epochs
from models.trials.folder import DEATHS, TrialFolder, read_json
from models.trials.pool import Pool
from models.trials.trial import TrialRecord
from tests.conftest import ROOT
from tests.models.trials.listening import EPOCHS, PAUSE, Log, told
from tests.models.trials.processes import alive, until
from tests.models.trials.toy import address, began, repeated, specs

KILLS = 20
WORKER = "models.trials.worker"


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> list[TrialRecord]:
    with Pool(tmp_path_factory.mktemp("unbroken"), address(), 1, Log()) as pool:
        return pool.run(specs(8, EPOCHS))


def test_workers_that_are_killed(tmp_path: Path, unbroken: list[TrialRecord]) -> None:
    kills, search = 0, 0
    chance = random.Random(1)
    while kills < KILLS:
        folder, log, over = tmp_path / f"{search}", Log(), threading.Event()
        hits: list[int] = []
        killer = threading.Thread(target=kill_workers, args=(folder, chance, over, hits))
        with Pool(folder, address(pause=PAUSE), 3, log) as pool:
            killer.start()
            try:
                records = pool.run(specs(len(unbroken), EPOCHS))
            finally:
                over.set()
                killer.join()
        assert records == unbroken
        for record in unbroken:
            assert log.of(record.name) == told(record)
        check_account(folder, unbroken, len(hits))
        assert not alive(folder)
        kills, search = kills + len(hits), search + 1


def kill_workers(folder: Path, chance: random.Random, over: threading.Event, hits: list[int]) -> None:
    """Kill one worker after the other, but no three that have taken no trial, nor three on one epoch: those tell."""
    while not over.wait(chance.uniform(0, 0.2)):
        workers = [(worker, name) for worker in alive(folder, WORKER) for name in last_word(worker)]
        if len(hits) % 4:
            taken = {path.stem for path in (folder / "workers").glob("*.took")}
            workers = [worker for worker in workers if worker[1] in taken]
        if workers and not any(map(is_in_danger, trials(folder))):
            worker, name = chance.choice(workers)
            worker.kill()
            hits.append(worker.pid)
            until(lambda: over.is_set() or all(each.runner != name or each.recorded for each in trials(folder)))  # noqa: B023


def trials(folder: Path) -> list[TrialFolder]:
    return [TrialFolder(path.parent) for path in folder.glob("*/spec.json")]


def is_in_danger(trial: TrialFolder) -> bool:
    deaths = read_json(trial.path / DEATHS)
    return deaths is not None and deaths["count"] == 2 and deaths["epochs"] == len(read_epochs(trial)[0])


def last_word(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()[-1:]
    except psutil.NoSuchProcess:
        return []


@pytest.mark.parametrize(("workers", "both"), [(1, False), (3, False), (3, True)])
def test_leaders_that_are_killed(tmp_path: Path, unbroken: list[TrialRecord], workers: int, both: bool) -> None:
    kills, search = 0, 0
    chance = random.Random(10 * workers + both)
    while kills < KILLS:
        folder = tmp_path / f"{search}"
        folder.mkdir()
        hits = 0
        while not (folder / "records.json").exists():
            hits += killed(folder, workers, chance, both) if kills + hits < KILLS else led(folder, workers)
            until(lambda: not alive(folder))  # noqa: B023
        found = [TrialRecord(**record) for record in json.loads((folder / "records.json").read_text())]
        assert found == unbroken
        check_account(folder, unbroken, hits * workers)
        check_told(folder, unbroken)
        assert not list(folder.glob(f"*/{DEATHS}")) or both
        kills, search = kills + hits, search + 1


def test_an_interrupt_from_the_terminal_is_for_the_leader_alone(tmp_path: Path, unbroken: list[TrialRecord]) -> None:
    leader = start(tmp_path, 3, start_new_session=True, stderr=subprocess.DEVNULL)
    until(lambda: list(tmp_path.glob("workers/*.took")))
    os.killpg(leader.pid, signal.SIGINT)  # as Ctrl-C does
    assert leader.wait(30) == -signal.SIGINT
    assert not alive(tmp_path)
    assert all(log.read_text() == "" for log in tmp_path.glob("workers/*.log"))
    led(tmp_path, 3)
    assert not list(tmp_path.glob(f"*/{DEATHS}"))
    check_account(tmp_path, unbroken, 3)


def killed(folder: Path, workers: int, chance: random.Random, both: bool) -> int:
    """Lead for a random while; whether it was cut short."""
    leader = start(folder, workers)
    until(lambda: (folder / "search.json").exists())
    time.sleep(chance.uniform(0, 0.4))
    if both and not any(map(is_in_danger, trials(folder))):
        for worker in chance.sample(found := alive(folder, WORKER), k=min(1, len(found))):
            worker.kill()
        time.sleep(chance.uniform(0, 0.15))
    leader.kill()
    return int(leader.wait() != 0)


def led(folder: Path, workers: int) -> int:
    assert start(folder, workers).wait(60) == 0
    return 0


def start(folder: Path, workers: int, **how: Any) -> "subprocess.Popen[bytes]":
    line = [sys.executable, "-m", "tests.models.trials.listening", str(folder), str(workers), "8"]
    return subprocess.Popen(line, cwd=ROOT, **how)


def check_account(folder: Path, records: list[TrialRecord], most: int) -> None:
    """No epoch whose checkpoint was kept was run again, and others as often as there were kills at most."""
    again = 0
    for record in records:
        epochs = began(folder / record.name)
        assert set(epochs) == set(range(EPOCHS))
        assert repeated(folder / record.name) == []
        again += len(epochs) - EPOCHS
    assert again <= most


def check_told(folder: Path, records: list[TrialRecord]) -> None:
    """Every leader told each trial in order, and none whose end had been told before; all were told to their end."""
    ended: set[str] = set()
    for log in logs(folder):
        (_, _, known), *lines = log
        assert ended >= set(known)
        for record in records:
            heard = [tuple(line) for line in lines if line[1] == record.name]
            if record.name in known:
                assert heard == []
            whole = [json.loads(json.dumps(line)) for line in told(record)]
            if heard and heard[-1][0] == "ended":
                ended.add(record.name)
                assert heard == [tuple(line) for line in whole]
            else:
                assert heard == [tuple(line) for line in whole][: len(heard)]
    assert ended == {record.name for record in records}


def logs(folder: Path) -> Iterator[list[list[Any]]]:
    """What each leader wrote down in whole lines; one may have been killed before it wrote any."""
    for path in sorted(folder.glob("log-*")):
        whole = path.read_text().rpartition("\n")[0]
        if whole:
            yield [json.loads(line) for line in whole.splitlines()]
