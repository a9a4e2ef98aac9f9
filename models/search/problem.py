"""What all search methods share: the question, and the words of the answer."""

import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras_tuner
import numpy as np

from data.errors import InputError
from models.config import TuneConfig
from models.fitting import maximized
from models.search.ranges import Network
from models.search.space import Point, configured, defaults_of, values_of
from models.trials.trial import TrialRecord, TrialSpec

ROUND = 4
"""Trials that a method which learns from results proposes at a time.

It is fixed, and not the number of workers, because a proposal depends on which results are known when it is made: with
a fixed round the same seed tries the same settings whatever machine it runs on. More than four workers idle in a round.
"""


@dataclass(frozen=True)
class Found:
    """What a method makes of its trials where that is more than the best of them."""

    settings: Point
    """The settings it chose."""

    scores: tuple[Mapping[str, Any], ...] = ()
    """Per setting tried: what it came to over several trials."""


Proposals = Generator[Sequence[TrialSpec], Sequence[TrialRecord], Found | None]
"""A search method at work: it yields trials, is sent their records in the same order, and yields further ones.

Where it is sent fewer records than it asked for, time is up: it proposes no more. It returns its choice, or None to
have the best single trial chosen. It depends on nothing but the question and what it is sent.
"""


@dataclass(frozen=True)
class Problem:
    """A search to make."""

    config: Network
    """What trials have in common; the first is this itself."""

    tune: TuneConfig
    seed: int

    space: keras_tuner.HyperParameters
    """The settings tried."""

    @cached_property
    def own(self) -> dict[str, Any]:
        """The configured values."""
        return values_of(self.config, self.space)

    @property
    def inside(self) -> bool:
        """Whether the configured values lie in the space."""
        return self.own == defaults_of(self.space)

    @property
    def epochs(self) -> int:
        """Most epochs of a trial."""
        return min(self.config.epochs, self.tune.epochs)

    @property
    def maximized(self) -> bool:
        """Whether more of the monitored metric is better."""
        return maximized(self.config.early_stopping.monitor)

    @property
    def random_state(self) -> int:
        """A seed for the libraries: at least 1 (KerasTuner takes 0 for none), those of near seeds far apart."""
        return int(np.random.default_rng(self.seed).integers(1, 2**31))

    def spec(
        self,
        number: int,
        values: Point,
        epochs: int | None = None,
        start: str | None = None,
        share: Mapping[str, Any] | None = None,
    ) -> TrialSpec:
        """The trial of a point of the space; the fields are those of `TrialSpec`."""
        config = self.config if values == self.own else configured(self.config, values)
        return TrialSpec(
            name=f"{number:04d}",
            settings=dict(values),
            config=config.model_dump(mode="json"),
            seed=self.seed,
            epochs=epochs or self.epochs,
            start=start,
            share=share or {},
        )

    def loss(self, record: TrialRecord) -> float | None:
        """The monitored metric of a trial, less being better; None where it failed."""
        monitor = self.config.early_stopping.monitor
        value = record.metrics.get(monitor, math.nan) if record.status == "completed" else math.nan
        if not math.isfinite(value):
            return None
        return -value if self.maximized else value

    def best(self, records: Sequence[TrialRecord]) -> TrialRecord | None:
        """The best trial, the first of equals; None where all failed."""
        judged = [(loss, record) for record in records if (loss := self.loss(record)) is not None]
        return min(judged, key=lambda pair: pair[0])[1] if judged else None


def plain(values: Point) -> dict[str, Any]:
    """Values without NumPy's types."""
    return {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}


def none_completed(records: Sequence[TrialRecord]) -> InputError:
    """What to say where no trial can be chosen."""
    if not records:
        return InputError("No trial was started in the time given. Raise `tune.minutes`")
    error = next((record.error for record in records if record.error), "its metric is not finite")
    return InputError(f"All {len(records)} trials of the search failed. The first: {error}")
