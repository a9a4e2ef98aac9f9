"""The search space surrounds the configuration it starts from."""

import pytest
from pydantic import ValidationError

from models.config import AbandonmentConfig, OptimizerConfig
from models.search_space import configured, declare, values_of

CONFIGS = (
    AbandonmentConfig(),
    AbandonmentConfig(units=(77, 5), dropout=0.8, batch_size=99, l2=0.5),
    AbandonmentConfig(optimizer=OptimizerConfig(name="nag", learning_rate=0.01, momentum=0.77)),
)


@pytest.mark.parametrize("config", CONFIGS)
def test_the_defaults_of_the_space_are_the_configuration(config: AbandonmentConfig) -> None:
    defaults = {hp.name: hp.default for hp in declare(config).space}
    assert defaults == values_of(config)
    assert configured(config, defaults) == config


@pytest.mark.parametrize("config", CONFIGS)
def test_every_point_of_the_space_is_a_valid_configuration(config: AbandonmentConfig) -> None:
    for seed in range(30):
        point = {hp.name: hp.random_sample(seed + i) for i, hp in enumerate(declare(config).space)}
        drawn = configured(config, point)
        assert values_of(drawn) == point
        assert drawn.optimizer.name == config.optimizer.name
        assert drawn.epochs == config.epochs


def test_a_parameter_that_the_rule_has_not_is_not_searched() -> None:
    names = {hp.name for hp in declare(AbandonmentConfig(optimizer=OptimizerConfig(name="adam"))).space}
    assert not {"rho", "momentum"} & names


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(ValidationError):
        configured(AbandonmentConfig(), values_of(AbandonmentConfig()) | {"dropout": 1.5})
