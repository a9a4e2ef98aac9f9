"""Trials of the abandonment model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sklearn.metrics import roc_auc_score

from data.examples import Examples, read_examples, sample, set_aside
from data.splitting.folds import time_folds, visitor_folds
from models.abandonment import predict
from models.binary_metrics import bootstrap_auc
from models.checkpoint import Place
from models.config import AbandonmentConfig
from models.evaluation import clusters_of
from models.tasks.digest import digest_of
from models.training import Trained, train_abandonment
from models.trials.trial import Outcome, TaskAddress, Tell, TrialSpec

ASIDE = 0.2
RESAMPLES = 200


class CartTask:
    """The abandonment model on the training and validation side of a split; the test side is not even read."""

    def __init__(self, folder: str, max_rows: int, seed: int, judged: bool, data: str) -> None:  # noqa: ARG002
        """Read the examples.

        Args:
            folder: the split stage's.
            max_rows: training examples at most, a sample of whole visitors.
            seed: of the sample and of what is set aside.
            judged: set a fifth of the training visitors aside, for trials that ask to be judged on them.
            data: digest of both files, so that trials on other data are other trials.
        """
        train, validation = read_examples(Path(folder), "train"), read_examples(Path(folder), "validation")
        if judged:
            train, self._aside = set_aside(train, ASIDE, seed)
        self.train_side, self.validation_side, self._seed = sample(train, max_rows, seed), validation, seed

    @classmethod
    def address(cls, folder: Path, max_rows: int, seed: int, judged: bool = False) -> TaskAddress:
        """Where worker processes find the task of a split."""
        data = digest_of(folder / f"{side}.parquet" for side in ("train", "validation"))
        arguments = {"folder": str(folder.resolve()), "max_rows": max_rows, "seed": seed, "judged": judged}
        return TaskAddress("models.tasks.carts:CartTask", {**arguments, "data": data})

    def train(self, spec: TrialSpec, folder: Path, start: Path | None, tell: Tell) -> Outcome:
        """Train a configuration of the abandonment model.

        With `share.judge` it is judged on what is set aside; with `share.fold` it is trained and judged on a fold of
        the training examples, and the validation examples have no part; with `share.hypergradient` learning rate and
        L2 penalty adapt, and what they came to by the best epoch is told.
        """
        config = AbandonmentConfig.model_validate(spec.config)
        train, validation = self._sides(spec.share)
        adapt = bool(spec.share.get("hypergradient"))
        place = Place(folder, start, spec.epochs)
        trained = train_abandonment(train, validation, config, spec.seed, tell, place, adapt)
        rows = len(train)
        extra: dict[str, Any] = {
            "rows": rows,
            "steps_per_epoch": -(-rows // config.optimizer.batch(config.batch_size, rows)),
        }
        if adapt:
            extra |= {name: trained.history[name][trained.best_epoch] for name in ("learning_rate", "l2")}
        if spec.share.get("judge"):
            extra |= _judged(trained, self._aside, self._seed)
        metrics = {name: series[trained.best_epoch] for name, series in trained.history.items()}
        return Outcome(metrics, trained.history, trained.best_epoch, extra)

    def _sides(self, share: Mapping[str, Any]) -> tuple[Examples, Examples]:
        if "fold" not in share:
            return self.train_side, self.validation_side
        if share["fold_by"] == "time":
            folds = time_folds(self.train_side, share["folds"])
        else:
            folds = visitor_folds(self.train_side, share["folds"], self._seed)
        before, after = folds[share["fold"]]
        return self.train_side.take(before), self.train_side.take(after)


def _judged(trained: Trained, aside: Examples, seed: int) -> dict[str, Any]:
    """`judged` AUC on the examples that were set aside, and on resamples of their sessions, the same for all trials."""
    scores = predict(trained.model, aside)
    resamples = bootstrap_auc(aside.abandoned, scores, clusters_of(aside.keys), RESAMPLES, seed)
    return {
        "judged_rows": len(aside),
        "judged": {"auc": float(roc_auc_score(aside.abandoned, scores))},
        "resamples": [float(value) for value in resamples],
    }
