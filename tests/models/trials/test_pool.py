import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from data.errors import InputError
from models.trials.folder import RECORD, TOLD, TrialFolder
from models.trials.notice import Notice, post
from models.trials.pool import Pool
from models.trials.running import run
from models.trials.trial import Outcome, TaskAddress, TrialRecord, TrialSpec
from tests.conftest import ROOT
from tests.models.trials.listening import Log, told
from tests.models.trials.toy import Toy, address, began, spec, specs, value


def tried(
    folder: Path, batch: list[TrialSpec], workers: int = 1, log: Log | None = None, **arguments: Any
) -> list[TrialRecord]:
    with Pool(folder, address(**arguments), workers, log or Log()) as pool:
        return pool.run(batch)


def completed(of: TrialSpec) -> TrialRecord:
    values: list[float] = []
    for epoch in range(of.epochs):
        values.append(value(of.seed, epoch, values))
    metrics, history = {"val_loss": min(values)}, {"val_loss": values}
    best, extra = values.index(min(values)), {"settings": 2}
    return TrialRecord(of.name, of.settings, "completed", metrics, history, best, of.epochs, 0.0, None, extra)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_records_come_in_order_and_are_what_the_seed_makes_them(tmp_path: Path, workers: int) -> None:
    batch = [*specs(4), spec("0004", at=1, what="raise"), spec("0005", epochs=5)]
    log = Log()
    records = tried(tmp_path, batch, workers, log)
    expected = [completed(each) for each in batch]
    error = "ArithmeticError: the loss is not finite"
    expected[4] = TrialRecord("0004", batch[4].settings, "failed", {}, {}, -1, 1, 0.0, error, {})
    assert records == expected
    for record in records:
        if record.error is None:
            assert log.of(record.name) == told(record)
    assert log.of("0004")[-1] == ("ended", "0004", {}, error)


def test_nothing_is_run_or_told_twice(tmp_path: Path) -> None:
    first = tried(tmp_path, specs(3), workers=2)
    log = Log()
    assert tried(tmp_path, specs(3), 1, log) == first
    assert log.lines == []
    assert [began(tmp_path / record.name) for record in first] == [[0, 1, 2]] * 3


def test_a_batch_may_grow(tmp_path: Path) -> None:
    tried(tmp_path, specs(2))
    log = Log()
    assert [record.name for record in tried(tmp_path, specs(4), 1, log)] == ["0000", "0001", "0002", "0003"]
    assert {line[1] for line in log.lines} == {"0002", "0003"}


def test_another_setting_or_task_under_the_same_name_is_run_anew(tmp_path: Path) -> None:
    batch = [spec("0000"), spec("0001")]
    tried(tmp_path, batch, data="old")
    (tmp_path / "0001" / "sub").mkdir()
    changed = [spec("0000"), spec("0001", epochs=4)]
    log = Log()
    records = tried(tmp_path, changed, 1, log, data="old")
    assert {line[1] for line in log.lines} == {"0001"}
    assert began(tmp_path / "0001") == [0, 1, 2, 3]  # the old account is gone with all the rest
    assert not (tmp_path / "0001" / "sub").exists()
    log = Log()
    again = tried(tmp_path, changed, 1, log, data="new")
    assert again == records
    assert {line[1] for line in log.lines} == {"0000", "0001"}


def test_a_record_from_another_folder_is_not_taken(tmp_path: Path) -> None:
    tried(tmp_path / "a", [spec("0000", epochs=1)])
    expected = tried(tmp_path / "b", [spec("0000", epochs=2)])
    (tmp_path / "a" / "0000" / RECORD).rename(tmp_path / "b" / "0000" / RECORD)
    assert tried(tmp_path / "b", [spec("0000", epochs=2)]) == expected


@pytest.mark.parametrize("workers", [1, 2])
def test_a_trial_goes_on_from_an_earlier_one(tmp_path: Path, workers: int) -> None:
    batch = [spec("0000", epochs=2), TrialSpec("0001", {}, {}, 0, 5, "0000")]
    log = Log()
    short, long = tried(tmp_path, batch, workers, log)
    assert began(tmp_path / "0001") == [2, 3, 4]
    assert (long.epochs, long.history["val_loss"][:2]) == (3, short.history["val_loss"])
    assert [line[2] for line in log.of("0001")[1:-1]] == [2, 3, 4]


def test_a_trial_is_run_anew_where_the_one_it_goes_on_from_is_another(tmp_path: Path) -> None:
    later = TrialSpec("0001", {}, {}, 0, 5, "0000")
    tried(tmp_path, [spec("0000", epochs=2), later])
    tried(tmp_path, [spec("0000", epochs=3), later])
    assert began(tmp_path / "0001") == [3, 4]


def test_a_trial_fails_where_the_one_it_goes_on_from_failed(tmp_path: Path) -> None:
    records = tried(tmp_path, [spec("0000", at=1, what="raise"), spec("0001", start="0000")], workers=2)
    assert records[1].error == "RuntimeError: trial 0000, from which it goes on, failed"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_that_leaves_makes_a_failed_trial(tmp_path: Path, workers: int) -> None:
    records = tried(tmp_path, [spec("0000", at=0, what="leave"), spec("0001")], workers)
    assert [record.error for record in records] == ["SystemExit: 3", None]


