"""The whole configuration of a run: presets, the user's file and `--set`, merged and checked."""

from pipeline.config.loading import load_config, preset_names
from pipeline.config.schema import PipelineConfig, RescueConfig
from pipeline.config.settings import as_table, flat, settings_digest, settings_of, within

__all__ = [
    "PipelineConfig",
    "RescueConfig",
    "as_table",
    "flat",
    "load_config",
    "preset_names",
    "settings_digest",
    "settings_of",
    "within",
]
