"""The search space surrounds the configuration it starts from."""

from typing import Any

import keras_tuner
import pytest
from pydantic import ValidationError

from data.errors import InputError
from models.config import RULES, AbandonmentConfig, DigitsConfig, OptimizerConfig, TuneConfig
from models.search.space import configured, declare, defaults_of, gridded, values_of

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


def draw(space: keras_tuner.HyperParameters, seed: int) -> dict[str, Any]:
    """A random point."""
    point: dict[str, Any] = {}
    for i, hp in enumerate(space.space):
        if all(condition.is_active(point) for condition in hp.conditions):
            point[hp.name] = hp.random_sample(1000 * seed + i)
    return point


@pytest.mark.parametrize("config", [*CONFIGS, DigitsConfig()])
def test_every_rule_is_drawn_with_its_own_rate_and_options(config: AbandonmentConfig | DigitsConfig) -> None:
    space = declare(config, TuneConfig(optimizers=tuple(RULES)))
    assert defaults_of(space) == values_of(config, space)
    assert configured(config, defaults_of(space)) == config
    seen = set()
    for seed in range(200):
        point = draw(space, seed)
        rule = point["optimizer"]
        drawn = configured(config, point)
        assert values_of(drawn, space) == point
        own = {name for name in point if name.startswith(f"{rule}_")}
        assert {"learning_rate", *RULES[rule].options} == {name.removeprefix(f"{rule}_") for name in own}
        low, high = RULES[rule].rates
        if rule != config.optimizer.name:
            assert low <= drawn.optimizer.learning_rate <= high
        seen.add(rule)
    assert seen == set(RULES)


def test_a_rule_that_makes_its_own_batches_has_no_batch_size() -> None:
    for rule in ("gradient_descent", "single_sgd"):
        config = AbandonmentConfig(optimizer=OptimizerConfig(name=rule), batch_normalization="off")
        names = {hp.name for hp in declare(config).space}
        assert "batch_size" not in names
        assert ("batch_normalization" in names) == (rule == "gradient_descent")


def test_the_users_ranges_take_the_place_of_the_projects() -> None:
    ranges = {"dropout": (0.1, 0.5), "units": ("64-32", "128"), "l1": (1e-6, 1e-2), "batch_size": (64, 32)}
    space = declare(AbandonmentConfig(), TuneConfig(space=ranges))
    points = [draw(space, seed) for seed in range(100)]
    assert all(0.1 <= point["dropout"] <= 0.5 and 1e-6 <= point["l1"] <= 1e-2 for point in points)
    assert {point["units"] for point in points} == {"64-32", "128"}
    assert {point["batch_size"] for point in points} == {64, 32}
    assert sum(point["l1"] < 1e-4 for point in points) in range(30, 70)  # evenly on a logarithmic scale


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"dropout": (0.5, 0.1)}, r"`tune.space.dropout` should be a range from low to high. Received: \[0.5, 0.1\]"),
        ({"dropout": (0.2, 0.2)}, "a range from low to high"),
        ({"dropout": ()}, r"`tune.space.dropout` should be a range .* or a list of values. Received: \[\]"),
        ({"dropout": (0.2, 1.5)}, r"`tune.space.dropout` should be less than 1. Received: 1.5"),
        ({"dropout": ("much",)}, r"`tune.space.dropout` should be a range or list of numbers"),
        ({"dropuot": (0.1, 0.5)}, r"`tune.space` should name .* Received: dropuot. Did you mean `dropout`\?"),
        ({"adam_learning_rate": (0.1, 0.5)}, r"Did you mean `learning_rate`\?"),
        ({"l2": (0, 1e-3)}, r"above 0 .*Received: \[0, 0.001\]"),
        ({"units": ("64-",)}, r"`tune.space.units` should be units of the blocks"),
        ({"units": (64,)}, r"`tune.space.units` should be a list of words. Received: \[64\]"),
        ({"batch_size": (0, 1)}, r"`tune.space.batch_size` should be greater than 0. Received: 0"),
        ({"activation": ("rleu",)}, r"`tune.space.activation` should be 'relu'"),
    ],
)
def test_ranges_that_cannot_be_used_are_named(space: dict[str, tuple[Any, ...]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        declare(AbandonmentConfig(), TuneConfig(space=space))


@pytest.mark.parametrize("points", [1, 2, 3, 5])
def test_a_grid_has_its_points_from_end_to_end_and_the_configured_one(points: int) -> None:
    config = AbandonmentConfig(dropout=0.2)
    grid = gridded(declare(config), points)
    values = {hp.name: list(hp.values) for hp in grid.space}
    assert len(values["dropout"]) == len(values["learning_rate"]) == points
    assert 0.2 in values["dropout"]
    assert values["dropout"] == sorted(values["dropout"])
    assert defaults_of(grid) == values_of(config)
    if points == 5:
        assert values["dropout"] == pytest.approx([0.0, 0.2, 0.3, 0.45, 0.6])
        assert values["learning_rate"][0] == pytest.approx(0.1)
        assert values["learning_rate"][-1] == pytest.approx(3.0)


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(ValidationError):
        configured(AbandonmentConfig(), values_of(AbandonmentConfig()) | {"dropout": 1.5})
