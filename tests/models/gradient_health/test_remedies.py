"""Advice is a setting that can be typed, that changes something, and that leaves a valid configuration."""

import tomllib
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.config import RULES, AbandonmentConfig
from models.gradient_health.diagnosis import KINDS
from models.gradient_health.remedies import optimizer_remedies, remedies

FIELDS = AbandonmentConfig.model_fields
POISONED = {
    "activation": "sigmoid",
    "units": (16,) * 12,
    "batch_normalization": "off",
    "optimizer": {"name": "sgd", "learning_rate": 50.0},
}

configs = st.builds(
    lambda forms, name, norm, value: AbandonmentConfig.model_validate(
        forms
        | {"optimizer": {"name": name, "clip_norm": norm, "clip_value": value}}
        | ({"batch_normalization": "off"} if name == "single_sgd" else {})
    ),
    st.fixed_dictionaries(
        {
            **{
                name: st.sampled_from(get_args(FIELDS[name].annotation))
                for name in ("activation", "initializer", "batch_normalization")
            },
            "residual": st.booleans(),
            "units": st.lists(st.integers(1, 99), min_size=1, max_size=6).map(tuple),
        }
    ),
    st.sampled_from(list(RULES)),
    st.none() | st.just(1.0),
    st.none() | st.just(0.5),
)


def set_to(config: AbandonmentConfig, setting: str) -> AbandonmentConfig:
    """What `--set` makes of a configuration: the value as TOML, or else as text."""
    path, _, text = setting.partition("=")
    try:
        value: Any = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    section, *names = path.split(".")
    assert section == "abandonment"
    tree = config.model_dump()
    place = tree
    for name in names[:-1]:
        place = place[name]
    assert names[-1] in place
    place[names[-1]] = tuple(value) if isinstance(value, list) else value
    return AbandonmentConfig.model_validate(tree)


@given(config=configs, kind=st.sampled_from(KINDS))
def test_every_advice_can_be_set_and_is_not_given_again(config: AbandonmentConfig, kind: str) -> None:
    for setting in remedies(kind, config):
        changed = set_to(config, setting)
        assert changed != config
        assert setting not in remedies(kind, changed)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            "vanishing",
            ("activation=relu", "batch_normalization=before", "residual=true", "units=[16, 16]"),
        ),
        (
            "exploding",
            (
                "optimizer.learning_rate=5",
                "optimizer.clip_norm=1.0",
                "optimizer.clip_value=0.1",
                "batch_normalization=before",
            ),
        ),
        ("dead", ("optimizer.learning_rate=5", "activation=leaky_relu", "batch_normalization=before")),
    ],
)
def test_the_advice_for_a_deep_sigmoid_network_at_a_wild_rate(kind: str, expected: tuple[str, ...]) -> None:
    config = AbandonmentConfig.model_validate(POISONED)
    assert remedies(kind, config) == tuple(f"abandonment.{setting}" for setting in expected)


def test_a_start_that_does_not_suit_a_relu_is_advised_against() -> None:
    config = AbandonmentConfig(initializer="random_normal")
    assert "abandonment.initializer=he_normal" in remedies("vanishing", config)
    assert not any("initializer" in setting for setting in remedies("vanishing", AbandonmentConfig()))


def test_of_another_section_only_the_rule_is_advised_upon() -> None:
    rule = AbandonmentConfig.model_validate(POISONED | {"optimizer": {"clip_norm": 2.0}}).optimizer
    assert optimizer_remedies("multi_task", rule) == (
        "multi_task.optimizer.learning_rate=0.1",
        "multi_task.optimizer.clip_value=0.1",
    )
