import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from data.errors import InputError
from models.trials.crew import THREADS, environment
from models.trials.folder import DEATHS
from models.trials.pool import Pool
from models.trials.trial import TaskAddress
from tests.models.trials.listening import Log
from tests.models.trials.processes import alive, until
from tests.models.trials.toy import PLACE, address, began, spec, specs


@pytest.mark.parametrize(
    ("what", "cause"), [("kill", "by signal 9 (out of memory?)"), ("exit", "by exit code 3")], ids=["kill", "exit"]
)
@pytest.mark.parametrize("at", [0, 2])
def test_a_trial_that_takes_its_process_with_it_fails_after_three(
    tmp_path: Path, what: str, cause: str, at: int
) -> None:
    log = Log()
    with Pool(tmp_path, address(), 2, log) as pool:
        good, bad, late = pool.run([spec("0000"), spec("0001", at=at, what=what), spec("0002")])
    assert (good.error, late.error) == (None, None)
    assert (bad.status, bad.error, bad.epochs) == ("failed", f"its process died 3 times, last {cause}", at)
    assert began(tmp_path / "0001") == [*range(at), at, at, at]
    assert [line[0] for line in log.of("0001")] == ["started", *["epoch"] * at, "ended"]


def test_a_trial_that_gets_on_may_die_any_number_of_times(tmp_path: Path) -> None:
    with Pool(tmp_path, TaskAddress("tests.models.trials.unruly:Restless", {}), 2, Log()) as pool:
        (record,) = pool.run([spec("0000", epochs=5)])
    assert (record.error, record.epochs) == (None, 5)
    assert json.loads((tmp_path / "0000" / DEATHS).read_text())["count"] == 1


def test_what_a_dead_worker_had_started_is_ended_before_another_takes_its_place(tmp_path: Path) -> None:
    with Pool(tmp_path, TaskAddress("tests.models.trials.unruly:Parent", {}), 2, Log()) as pool:
        assert pool.run([spec("0000")])[0].metrics == {"lives": 0}


@pytest.mark.parametrize(
    ("place", "arguments", "word"),
    [
        ("no.such.module:Task", {}, "ModuleNotFoundError: No module named 'no'"),
        (PLACE, {"data": "missing"}, "`data` should be a file. Received: missing\n"),
        (PLACE, {"unknown": 1}, "TypeError"),
    ],
)
def test_a_task_that_cannot_be_opened_stops_the_search(
    tmp_path: Path, place: str, arguments: Mapping[str, str], word: str
) -> None:
    with (
        pytest.raises(InputError, match="ended by exit code 1 before it took a trial") as caught,
        Pool(tmp_path, TaskAddress(place, arguments), 2, Log()) as pool,
    ):
        pool.run(specs(2))
    assert word in str(caught.value)
    assert len(list(tmp_path.glob("workers/*.log"))) == 2  # no worker was started anew
    assert not alive(tmp_path)


def test_workers_that_are_killed_before_they_take_a_trial_stop_the_search(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=r"ended by signal 11 before it took a trial. It said:\nabout to allocate\n"),
        Pool(tmp_path, TaskAddress("tests.models.trials.unruly:Fatal", {}), 2, Log()) as pool,
    ):
        pool.run(specs(2))


class Interrupted(Log):
    def epoch_ended(self, trial: str, epoch: int, metrics: Mapping[str, float]) -> None:  # noqa: ARG002
        raise KeyboardInterrupt


@pytest.mark.parametrize("workers", [1, 3])
def test_an_interrupted_search_leaves_no_process_and_goes_on(tmp_path: Path, workers: int) -> None:
    with pytest.raises(KeyboardInterrupt), Pool(tmp_path, address(pause=0.01), workers, Interrupted()) as pool:
        pool.run(specs(4, 10))
    assert not alive(tmp_path)
    with Pool(tmp_path, address(pause=0.01), workers, Log()) as pool:
        records = pool.run(specs(4, 10))
    assert [record.epochs for record in records] == [10] * 4
    assert not (tmp_path / "0000" / DEATHS).exists()


def test_workers_start_where_the_leader_is_not_in_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "tasks_beside.py").write_text("from tests.models.trials.toy import Toy as Mine\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path / "mine"))
    with Pool(Path("search"), TaskAddress("tasks_beside:Mine", {}), 2, Log()) as pool:
        assert [record.error for record in pool.run(specs(2))] == [None, None]


def test_workers_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(8)))
    for name in THREADS:
        monkeypatch.delenv(name, raising=False)
    for workers, threads in ((2, "4"), (3, "2"), (9, "1")):
        assert [environment(workers)[name] for name in THREADS] == [threads] * 3
    monkeypatch.setenv(THREADS[0], "3")
    assert [environment(9)[name] for name in THREADS] == ["3", "1", "1"]
    assert environment(2)["PYTHONPATH"].split(os.pathsep) == [entry or str(Path.cwd()) for entry in sys.path]


def test_idle_workers_end_with_the_pool(tmp_path: Path) -> None:
    with Pool(tmp_path, address(), 3, Log()) as pool:
        pool.run(specs(3))
        until(lambda: len(alive(tmp_path)) == 3)
    assert not alive(tmp_path)
