"""Configuration of the stages from ingest to split, of their engine, and of the simulated shop."""

from datetime import datetime
from typing import Literal, Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from data.strict import StrictModel


class EngineConfig(StrictModel):
    """The SQL engine that runs ingest, sessionize and featurize."""

    memory_limit_mib: PositiveInt = 2048
    """What the engine may hold in memory before it spills to disk, in MiB; enough for 20 M events."""

    threads: PositiveInt | None = None
    """Threads of the engine; all cores where not set."""


class DemoConfig(StrictModel):
    """Size and seed of the simulated shop."""

    sessions: PositiveInt = 20_000
    """Sessions to simulate."""

    items: int = Field(default=2_000, ge=20)
    """Items in the catalogue."""

    days: PositiveInt = 28
    """Days the log covers."""

    seed: NonNegativeInt = 7
    """Seed of the simulator."""


class IngestConfig(StrictModel):
    """How much of a log may break the event contract, and whether it keeps its visitors' ids."""

    max_bad_share: float = Field(default=0.01, ge=0.0, le=1.0)
    """Share of rows that may break the contract before the run stops."""

    hash_visitors: bool = False
    """Whether visitors' and sessions' ids are replaced by pseudonyms before anything is written: HMAC-SHA256 with the
    key in the environment variable PIPELINE_VISITOR_KEY, 32 hexadecimal digits. Rows in quarantine lose their text."""


class NewDataConfig(StrictModel):
    """How far a new part of a log may be from the log before it; beyond a limit it is refused, and nothing trained."""

    max_stray_share: float = Field(default=0.01, ge=0.0, le=1.0)
    """Share of its events that may lie in the future (a day from now, or later) or before the log's first event."""

    max_volume_ratio: float = Field(default=4.0, gt=1.0)
    """Factor by which its median events a day may be above or below the log's; days that it covers in part do not
    count, and nothing is said where no whole day is left."""

    max_mix_ratio: float = Field(default=3.0, gt=1.0)
    """Factor by which the share of a kind of event (purchases among all events, say) may rise or fall, where 30 events
    of the kind or more are there or expected."""

    max_price_ratio: float = Field(default=2.0, gt=1.0)
    """Factor by which prices may rise or fall: the median over all items of how an item's median price moved."""

    max_hour_shift: float = Field(default=0.25, gt=0.0, le=1.0)
    """Share of its events that may lie in other hours of the day (UTC) than the log's, as after a mistake in the time
    zone; said of parts of two days or more."""

    max_unknown_rise: float = Field(default=0.5, gt=0.0, le=1.0)
    """Rise of the share of events without a category, price, quantity or session id."""


class SessionConfig(StrictModel):
    """How events become sessions."""

    gap_minutes: float = Field(default=30.0, gt=0.0)
    """Minutes without an event that end a session, where the source has no session id of its own."""


class FeatureConfig(StrictModel):
    """Which examples are taken from a session, and their label."""

    decision_points: tuple[NonNegativeInt, ...] = Field(default=(0, 1, 2, 3, 5, 10), min_length=1)
    """Numbers k of events after the session's first cart event at which an example is taken."""

    horizon_minutes: float | None = Field(default=None, gt=0.0)
    """Minutes after the decision point in which a purchase counts; the rest of the session where not set."""

    unfinished: Literal["auto", "drop", "keep"] = "auto"
    """Carts without a purchase whose session may go on after the log's last event: `drop` them, or `keep` them as
    abandoned. `auto` drops them unless they are more than a fifth of all cart sessions, as in a log of a few hours,
    where little but purchases would be left."""

    max_sequence: int = Field(default=50, ge=2)
    """Latest events of a session kept for the recommender."""


class SplitConfig(StrictModel):
    """Which examples train, choose and test."""

    by: Literal["auto", "time", "group"] = "auto"
    """`time` with sessions kept whole, or `group` by a hash of the visitor; `auto` takes time where the source has it
    and each side gets both abandoned and bought carts."""

    train: float = Field(default=0.70, gt=0.0, lt=1.0)
    """Share of the sessions that train."""

    validation: float = Field(default=0.10, gt=0.0, lt=1.0)
    """Share that stops training early, tunes, calibrates and sets the threshold; the rest tests."""

    test_from: datetime | None = None
    """First moment of the test sessions, UTC where naive, for a split by time; `train` and `validation` then share what
    lies before it in their proportion. Where not set, the shares alone decide."""

    validation_by: Literal["time", "visitor"] = "time"
    """What validates in a split by time: the latest sessions before the test, or those of visitors drawn by a hash, so
    that the latest sessions train as well."""

    seed: NonNegativeInt = 0
    """Seed of the hash that splits by group, and that draws visitors for validation."""

    leak_auc: float = Field(default=0.8, gt=0.5, lt=1.0)
    """The leak guard names a feature that alone reaches this AUC on validation examples, beyond chance."""

    @model_validator(mode="after")
    def _cuts_in_time(self) -> Self:
        if self.test_from is not None and self.by != "time":
            raise ValueError(f'`split.by` should be "time" where `split.test_from` is set. Received: {self.by}')
        return self

    @model_validator(mode="after")
    def _leaves_a_test_set(self) -> Self:
        if self.train + self.validation >= 1.0:
            raise ValueError(
                "`split.train` + `split.validation` should be below 1, the rest tests. "
                f"Received: {self.train} + {self.validation}"
            )
        return self
