"""A stage depends on its sections, and where a single setting is named, on that one alone."""

from pathlib import Path

import pytest

from pipeline.config import load_config, settings_digest
from pipeline.fingerprint import fingerprint
from pipeline.stage import STAGES


def settings(stage: str, *changes: str) -> object:
    found = next(one for one in STAGES if one.name == stage)
    return fingerprint(found, load_config(None, None, changes), Path("nowhere"), {})["config"]


@pytest.mark.parametrize("stage", ["featurize", "split"])
def test_one_setting_of_a_section_counts_without_the_others(stage: str) -> None:
    assert settings(stage) == settings(stage, "abandonment.epochs=3")
    assert settings(stage) != settings(stage, "abandonment.enabled=false")
    assert settings("train") != settings("train", "abandonment.epochs=3")


def test_what_only_a_retrain_goes_by_changes_no_stage_and_no_run() -> None:
    changes = ("retrain.margin=0.01", "retrain.window_days=30")
    for stage in STAGES:
        assert settings(stage.name) == settings(stage.name, *changes)
    assert settings_digest(load_config(None, None)) == settings_digest(load_config(None, None, changes))
