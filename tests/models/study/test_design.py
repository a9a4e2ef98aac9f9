"""Every alternative gets the same number of trials, from its own range, whatever else is compared."""

from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from models.config import RULES, AbandonmentConfig, CompareConfig, RecommenderConfig
from models.study.alternatives import Alternative, Range, chosen, optimizers
from models.study.design import Design, Table, best_trial, changed, seed_specs, trial_specs
from models.study.network_alternatives import (
    architectures,
    normalizations,
    regularizations,
    session_architectures,
    session_regularizations,
)
from models.trials.trial import TrialRecord

COMPARE = CompareConfig(trials=5, seeds=3, epochs=7)


def complete(table: Table) -> Table:
    return AbandonmentConfig.model_validate(table).model_dump(mode="json")


def design(seed: int = 0) -> Design:
    return Design(AbandonmentConfig().model_dump(mode="json"), complete, COMPARE, seed)


def record(
    name: str, status: Literal["completed", "failed"], value: float, settings: dict[str, object] | None = None
) -> TrialRecord:
    metrics = {"val_auc": value} if status == "completed" else {}
    return TrialRecord(
        name=name, settings=settings or {}, status=status, metrics=metrics, history={}, best_epoch=0, epochs=1,
        seconds=1.0, error=None, extra={},
    )  # fmt: skip


def test_all_rules_get_the_same_number_of_trials_within_their_documented_ranges() -> None:
    for alternative in optimizers(for_batches=False):
        specs = trial_specs(design(), alternative)
        if not alternative.ranges:
            assert [spec.config["optimizer"]["learning_rate"] for spec in specs] == [0.001]
            continue
        assert len(specs) == COMPARE.trials
        low, high = RULES[alternative.name].rates
        rates = [spec.config["optimizer"]["learning_rate"] for spec in specs]
        assert rates[0] == RULES[alternative.name].learning_rate
        assert all(low <= rate <= high for rate in rates[1:])
        assert len(set(rates)) == COMPARE.trials
        assert {spec.config["optimizer"]["name"] for spec in specs} == {alternative.name}
        assert {spec.epochs for spec in specs} == {1 if alternative.name == "single_sgd" else 7}
        assert all(spec.settings["optimizer.learning_rate"] == rate for spec, rate in zip(specs, rates, strict=True))


def test_rates_of_rules_whose_steps_grow_with_the_gradient_are_scaled() -> None:
    plain, scaled = (
        {one.name: trial_specs(design(), one) for one in optimizers(True, scale=scale)} for scale in (1.0, 0.1)
    )
    for name in ("sgd", "momentum", "nag", "adam", "adadelta"):
        factor = 0.1 if name in ("sgd", "momentum", "nag") else 1.0
        rates = [[spec.config["optimizer"]["learning_rate"] for spec in side[name]] for side in (plain, scaled)]
        assert rates[1] == pytest.approx([rate * factor for rate in rates[0]])


def test_draws_depend_on_the_seed_and_the_alternative_alone() -> None:
    adam = next(one for one in optimizers(for_batches=True) if one.name == "adam")
    assert trial_specs(design(3), adam) == trial_specs(design(3), adam)
    assert trial_specs(design(3), adam)[1:] != trial_specs(design(4), adam)[1:]
    nag = next(one for one in optimizers(for_batches=True) if one.name == "nag")
    other = Alternative("momentum_again", "", nag.settings, nag.ranges)
    shares = [[spec.settings["optimizer.learning_rate"] for spec in trial_specs(design(), one)] for one in (nag, other)]
    assert shares[0][1:] != shares[1][1:]


def test_the_best_setting_is_trained_again_under_further_seeds_and_judged() -> None:
    adam = next(one for one in optimizers(for_batches=True) if one.name == "adam")
    specs = trial_specs(design(5), adam)
    best = record(specs[2].name, "completed", 0.7, dict(specs[2].settings))
    again = seed_specs(design(5), adam, best)
    assert [spec.seed for spec in again] == [6, 7, 8]
    assert all(spec.config == specs[2].config for spec in again)
    assert all(spec.share["judge"] for spec in again)
    assert not any(spec.share["judge"] for spec in specs)


