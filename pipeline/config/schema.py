"""Every section of the configuration, and what they ask of one another."""

from pathlib import Path
from typing import Self

from pydantic import NonNegativeInt, model_validator

from data.config import DemoConfig, EngineConfig, FeatureConfig, IngestConfig, SessionConfig, SourceConfig, SplitConfig
from data.errors import InputError
from data.strict import StrictModel
from explain.config import ExplainConfig
from models.config import (
    AbandonmentConfig,
    CompareConfig,
    CostConfig,
    DigitsConfig,
    EvaluateConfig,
    MultiTaskConfig,
    RecommenderConfig,
    RetrainConfig,
    TuneConfig,
)  # fmt: skip
from pipeline.scheduling.config import ScheduleConfig


class TrackingConfig(StrictModel):
    """Where runs are logged and models registered."""

    enabled: bool = True
    """Whether to log to MLflow at all; without it the register stage is skipped."""

    experiment: str | None = None
    """MLflow experiment; the preset's name where not set."""

    abandonment_name: str = "cart-abandonment"
    """Name of the registered abandonment model."""

    recommender_name: str = "next-item"
    """Name of the registered recommender."""


class RescueConfig(StrictModel):
    """What the rescue list shows for an open cart. `run` keeps it for the next `score` and in the registered model."""

    hide_bought: bool = True
    """Whether what the visitor has bought before is left out. Turn it off where people buy the same again."""

    exclude_file: Path | None = None
    """Text file with one item id a line, never to be shown: what is out of stock. Read anew for every list."""


class PipelineConfig(StrictModel):
    """Everything a run depends on besides its input and its code."""

    preset: str = "demo"
    """Name of the preset the configuration started from; names the MLflow experiment."""

    seed: NonNegativeInt = 0
    """Seed of training, tuning, bootstrap and explanations."""

    source: SourceConfig = SourceConfig(kind="demo")
    """Where the data come from and what their columns mean."""

    demo: DemoConfig = DemoConfig()
    """The simulated shop, where `source.kind` is "demo"."""

    engine: EngineConfig = EngineConfig()
    """The SQL engine."""

    ingest: IngestConfig = IngestConfig()
    """How much of a log may break the event contract."""

    session: SessionConfig = SessionConfig()
    """How events become sessions."""

    features: FeatureConfig = FeatureConfig()
    """Which examples are taken from a session."""

    split: SplitConfig = SplitConfig()
    """Which examples train, choose and test."""

    abandonment: AbandonmentConfig = AbandonmentConfig()
    """The abandonment model."""

    costs: CostConfig = CostConfig()
    """What a nudge costs and brings."""

    recommender: RecommenderConfig = RecommenderConfig()
    """The recommender."""

    multi_task: MultiTaskConfig = MultiTaskConfig()
    """Networks that read the session for both tasks."""

    digits: DigitsConfig = DigitsConfig()
    """The digit classifier, where `source.kind` is "digits"."""

    tune: TuneConfig = TuneConfig()
    """Search over the abandonment model, or over the digit classifier."""

    compare: CompareConfig = CompareConfig()
    """Alternatives side by side."""

    evaluate: EvaluateConfig = EvaluateConfig()
    """How quality is measured."""

    explain: ExplainConfig = ExplainConfig()
    """How much is computed for the explanations."""

    rescue: RescueConfig = RescueConfig()
    """What the rescue list shows."""

    retrain: RetrainConfig = RetrainConfig()
    """When a challenger replaces the champion."""

    tracking: TrackingConfig = TrackingConfig()
    """MLflow."""

    schedule: ScheduleConfig = ScheduleConfig()
    """What is started at the clock."""

    @model_validator(mode="after")
    def _check_multi_task(self) -> Self:
        if not self.multi_task.enabled:
            return self
        missing = None
        if self.source.kind == "features":
            missing = 'an event source, and `source.kind` is "features"'
        elif not self.abandonment.enabled:
            missing = "an abandonment model to compare with, and `abandonment.enabled` is false"
        elif not self.recommender.enabled:
            missing = "a recommender, whose encoder it uses, and `recommender.enabled` is false"
        if missing:
            raise InputError(f"`multi_task.enabled` should be false here: it needs {missing}. Received: true")
        return self

    @model_validator(mode="after")
    def _check_hashing(self) -> Self:
        if self.ingest.hash_visitors and self.source.kind == "features":
            raise InputError(
                "`ingest.hash_visitors` should be false for a feature table, which is taken as it is: hash its column "
                "of visitors where the table is made. Received: true"
            )
        return self

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.abandonment.enabled or (self.recommender.enabled and self.source.kind != "features"):
            return self
        why = (
            "a feature table has no items for a recommender"
            if self.recommender.enabled
            else "`recommender.enabled` is false"
        )
        raise InputError(f"`abandonment.enabled` should be true where {why}. Received: false; nothing is left to make.")
