"""The models that a comparison can be about."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.errors import InputError
from models.config import AbandonmentConfig, CompareConfig, DigitsConfig, RecommenderConfig
from models.study.alternatives import Alternative, optimizers
from models.study.design import Table
from models.study.network_alternatives import (
    architectures,
    normalizations,
    regularizations,
    session_architectures,
    session_regularizations,
)
from models.study.results import Yardstick
from models.tasks.carts import CartTask
from models.tasks.digits import DigitsTask
from models.tasks.sessions import SessionTask
from models.trials.trial import TaskAddress

KINDS = ("optimizer", "regularization", "normalization", "architecture")
"""What can be compared."""


SUMMED = 1 / 30
"""The recommender's gradient is that of a batch's summed loss, where other models have the mean's; many of its terms
cancel, so that rates lie about this far below theirs."""


@dataclass(frozen=True)
class Subject:
    """A model with what can be compared of it."""

    name: str
    base: Table
    """Its configuration."""

    complete: Callable[[Table], Table]
    """Checks a configuration and fills in its defaults."""

    yardstick: Yardstick
    address: TaskAddress
    alternatives: dict[str, list[Alternative]]
    """By kind."""

    def of(self, kind: str) -> list[Alternative]:
        """The alternatives of a kind.

        Raises:
            InputError: there are none of that kind for this model.
        """
        if kind not in self.alternatives:
            known = ", ".join(self.alternatives)
            raise InputError(f"`--what` should be one of {known} for the {self.name} model. Received: {kind}")
        return self.alternatives[kind]


def cart_subject(config: AbandonmentConfig, compare: CompareConfig, split: Path, seed: int) -> Subject:
    """The abandonment model on a split."""
    rate = config.optimizer.learning_rate
    return Subject(
        name="abandonment",
        base=config.model_dump(mode="json"),
        complete=lambda table: _complete(AbandonmentConfig, table),
        yardstick=Yardstick("val_auc", "auc", 1.0, 0.5),
        address=CartTask.address(split, compare.max_rows, seed, judged=True),
        alternatives={
            "optimizer": optimizers(for_batches=False),
            "regularization": regularizations(),
            "normalization": normalizations(rate),
            "architecture": architectures(rate),
        },
    )


def session_subject(config: RecommenderConfig, compare: CompareConfig, split: Path, seed: int) -> Subject:
    """The recommender on a split."""
    return Subject(
        name="recommender",
        base={**config.model_dump(mode="json"), "refit": False, "warm_start": None, "baselines": []},
        complete=lambda table: _complete(RecommenderConfig, table),
        yardstick=Yardstick("val_loss", f"recall_at_{config.top_k}", -1.0, None),
        address=SessionTask.address(split, compare.max_rows, seed),
        alternatives={
            "optimizer": optimizers(for_batches=True, scale=SUMMED),
            "regularization": session_regularizations(),
            "architecture": session_architectures(config.optimizer.learning_rate),
        },
    )


def digits_subject(config: DigitsConfig, compare: CompareConfig, path: Path, seed: int) -> Subject:
    """The digit classifier on a file of images."""
    return Subject(
        name="digits",
        base=config.model_dump(mode="json"),
        complete=lambda table: _complete(DigitsConfig, table),
        yardstick=Yardstick("val_accuracy", "accuracy", 1.0, 0.1),
        address=DigitsTask.address(path, seed, compare.max_rows, judged=True),
        alternatives={"optimizer": optimizers(for_batches=False, batch_normalization=False)},
    )


def _complete(kind: Any, table: Table) -> Table:
    found: Table = kind.model_validate(table).model_dump(mode="json")
    return found