def test_the_best_trial_is_completed_and_the_earliest_of_equals() -> None:
    tried = [record("a", "failed", 0.9), record("b", "completed", 0.6), record("c", "completed", 0.6)]
    found = best_trial([replace(one, settings={"rate": i}) for i, one in enumerate(tried)], "val_auc", 1.0)
    assert found is not None
    assert found.name == "b"
    two = [record("a", "completed", 0.9, {"rate": 1}), record("b", "completed", 0.6, {"rate": 2})]
    lower = best_trial(two, "val_auc", -1.0)
    assert lower is not None
    assert lower.name == "b"
    assert best_trial([record("a", "failed", 0.9)], "val_auc", 1.0) is None


def test_folds_of_one_setting_are_judged_by_their_mean_and_fall_with_one() -> None:
    folded = next(one for one in regularizations() if one.name == "cross_validation")
    specs = trial_specs(design(), folded)
    assert len(specs) == COMPARE.trials * folded.folds
    assert len({spec.name for spec in specs}) == len(specs)
    assert [spec.share["fold"] for spec in specs[:5]] == [0, 1, 2, 3, 0]
    values = [0.9, 0.1, 0.1, 0.1, 0.5, 0.5, 0.5, 0.4, 0.9, 0.9, 0.9, 0.9]
    records = [
        record(spec.name, "failed" if i == 11 else "completed", value, dict(spec.settings))
        for i, (spec, value) in enumerate(zip(specs, values, strict=False))
    ]
    best = best_trial(records, "val_auc", 1.0)
    assert best is not None
    assert best.settings == specs[4].settings
    assert len(seed_specs(design(), folded, best)) == COMPARE.seeds


def test_another_rule_brings_its_own_rate_but_keeps_schedule_and_clipping() -> None:
    base = AbandonmentConfig.model_validate({"optimizer": {"name": "adadelta", "rho": 0.7, "clip_norm": 2.0}})
    table = complete(changed(base.model_dump(mode="json"), {"optimizer": {"name": "adam"}}))
    assert table["optimizer"]["learning_rate"] == RULES["adam"].learning_rate
    assert table["optimizer"]["clip_norm"] == 2.0
    assert table["optimizer"]["rho"] == 0.95


@given(st.floats(1e-8, 1.0), st.floats(1.0, 1e3), st.sampled_from(["log", "even"]), st.integers(0, 1000))
def test_a_draw_stays_in_its_range(low: float, ratio: float, scale: str, seed: int) -> None:
    import numpy as np

    high = low * ratio
    value = Range(low, high, scale).draw(np.random.default_rng(seed))  # type: ignore[arg-type]
    assert low * (1 - 1e-9) <= value <= high * (1 + 1e-9)


@pytest.mark.parametrize(
    "alternatives", [optimizers(False), regularizations(), normalizations(1.0), architectures(1.0)]
)
def test_every_alternative_is_a_valid_configuration_of_its_own(alternatives: list[Alternative]) -> None:
    alone = [one for one in alternatives if one.name != "configured" and not one.folds]
    tables = [trial_specs(design(), one)[0].config for one in alone]
    assert len({str(table) for table in tables}) == len(tables)


@pytest.mark.parametrize("alternatives", [optimizers(True), session_regularizations(), session_architectures(1.0)])
def test_every_alternative_of_the_recommender_is_valid(alternatives: list[Alternative]) -> None:
    base = RecommenderConfig().model_dump(mode="json")
    whole = Design(base, lambda table: RecommenderConfig.model_validate(table).model_dump(mode="json"), COMPARE, 0)
    tables = [spec.config for one in alternatives for spec in trial_specs(whole, one)]
    assert len({str(table) for table in tables}) >= len(alternatives) - 1


def test_only_those_asked_for_are_compared_and_an_unknown_one_is_a_clear_error() -> None:
    assert [one.name for one in chosen(optimizers(True), ("adam", "sgd"))] == ["sgd", "adam"]
    with pytest.raises(InputError, match=r"`compare.only` should be among sgd.*Received: adan"):
        chosen(optimizers(True), ("adam", "adan"))
    with pytest.raises(InputError, match="two alternatives or more"):
        chosen(optimizers(True), ("adam",))
