"""Presets, files and `--set` merge into one strict configuration."""

import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from data.errors import InputError
from models.config import CostConfig
from pipeline.commands.init import commented, init_command
from pipeline.config import PipelineConfig, as_table, flat, load_config, preset_names


def test_later_sources_win(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('preset = "demo"\n[split]\ntrain = 0.6\nvalidation = 0.2\n[tune]\ntrials = 9\n')
    config = load_config(None, file, ["split.train=0.5"])
    assert (config.split.train, config.split.validation, config.tune.trials) == (0.5, 0.2, 9)
    assert config.preset == "demo"


def test_values_of_set_are_toml_and_plain_text_where_they_are_no_toml() -> None:
    config = load_config(
        None, None, ["abandonment.units=[8, 4]", "tracking.experiment=my shop", "recommender.enabled=false"]
    )
    assert config.abandonment.units == (8, 4)
    assert config.tracking.experiment == "my shop"
    assert config.recommender.enabled is False


@pytest.mark.parametrize(
    ("setting", "parts"),
    [
        ("split.trian=0.5", ["`split.trian`", "Did you mean `train`?"]),
        ("splt.train=0.5", ["`splt`", "Did you mean `split`?"]),
        ("abandonment.optimizer.rate=1", ["`abandonment.optimizer.rate`", "learning_rate"]),
        ("split.train=2", ["`split.train`", "should be less than 1", "Received: 2"]),
        ("abandonment.units=[8, -1]", ["`abandonment.units.1`", "greater than 0", "Received: -1"]),
        ("split.train=0.95", ["`split.train` + `split.validation` should be below 1"]),
        ("retrain.psi_alert=0.1", ["`retrain.psi_alert` should be above `retrain.psi_warning`, 0.1. Received: 0.1"]),
        ("tune.trials", ["`--set` should look like section.key=value", "tune.trials"]),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_right(setting: str, parts: list[str]) -> None:
    with pytest.raises(InputError) as error:
        load_config(None, None, [setting])
    assert all(part in str(error.value) for part in parts), str(error.value)


def test_a_rule_brings_its_own_learning_rate_unless_one_is_set() -> None:
    assert load_config(None, None, ["abandonment.optimizer.name=adam"]).abandonment.optimizer.learning_rate == 0.001
    settings = ["abandonment.optimizer.name=adam", "abandonment.optimizer.learning_rate=0.02"]
    assert load_config(None, None, settings).abandonment.optimizer.learning_rate == 0.02


def test_an_unknown_rule_is_one_mistake_not_three() -> None:
    with pytest.raises(InputError) as error:
        load_config(None, None, ["abandonment.optimizer.name=adan"])
    assert "'adam'" in str(error.value)
    assert str(error.value).count("Received") == 1


@pytest.mark.parametrize(
    ("preset", "settings", "why"),
    [
        ("demo", ["recommender.enabled=false"], "`recommender.enabled` is false"),
        ("features", ["source.label=y", "source.abandoned=0"], "a feature table has no items"),
    ],
)
def test_a_run_that_would_make_neither_model_is_refused(preset: str, settings: list[str], why: str) -> None:
    assert load_config(preset, None, settings).abandonment.enabled
    with pytest.raises(InputError, match=f"`abandonment.enabled` should be true where {why}"):
        load_config(preset, None, [*settings, "abandonment.enabled=false"])


def test_only_a_source_without_cart_events_has_the_recommender_alone() -> None:
    settings = {name: ["source.label=y", "source.abandoned=0"] for name in ("features", "uci")}
    alone = [name for name in preset_names() if not load_config(name, None, settings.get(name, [])).abandonment.enabled]
    assert alone == ["yoochoose"]


def test_an_unknown_preset_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match="Did you mean `rees46`"):
        load_config("rees64", None)


def test_input_without_a_preset_is_refused_because_nobody_knows_its_columns(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the demo shop reads nothing"):
        load_config(None, None, [], tmp_path)


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    file = tmp_path / "broken.toml"
    file.write_text("[split\n")
    with pytest.raises(InputError, match="is not valid TOML"):
        load_config(None, file)
    with pytest.raises(InputError, match="No such file"):
        load_config(None, tmp_path / "absent.toml")


@pytest.mark.parametrize("name", [name for name in preset_names() if name != "features"])
def test_every_preset_is_valid_as_it_is(name: str) -> None:
    assert load_config(name, None).preset == name


def test_the_features_preset_asks_for_its_label() -> None:
    with pytest.raises(InputError, match=r"source\.label"):
        load_config("features", None)
    config = load_config("features", None, ["source.label=y", "source.abandoned=0"])
    assert (config.source.label, config.source.abandoned) == ("y", 0)


@pytest.mark.parametrize("name", [name for name in preset_names() if name != "features"])
def test_the_commented_configuration_reads_back_as_it_was(name: str, tmp_path: Path) -> None:
    config = load_config(name, None)
    file = tmp_path / "written.toml"
    file.write_text(commented(config))
    assert load_config(None, file) == config
    assert tomllib.loads(file.read_text())["preset"] == name


def test_every_setting_is_explained() -> None:
    def bare(model: type[BaseModel], path: str) -> list[str]:
        missing = []
        for name, field in model.model_fields.items():
            missing += [] if field.description else [f"{path}{name}"]
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                missing += bare(field.annotation, f"{path}{name}.")
        return missing

    assert bare(PipelineConfig, "") == []


def test_flat_keys_name_every_leaf() -> None:
    table = as_table(PipelineConfig())
    leaves = dict(flat(table))
    assert leaves["abandonment.optimizer.learning_rate"] == 1.0
    assert not any(isinstance(value, dict) and value for value in leaves.values())


@pytest.mark.parametrize(
    ("preset", "settings", "reason"),
    [
        ("features", ["source.label=y", "source.abandoned=0"], '`source.kind` is "features"'),
        ("demo", ["recommender.enabled=false"], "`recommender.enabled` is false"),
        ("yoochoose", [], "`abandonment.enabled` is false"),
    ],
)
def test_multi_task_networks_need_events_and_both_models(preset: str, settings: list[str], reason: str) -> None:
    with pytest.raises(InputError, match=rf"`multi_task.enabled` should be false here: .*{reason}\. Received: true"):
        load_config(preset, None, [*settings, "multi_task.enabled=true"])
    assert load_config("demo", None, ["multi_task.enabled=true"]).multi_task.weight == 0.1


def test_a_start_for_a_shop_of_ones_own_has_no_response_of_the_demo_shop(tmp_path: Path) -> None:
    own, demo = tmp_path / "own.toml", tmp_path / "demo.toml"
    init_command(own, None, [], schema=False)
    init_command(demo, "demo", [], schema=False)
    assert load_config(None, own).costs == CostConfig()
    assert load_config(None, demo) == load_config("demo", None)
    assert load_config(None, demo).costs.segments


def test_a_start_takes_settings_without_which_a_preset_is_not_whole(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"`source\.label` and `source\.abandoned` are needed"):
        init_command(tmp_path / "table.toml", "features", [], schema=False)
    init_command(tmp_path / "table.toml", "features", ["source.label=bought", "source.abandoned=0"], schema=False)
    found = load_config(None, tmp_path / "table.toml").source
    assert (found.kind, found.label, found.abandoned) == ("features", "bought", 0)


def test_a_file_with_a_byte_order_mark_is_read_and_one_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes("[split]\ntrain = 0.6\n".encode("utf-8-sig"))
    assert load_config(None, tmp_path / "mine.toml").split.train == 0.6
    with pytest.raises(InputError, match=r"`--config` should name a TOML file\. Received: .* \(Is a directory\)"):
        load_config(None, tmp_path)


@pytest.mark.parametrize(("value", "told"), [("64", "should be a list"), ("[]", "should have at least 1 item, not 0")])
def test_a_list_is_asked_for_in_the_words_of_toml(value: str, told: str) -> None:
    with pytest.raises(InputError, match=f"`abandonment.units` {told}. Received: "):
        load_config(None, None, [f"abandonment.units={value}"])


def test_a_list_with_a_wrong_item_is_one_mistake() -> None:
    with pytest.raises(InputError) as raised:
        load_config(None, None, ["abandonment.units=[0]"])
    assert str(raised.value).splitlines()[1:] == ["  `abandonment.units.0` should be greater than 0. Received: 0"]


def test_a_declared_range_of_time_has_to_hold_some() -> None:
    settings = ["source.time_from=2025-02-01T00:00:00+02:00", "source.time_to=2025-01-31T22:00:00"]
    with pytest.raises(InputError, match=r"`source\.time_from` should be before `source\.time_to`\. Received: "):
        load_config(None, None, settings)
