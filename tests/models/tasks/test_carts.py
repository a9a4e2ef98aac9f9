"""Trials of the abandonment model read no test examples, resume, and are judged on visitors nobody learned from."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from data.feature import write_features
from models.config import AbandonmentConfig
from models.tasks.carts import CartTask
from models.trials.trial import TrialSpec
from tests.models.tables import SPECS, carts

QUICK = AbandonmentConfig(units=(8,), epochs=50, dropout=0.1).model_dump(mode="json")


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A split without a test side: whoever opens it fails."""
    folder = tmp_path_factory.mktemp("split")
    for seed, (side, rows) in enumerate({"train": 2000, "validation": 400}.items()):
        examples = carts(rows, seed)
        frame = pd.concat([examples.keys, examples.features], axis=1).assign(abandoned=examples.abandoned)
        frame.to_parquet(folder / f"{side}.parquet")
    write_features(SPECS, folder / "features.json")
    return folder


def spec(epochs: int = 3, **share: Any) -> TrialSpec:
    return TrialSpec("0", {}, QUICK, 1, epochs, share=share)


def silent(_epoch: int, _metrics: object) -> None:
    pass


def test_a_trial_trains_as_many_epochs_as_asked_and_tells_its_best(split: Path, tmp_path: Path) -> None:
    task = CartTask.address(split, 1000, 0).open()
    outcome = task.train(spec(), tmp_path, None, silent)
    assert len(outcome.history["val_auc"]) == 3
    assert outcome.metrics["val_loss"] == min(outcome.history["val_loss"])
    assert outcome.extra == {"rows": 1000, "steps_per_epoch": 4}  # batches of 256


def test_a_trial_whose_process_died_goes_on_and_ends_the_same(split: Path, tmp_path: Path) -> None:
    task = CartTask.address(split, 1000, 0).open()
    told: list[int] = []

    def die_once(epoch: int, _metrics: object) -> None:
        told.append(epoch)
        if told == [0, 1]:
            raise KeyboardInterrupt

    for name in ("broken", "whole"):
        (tmp_path / name).mkdir()
    with pytest.raises(KeyboardInterrupt):
        task.train(spec(5), tmp_path / "broken", None, die_once)
    resumed = task.train(spec(5), tmp_path / "broken", None, die_once)
    assert told == [0, 1, 1, 2, 3, 4]  # the epoch of the kill again
    assert resumed == task.train(spec(5), tmp_path / "whole", None, silent)


def test_a_longer_trial_goes_on_from_a_shorter_one(split: Path, tmp_path: Path) -> None:
    task = CartTask.address(split, 1000, 0).open()
    for name in ("short", "long", "whole"):
        (tmp_path / name).mkdir()
    task.train(spec(2), tmp_path / "short", None, silent)
    told: list[int] = []
    longer = task.train(spec(4), tmp_path / "long", tmp_path / "short", lambda epoch, _: told.append(epoch))
    assert told == [1, 2, 3]
    assert longer == task.train(spec(4), tmp_path / "whole", None, silent)


def test_it_is_judged_on_visitors_that_are_not_trained_on(split: Path, tmp_path: Path) -> None:
    task = CartTask.address(split, 5000, 0, judged=True).open()
    assert isinstance(task, CartTask)
    aside = task._aside
    learned = set(task.train_side.keys["visitor_id"])
    assert not learned & set(aside.keys["visitor_id"])
    assert len(task.train_side) + len(aside) == 2000
    extra = task.train(spec(judge=True), tmp_path, None, silent).extra
    assert 0.5 < extra["judged"]["auc"] < 1.0
    assert np.mean(extra["resamples"]) == pytest.approx(extra["judged"]["auc"], abs=0.02)
    assert np.std(extra["resamples"]) > 0.005
    again = CartTask.address(split, 5000, 0, judged=True).open()
    assert isinstance(again, CartTask)
    assert again._aside.keys.equals(aside.keys)
    assert roc_auc_score(aside.abandoned, aside.abandoned) == 1.0  # both classes are set aside


def test_a_fold_is_of_the_training_side_alone(split: Path, tmp_path: Path) -> None:
    task = CartTask.address(split, 1000, 0).open()
    assert isinstance(task, CartTask)
    learned = set(task.train_side.keys["session_id"])
    judged: list[str] = []
    for fold in range(3):
        before, after = task._sides({"fold": fold, "folds": 3, "fold_by": "visitor"})
        assert not set(before.keys["visitor_id"]) & set(after.keys["visitor_id"])
        assert set(before.keys["session_id"]) | set(after.keys["session_id"]) == learned
        judged += list(after.keys["session_id"])
    assert set(judged) == learned
    assert len(judged) == len(task.train_side)
    folders = (tmp_path / "whole", tmp_path / "fold")
    for folder in folders:
        folder.mkdir()
    plain = task.train(spec(1), folders[0], None, silent)
    assert task.train(spec(1, fold=0, folds=3, fold_by="visitor"), folders[1], None, silent) != plain


def test_an_adapting_trial_tells_what_rate_and_penalty_it_came_to(split: Path, tmp_path: Path) -> None:
    task = CartTask.address(split, 1000, 0).open()
    slow = {**QUICK, "optimizer": {**QUICK["optimizer"], "learning_rate": 0.001}}
    adapting = TrialSpec("0", {}, slow, 1, 4, share={"hypergradient": True})
    outcome = task.train(adapting, tmp_path, None, silent)
    assert outcome.extra["learning_rate"] > 0.0011  # a rate far too low is raised, by 5% a step at most
    assert outcome.extra["learning_rate"] == outcome.history["learning_rate"][outcome.best_epoch]
    assert outcome.extra["l2"] > 0


def test_other_data_is_another_task(split: Path, tmp_path: Path) -> None:
    one = CartTask.address(split, 1000, 0)
    assert one == CartTask.address(split, 1000, 0)
    for file in split.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    frame = pd.read_parquet(tmp_path / "validation.parquet")
    frame.assign(hour=frame["hour"] + 1).to_parquet(tmp_path / "validation.parquet")
    assert CartTask.address(tmp_path, 1000, 0).arguments["data"] != one.arguments["data"]
