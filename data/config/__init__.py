"""Configuration of everything from the raw log to the split examples."""

from data.config.source import ColumnConfig, SourceConfig
from data.config.stages import (
    DemoConfig,
    EngineConfig,
    FeatureConfig,
    IngestConfig,
    NewDataConfig,
    SessionConfig,
    SplitConfig,
)

__all__ = [
    "ColumnConfig",
    "DemoConfig",
    "EngineConfig",
    "FeatureConfig",
    "IngestConfig",
    "NewDataConfig",
    "SessionConfig",
    "SourceConfig",
    "SplitConfig",
]
