"""Runs in a real MLflow store on SQLite."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from data.errors import InputError
from models.trials.trial import TrialRecord, record_row
from pipeline.config import PipelineConfig, load_config
from pipeline.progress import Progress
from pipeline.store import Unreachable, open_store
from pipeline.tracking import Tracker, read_tracking
from pipeline.tracking.tracker import STATE
from pipeline.trial_runs import TrialRuns, trial_label


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new store; to make one takes seconds."""
    file = tmp_path_factory.mktemp("store") / "mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{file}")
        open_store()
    return file


@pytest.fixture
def uri(empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    shutil.copyfile(empty_store, tmp_path / "mlflow.db")
    address = f"sqlite:///{tmp_path / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    return address


def status(uri: str, run_id: str) -> str:
    return str(MlflowClient(uri).get_run(run_id).info.status)


def test_a_run_whose_process_was_killed_is_taken_up_and_its_trials_are_ended(uri: str, tmp_path: Path) -> None:
    killed = Tracker(PipelineConfig(), tmp_path)
    parent = killed.run_id
    trial = killed.nested.open("0", "trial 0", "trial", {"rate": 1.0})
    trial.epoch(0, {"val_auc": 0.5})

    resumed = Tracker(PipelineConfig(), tmp_path)
    assert resumed.run_id == parent
    other = resumed.nested.open("1", "trial 1", "trial", {"rate": 2.0})
    assert status(uri, trial.run_id) == "KILLED"
    again = resumed.nested.open("0", "trial 0", "trial", {"rate": 1.0})
    assert again.run_id == trial.run_id != other.run_id
    assert status(uri, trial.run_id) == "RUNNING"
    again.epoch(0, {"val_auc": 0.5})
    again.epoch(1, {"val_auc": 0.6})
    again.end({"val_auc": 0.6})
    assert [m.value for m in MlflowClient(uri).get_metric_history(trial.run_id, "val_auc") if m.step == 1] == [0.6]
    resumed.finish()
    assert status(uri, parent) == "FINISHED"
    assert Tracker(PipelineConfig(), tmp_path).run_id != parent


def test_a_run_whose_id_was_not_noted_before_the_kill_is_found_again(
    uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    killed = Tracker(PipelineConfig(), tmp_path)
    create = killed.client.create_run

    def create_and_stop(*arguments: Any, **named: Any) -> None:
        made.append(create(*arguments, **named).info.run_id)
        raise KeyboardInterrupt

    monkeypatch.setattr(killed.client, "create_run", create_and_stop)
    with pytest.raises(KeyboardInterrupt):
        _ = killed.run_id
    assert [Tracker(PipelineConfig(), tmp_path).run_id for _ in range(2)] == made * 2
    experiment = MlflowClient(uri).get_run(made[0]).info.experiment_id
    assert len(MlflowClient(uri).search_runs([experiment])) == 1
    assert read_tracking(tmp_path)["run_id"] == made[0]


def test_a_run_is_not_left_for_another_because_the_store_is_away_but_because_it_was_deleted(
    uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Tracker(PipelineConfig(), tmp_path).run_id
    away = Tracker(PipelineConfig(), tmp_path)
    monkeypatch.setattr(away.client, "update_run", _away)
    with pytest.raises(MlflowException, match="connection refused"):
        _ = away.run_id
    assert Tracker(PipelineConfig(), tmp_path).run_id == first
    MlflowClient(uri).delete_run(first)
    assert Tracker(PipelineConfig(), tmp_path).run_id != first


def _away(*_: object) -> None:
    raise MlflowException("connection refused")


def test_a_failed_run_says_so_and_a_later_attempt_goes_on_in_it(uri: str, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Tracker(PipelineConfig(), tmp_path) as tracker:
        _fail_after_starting(tracker)
    parent = str(read_tracking(tmp_path)["run_id"])
    assert status(uri, parent) == "FAILED"
    assert Tracker(PipelineConfig(), tmp_path).run_id == parent
    assert status(uri, parent) == "RUNNING"


def _fail_after_starting(tracker: Tracker) -> None:
    assert tracker.run_id
    raise ZeroDivisionError


@pytest.mark.usefixtures("uri")
def test_another_experiment_is_another_run(tmp_path: Path) -> None:
    first = Tracker(PipelineConfig(), tmp_path).run_id
    other = load_config(None, None, ["tracking.experiment=other"])
    assert Tracker(other, tmp_path).run_id != first


@pytest.mark.usefixtures("uri")
def test_other_settings_are_another_run_but_the_number_of_workers_is_none(tmp_path: Path) -> None:
    first = Tracker(load_config(None, None), tmp_path).run_id
    more = load_config(None, None, ["tune.workers=4"])
    assert Tracker(more, tmp_path).run_id == first
    assert Tracker(load_config(None, None, ["tune.method=grid"]), tmp_path).run_id != first


@pytest.mark.parametrize("setting", ["tune.method=grid", "tracking.experiment=other"])
def test_a_killed_run_that_none_goes_on_with_is_ended_with_its_trials(uri: str, tmp_path: Path, setting: str) -> None:
    killed = Tracker(PipelineConfig(), tmp_path)
    parent, trial = killed.run_id, killed.nested.open("0", "trial 0", "trial", {})
    other = Tracker(load_config(None, None, [setting]), tmp_path)
    assert status(uri, other.run_id) == "RUNNING"
    assert [status(uri, run_id) for run_id in (parent, trial.run_id)] == ["KILLED", "KILLED"]
    other.finish()
    assert Tracker(PipelineConfig(), tmp_path).run_id != other.run_id
    assert status(uri, other.run_id) == "FINISHED"


def test_a_failed_trial_keeps_its_error(uri: str, tmp_path: Path) -> None:
    tracker = Tracker(PipelineConfig(), tmp_path)
    trial = tracker.nested.open("7", "trial 7", "trial", {"units": "64-32"})
    trial.end({}, "the loss is nan")
    run = MlflowClient(uri).get_run(trial.run_id)
    assert run.info.status == "FAILED"
    assert run.data.tags["error"] == "the loss is nan"
    assert run.data.params["units"] == "64-32"
    assert run.data.tags["mlflow.parentRunId"] == tracker.run_id


def record(name: str, series: list[float]) -> TrialRecord:
    best = series.index(max(series))
    metrics, epochs = {"val_auc": max(series)}, len(series)
    return TrialRecord(name, {"units": name}, "completed", metrics, {"val_auc": series}, best, epochs, 1.0, None, {})


def tell(runs: TrialRuns, trial: TrialRecord) -> None:
    runs.trial_started(trial.name, trial.settings)
    for epoch, value in enumerate(trial.history["val_auc"]):
        runs.epoch_ended(trial.name, epoch, {"val_auc": value})
    runs.trial_ended(trial.name, trial.metrics, trial.seconds, trial.error)


def test_a_trial_tells_its_best_epoch_beside_its_last_one_and_the_chosen_one_is_marked(
    uri: str, tmp_path: Path
) -> None:
    tracker = Tracker(PipelineConfig(), tmp_path)
    runs = TrialRuns(tracker, Progress(), trial_label)
    records = [record("0", [0.5, 0.7, 0.6]), record("1", [0.4])]
    for trial in records:
        tell(runs, trial)
    runs.catch_up([record_row(trial) | {"chosen": trial.name == "0"} for trial in records])
    found = trials(uri, tracker.run_id, "tags.chosen = 'yes'")
    assert [run.data.params["units"] for run in found] == ["0"]
    assert found[0].data.metrics == {"val_auc": 0.6, "best_val_auc": 0.7, "seconds": 1.0}


def test_what_an_absent_store_was_not_told_is_sent_later(
    uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[str] = []
    tracker = Tracker(PipelineConfig(), tmp_path, warn=warned.append)
    runs = TrialRuns(tracker, Progress(), trial_label)
    early, late = record("early", [0.5, 0.7]), record("late", [0.4, 0.3])
    tell(runs, early)
    monkeypatch.setattr(tracker.client, "create_run", _broken)
    tell(runs, late)
    assert len(warned) == 1
    rows = [record_row(trial) for trial in (early, late)]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(Unreachable, match="Nothing is lost"), tracker.delivering():
        runs.catch_up(rows)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    tracker.telling = False
    with tracker.delivering():
        TrialRuns(tracker, Progress(), trial_label).catch_up(rows, runs.seconds)
    client = MlflowClient(uri)
    sent = {run.data.tags["key"]: run for run in trials(uri, tracker.run_id, "tags.kind = 'trial'")}
    assert set(sent) == {"early", "late"}
    for trial in (early, late):
        series = client.get_metric_history(sent[trial.name].info.run_id, "val_auc")
        assert [(point.step, point.value) for point in series] == list(enumerate(trial.history["val_auc"]))
        assert sent[trial.name].info.status == "FINISHED"
        assert sent[trial.name].data.metrics["seconds"] == trial.seconds


def test_no_epoch_of_a_trial_stands_in_its_chart_twice(
    uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.tracking.nested.EVERY", 0.0)
    trial = record("one", [0.5, 0.7, 0.6])
    killed = TrialRuns(Tracker(PipelineConfig(), tmp_path), Progress(), trial_label)
    killed.trial_started(trial.name, trial.settings)
    for epoch in (0, 1):
        killed.epoch_ended(trial.name, epoch, {"val_auc": trial.history["val_auc"][epoch]})
    tracker = Tracker(PipelineConfig(), tmp_path)
    TrialRuns(tracker, Progress(), trial_label).catch_up([record_row(trial)])
    (found,) = trials(uri, tracker.run_id, "tags.kind = 'trial'")
    series = MlflowClient(uri).get_metric_history(found.info.run_id, "val_auc")
    assert [(point.step, point.value) for point in series] == list(enumerate(trial.history["val_auc"]))


def test_a_full_disk_is_not_taken_for_an_absent_store(uri: str, tmp_path: Path) -> None:
    warned: list[str] = []
    (tmp_path / f".{STATE}.partial").symlink_to("/dev/full")  # what is written there finds no space left
    tracker = Tracker(PipelineConfig(), tmp_path, warn=warned.append)
    tracker.attempt(lambda: tracker.log_run({}, [], [], {}, {}))
    (told,) = warned
    assert "A file of this machine stands in the way" in told
    assert "No space left on device" in told
    with pytest.raises(InputError, match=r"A file of this machine could not .* No space left") as caught:
        deliver(tracker, [])
    assert not isinstance(caught.value, Unreachable)
    assert uri not in f"{told} {caught.value}"


def test_a_missing_file_is_not_taken_for_an_absent_store(uri: str, tmp_path: Path) -> None:
    tracker = Tracker(PipelineConfig(), tmp_path)
    with pytest.raises(InputError, match=r"A file of this machine could not .*gone\.html") as caught:
        deliver(tracker, [tmp_path / "gone.html"])
    assert not isinstance(caught.value, Unreachable)
    assert uri not in str(caught.value)


def deliver(tracker: Tracker, artifacts: list[Path]) -> None:
    with tracker.delivering():
        tracker.log_run({}, [], artifacts, {}, {})


def _broken(*_: object, **__: object) -> None:
    raise ConnectionError("gone")


def trials(uri: str, parent: str, which: str) -> list[Run]:
    client = MlflowClient(uri)
    return list(client.search_runs([client.get_run(parent).info.experiment_id], which))


def test_metrics_params_and_history_arrive(uri: str, tmp_path: Path) -> None:
    tracker = Tracker(PipelineConfig(), tmp_path)
    tracker.log_run({"abandonment.test.auc": 0.7}, [], [], {"abandonment.loss": [3.0, 2.0]}, {"optimizer": "adadelta"})
    run = MlflowClient(uri).get_run(tracker.run_id)
    assert run.data.metrics["abandonment.test.auc"] == 0.7
    assert [m.value for m in MlflowClient(uri).get_metric_history(tracker.run_id, "abandonment.loss")] == [3.0, 2.0]
    assert run.data.params["abandonment.optimizer.learning_rate"] == "1.0"
    assert not [key for key in run.data.params if key.startswith("schedule")]  # the address of a webhook is a secret
    assert run.data.tags["optimizer"] == "adadelta"


def test_an_absent_server_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(InputError, match=r"cannot be reached[\s\S]*tracking\.enabled=false"):
        _ = Tracker(PipelineConfig(), tmp_path).run_id


def test_runs_below_a_nested_run_are_ended_with_their_process_too(uri: str, tmp_path: Path) -> None:
    tracker = Tracker(PipelineConfig(), tmp_path, "comparison", "compare optimizer")
    adam = tracker.nested.open("alternative adam", "Adam", "alternative", {}, tags={"reference": "Kingma & Ba"})
    trial = tracker.nested.open("adam-0", "Adam · rate 0.1", "trial", {"rate": 0.1}, parent=adam.run_id)
    run = MlflowClient(uri).get_run(trial.run_id)
    assert run.data.tags["mlflow.parentRunId"] == adam.run_id
    assert MlflowClient(uri).get_run(adam.run_id).data.tags["mlflow.parentRunId"] == tracker.run_id
    assert MlflowClient(uri).get_run(tracker.run_id).data.tags["mlflow.runName"] == "compare optimizer"
    _ = Tracker(PipelineConfig(), tmp_path, "comparison").nested
    assert {status(uri, adam.run_id), status(uri, trial.run_id)} == {"KILLED"}


def test_no_run_is_left_running_where_the_last_stages_are_not_run(uri: str, tmp_path: Path) -> None:
    with Tracker(PipelineConfig(), tmp_path) as tracker:
        parent = tracker.run_id
    assert status(uri, parent) == "FINISHED"
    with Tracker(PipelineConfig(), tmp_path) as tracker:
        assert tracker.run_id == parent
        assert status(uri, parent) == "RUNNING"
        tracker.finish()