class Odd:
    """Tells more than a file can keep, NumPy's numbers, an epoch twice and another not at all."""

    def train(self, spec: TrialSpec, _folder: Path, _start: Path | None, tell: Any) -> Any:
        half: Any = np.float32(0.5)
        tell(0, {"loss": half})
        tell(0, {"loss": half / 2})
        extra = {"rate": MappingProxyType({"a": 1})} if spec.name == "0000" else {"set": {1}}
        return Outcome({"loss": half}, {"loss": [half, half / 2]}, half.size, extra)


def test_records_hold_plain_values(tmp_path: Path) -> None:
    log = Log()
    with Pool(tmp_path, TaskAddress("tests.models.trials.test_pool:Odd", {}), 1, log) as pool:
        good, bad = pool.run([spec("0000"), spec("0001")])
    assert (good.metrics, good.history, good.best_epoch) == ({"loss": 0.5}, {"loss": [0.5, 0.25]}, 1)
    assert good.extra == {"rate": {"a": 1}}
    assert bad.error is not None
    assert bad.error.startswith("TypeError")
    assert log.of("0000")[1:-1] == [("epoch", "0000", 0, {"loss": 0.5}), ("epoch", "0000", 1, {"loss": 0.25})]


def test_a_trial_recorded_while_no_leader_lived_is_told_whole(tmp_path: Path) -> None:
    expected = tried(tmp_path / "other", specs(1))
    with Pool(tmp_path, address(), 1, Log()) as pool:
        trial = pool._prepare(spec("0000"))
    run(trial, Toy())
    log = Log()
    again = tried(tmp_path, specs(1), 1, log)
    assert again == expected
    assert log.lines == told(expected[0])
    log = Log()
    again = tried(tmp_path, specs(1), 1, log)
    assert again == expected
    assert log.lines == []


def test_an_end_that_the_leader_died_in_telling_is_told_again(tmp_path: Path) -> None:
    (record,) = tried(tmp_path, specs(1))
    (tmp_path / "0000" / TOLD).unlink()
    log = Log()
    tried(tmp_path, specs(1), 1, log)
    assert log.lines == told(record)


class Deaf(Log):
    def epoch_ended(self, trial: str, epoch: int, metrics: Mapping[str, float]) -> None:
        super().epoch_ended(trial, epoch, metrics)
        if epoch == 1:
            raise ConnectionError("the tracking server is gone")


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_listener_raises_stops_the_search_and_is_no_failed_trial(tmp_path: Path, workers: int) -> None:
    expected = tried(tmp_path / "other", specs(2))
    with pytest.raises(ConnectionError):
        tried(tmp_path, specs(2), workers, Deaf())
    log = Log()
    again = tried(tmp_path, specs(2), workers, log)
    assert again == expected
    assert log.of("0000") == told(expected[0])
    assert [line[0] for line in log.of("0001")].count("ended") == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_nothing_starts_after_the_deadline(tmp_path: Path, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    done = tried(tmp_path, specs(1))
    offered: list[str] = []

    def spy(folder: Path, notice: Notice) -> None:
        offered.extend(notice.trials)
        post(folder, notice)

    monkeypatch.setattr("models.trials.pool.post", spy)
    with Pool(tmp_path, address(), workers, log := Log(), deadline=time.monotonic()) as pool:
        assert pool.run(specs(3)) == done
    assert log.lines == []
    assert not began(tmp_path / "0001")
    assert offered == []  # nor to those who have joined


@pytest.mark.parametrize("workers", [1, 2])
def test_what_runs_at_the_deadline_comes_to_its_end(tmp_path: Path, workers: int) -> None:
    class Late(Log):
        def epoch_ended(self, trial: str, epoch: int, metrics: Mapping[str, float]) -> None:
            super().epoch_ended(trial, epoch, metrics)
            pool._deadline = time.monotonic()

    with Pool(tmp_path, address(pause=0.1), workers, log := Late()) as pool:
        records = pool.run(specs(5))
    assert [record.name for record in records] == ["0000", "0001"][:workers]
    assert all(record.epochs == 3 for record in records)
    assert {line[1] for line in log.lines} == {record.name for record in records}
    assert not began(tmp_path / "0004")


def test_two_searches_do_not_share_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.trials.notice.PATIENCE", 0.1)
    with Pool(tmp_path, address(), 1, Log()), pytest.raises(InputError, match="in use by another search"):
        tried(tmp_path, specs(1))
    assert len(tried(tmp_path, specs(1))) == 1


def test_a_trial_of_another_setting_that_still_runs_is_not_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.trials.pool.PATIENCE", 0.1)
    tried(tmp_path, [spec("0000", epochs=1)])
    with TrialFolder(tmp_path / "0000").held() as mine:
        assert mine
        with pytest.raises(InputError, match="in use by a worker"):
            tried(tmp_path, [spec("0000", epochs=2)])
    assert (tmp_path / "0000" / RECORD).exists()


def test_trials_import_nothing_heavy() -> None:
    code = "import sys, models.trials.pool, models.trials.worker; print(sorted(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for heavy in ("tensorflow", "keras", "pandas", "numpy", "pydantic"):
        assert f"'{heavy}'" not in told
