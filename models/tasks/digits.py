"""Trials of the digit classifier."""

from pathlib import Path
from typing import Any

import numpy as np

from data.digits import read_digits, split_digits
from models.binary_metrics import resample_weights
from models.checkpoint import Place
from models.config import DigitsConfig
from models.digits.training import hits, train_digits
from models.tasks.digest import digest_of
from models.trials.trial import Outcome, TaskAddress, Tell, TrialSpec

RESAMPLES = 200


class DigitsTask:
    """The digit classifier on the training images of a file; its test images are not kept."""

    def __init__(self, path: str, seed: int, max_rows: int, judged: bool, data: str) -> None:  # noqa: ARG002
        """Read the images.

        Args:
            path: the archive.
            seed: of the validation side, and of what is set aside.
            max_rows: training images at most.
            judged: set another 10,000 images aside, for trials that ask to be judged on them.
            data: digest of the file, so that trials on other data are other trials.
        """
        train, self._validation = split_digits(read_digits(Path(path))[0], seed)
        if judged:
            train, self._aside = split_digits(train, seed)
        self._train, self._seed = train.take(np.arange(min(max_rows, len(train)))), seed

    @classmethod
    def address(cls, path: Path, seed: int, max_rows: int, judged: bool = False) -> TaskAddress:
        """Where worker processes find the task of a file."""
        arguments = {"path": str(path.resolve()), "seed": seed, "max_rows": max_rows, "judged": judged}
        return TaskAddress("models.tasks.digits:DigitsTask", {**arguments, "data": digest_of([path])})

    def train(self, spec: TrialSpec, folder: Path, start: Path | None, tell: Tell) -> Outcome:
        """Train a configuration of the digit classifier; with `share.judge` judge it on what is set aside."""
        config = DigitsConfig.model_validate(spec.config)
        place = Place(folder, start, spec.epochs)
        trained = train_digits(self._train, self._validation, config, spec.seed, tell, place)
        rows = len(self._train)
        extra: dict[str, Any] = {
            "rows": rows,
            "steps_per_epoch": -(-rows // config.optimizer.batch(config.batch_size, rows)),
        }
        if spec.share.get("judge"):
            right = hits(trained.model, self._aside)
            draws = resample_weights(np.arange(len(right)), RESAMPLES, self._seed)
            extra |= {
                "judged_rows": len(right),
                "judged": {"accuracy": float(right.mean())},
                "resamples": [float(value) for weights in draws for value in weights @ right / len(right)],
            }
        metrics = {name: series[trained.best_epoch] for name, series in trained.history.items()}
        return Outcome(metrics, trained.history, trained.best_epoch, extra)
