"""A search is reproducible, goes on after a kill, and survives trials that fail."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from data.errors import InputError
from models.config import AbandonmentConfig, OptimizerConfig, TuneConfig
from models.search_space import values_of
from models.tuning import SearchResult, search
from tests.models.tables import carts, numbers_only

CONFIG = AbandonmentConfig(units=(8,), intervals=2, batch_size=256)
TUNE = TuneConfig(trials=3, epochs=2)
ROOT = Path(__file__).resolve().parents[2]


class Log:
    """Writes down what a search told, in memory and, line by line, in a file."""

    def __init__(self, path: Path | None = None) -> None:
        self.events: list[tuple[str, str]] = []
        self.path = path

    def _note(self, event: str, trial: str) -> None:
        self.events.append((event, trial))
        if self.path is not None:
            with self.path.open("a") as file:
                file.write(f"{event} {trial}\n")

    def trial_started(self, trial: str, values: Mapping[str, Any]) -> None:
        assert values
        self._note("started", trial)

    def epoch_ended(self, trial: str, epoch: int, metrics: Mapping[str, float]) -> None:
        assert {"loss", "val_loss", "val_auc"} <= set(metrics)
        self._note(f"epoch {epoch}", trial)

    def trial_ended(self, trial: str, metrics: Mapping[str, float], seconds: float, error: str | None) -> None:
        assert seconds > 0
        assert bool(metrics) == (error is None)
        self._note("ended" if error is None else "failed", trial)


def run(folder: Path, log: Log, config: AbandonmentConfig = CONFIG, seed: int = 0) -> SearchResult:
    folder.mkdir(exist_ok=True)
    train, validation = numbers_only(carts(600, 1)), numbers_only(carts(200, 2))
    return search(train, validation, config, TUNE, seed, folder, log)


def timeless(trials: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in trial.items() if key != "seconds"} for trial in trials]


def test_the_same_seed_tries_the_same_and_begins_with_the_configuration(tmp_path: Path) -> None:
    log = Log()
    first, again = run(tmp_path / "a", log), run(tmp_path / "b", Log())
    assert timeless(first.trials) == timeless(again.trials)
    assert first.best == again.best
    assert first.trials[0]["values"] == values_of(CONFIG)
    best = min(first.trials, key=lambda trial: trial["metrics"]["val_loss"])
    assert values_of(first.best) == best["values"]
    assert first.best.epochs == CONFIG.epochs
    assert json.loads(json.dumps(first.trials)) == first.trials
    names = [trial["trial"] for trial in first.trials]
    expected = [(event, name) for name in names for event in ("started", "epoch 0", "epoch 1", "ended")]
    assert log.events == expected
    other = run(tmp_path / "c", Log(), seed=1)
    assert other.trials[1]["values"] != first.trials[1]["values"]


KILLED = """
import sys
from pathlib import Path
from tests.models.test_tuning import Log, run
run(Path(sys.argv[1]), Log(Path(sys.argv[2])))
"""


def test_a_killed_search_goes_on_where_it_was_and_ends_the_same(tmp_path: Path) -> None:
    told = tmp_path / "told"
    told.touch()
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-c", KILLED, tmp_path / "a", told], env=environment, cwd=ROOT)
    deadline = time.monotonic() + 240
    while "started 1" not in told.read_text() and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = [line.split()[1] for line in told.read_text().splitlines() if line.startswith("ended")]
    assert "0" in done

    log = Log()
    resumed = run(tmp_path / "a", log)
    unbroken = run(tmp_path / "b", Log())
    assert timeless(resumed.trials) == timeless(unbroken.trials)
    assert resumed.best == unbroken.best
    assert not {trial for _, trial in log.events} & set(done)


def test_a_record_of_other_data_or_settings_is_not_taken(tmp_path: Path) -> None:
    run(tmp_path / "a", Log())
    log = Log()
    run(tmp_path / "a", log, seed=5)
    assert [event for event, _ in log.events].count("started") == TUNE.trials


def test_a_trial_that_fails_is_recorded_and_the_search_goes_on(tmp_path: Path) -> None:
    # The configured rate diverges in every trial drawn near it, but for those whose normalization tames it.
    wild = CONFIG.model_copy(
        update={"optimizer": OptimizerConfig(name="sgd", learning_rate=1e30), "batch_normalization": "off"}
    )
    log = Log()
    with pytest.raises(InputError, match=r"All 3 trials.*DivergedError.*epoch 1"):
        run(tmp_path / "a", log, wild)
    assert [event for event, _ in log.events if event == "failed"] == ["failed"] * 3


class Stubborn(Log):
    """Fails the first trial from within."""

    def epoch_ended(self, trial: str, epoch: int, metrics: Mapping[str, float]) -> None:
        super().epoch_ended(trial, epoch, metrics)
        if trial == "0":
            raise MemoryError("no room for this one")


def test_one_failure_does_not_choose(tmp_path: Path) -> None:
    result = run(tmp_path / "a", Stubborn())
    assert [trial["status"] for trial in result.trials] == ["failed", "completed", "completed"]
    assert result.trials[0]["error"] == "MemoryError: no room for this one"
    assert values_of(result.best) in [trial["values"] for trial in result.trials[1:]]
