"""Every method proposes the same for the same seed and records, begins with the configured setting, and survives."""

import json
from statistics import median
from typing import Any

import pytest

from data.errors import InputError
from models.config import AbandonmentConfig, DigitsConfig, OptimizerConfig, ScheduleConfig, TuneConfig
from models.search import METHODS, SearchResult, advice, search
from models.search.oracles import hyperband_trials
from models.search.space import configured, values_of
from models.trials.trial import TrialSpec
from tests.models.search.toy import CONFIG, ToyPool, bowl

SMOOTH: dict[str, tuple[Any, ...]] = {
    "learning_rate": (1e-4, 3.0),
    "l2": (1e-7, 1e-2),
    "dropout": (0.0, 0.6),
    "units": ("64-32",),
    "activation": ("relu",),
    "batch_normalization": ("after",),
    "batch_size": (256,),
}
RULES = ("adam", "momentum")
ALL = pytest.mark.parametrize("method", METHODS)


def learned(spec: TrialSpec) -> dict[str, float]:
    return {"learning_rate": 0.02, "l2": 1e-6} if spec.share.get("hypergradient") else {}


def tune(method: Any, trials: int = 11, **rest: Any) -> TuneConfig:
    return TuneConfig(method=method, trials=trials, folds=3, **rest)


def run(method: str, seed: int = 0, pool: ToyPool | None = None, **rest: Any) -> tuple[SearchResult[Any], ToyPool]:
    pool = pool or ToyPool(extra=learned)
    return search(pool, CONFIG, tune(method, **rest), seed), pool


@ALL
@pytest.mark.parametrize("optimizers", [(), RULES])
def test_the_same_seed_proposes_the_same_and_another_seed_other_settings(
    method: str, optimizers: tuple[str, ...]
) -> None:
    (first, pool), (again, pool_again) = run(method, optimizers=optimizers), run(method, optimizers=optimizers)
    assert pool.batches == pool_again.batches
    assert first == again
    _, other = run(method, seed=1, optimizers=optimizers)
    if not method.startswith("grid"):
        assert [spec.settings for spec in other.specs] != [spec.settings for spec in pool.specs]
    assert json.loads(json.dumps([dict(spec.settings) for spec in pool.specs])) == [s.settings for s in pool.specs]


@ALL
def test_the_first_trial_is_the_configured_setting_and_all_are_valid(method: str) -> None:
    _, pool = run(method, optimizers=RULES)
    first = pool.specs[0]
    assert AbandonmentConfig.model_validate(first.config) == CONFIG
    assert (first.epochs, first.start) == (12, None)
    assert [spec.name for spec in pool.specs] == [f"{number:04d}" for number in range(len(pool.specs))]
    for spec in pool.specs:
        config = AbandonmentConfig.model_validate(spec.config)
        assert config == configured(CONFIG, spec.settings)
        assert spec.settings["optimizer"] == config.optimizer.name


@ALL
def test_a_setting_outside_of_the_users_ranges_is_tried_once_all_the_same(method: str) -> None:
    _, pool = run(method, space={"dropout": (0.1, 0.2)})
    inside = [0.1 <= spec.settings["dropout"] <= 0.2 for spec in pool.specs]
    own = [spec.settings == values_of(CONFIG) for spec in pool.specs]
    assert own[0]
    assert all(a != b for a, b in zip(own, inside, strict=True)) or method == "gradient"


@ALL
def test_a_killed_search_proposes_the_rest_as_an_unbroken_one(method: str) -> None:
    unbroken, pool = run(method)
    known = {record.name: record for record in unbroken.records}
    for kept in (1, len(known) // 2, len(known) - 1):
        part = {name: known[name] for name in sorted(known)[:kept]}
        resumed, rest = run(method, pool=ToyPool(known=part, extra=learned))
        assert resumed == unbroken
        assert rest.batches == pool.batches
        assert rest.run_names == sorted(known)[kept:]


@ALL
def test_time_that_is_up_ends_the_search_with_what_there_is(method: str) -> None:
    result, pool = run(method, pool=ToyPool(most=3, extra=learned))
    assert len(result.records) == 3
    assert len(pool.specs) <= 40
    with pytest.raises(InputError, match="No trial was started"):
        run(method, pool=ToyPool(most=0))


def brittle(spec: TrialSpec) -> float:
    """Fails for every other trial."""
    if int(spec.name) % 2:
        raise ArithmeticError("it broke")
    return bowl(spec)


@ALL
def test_failing_trials_do_not_stop_a_search(method: str) -> None:
    if method.endswith("cv"):  # a setting counts where all its folds do: let those of the third setting
        pool = ToyPool(lambda spec: bowl(spec) if int(spec.name) // 3 == 2 else 1 / 0)
    else:
        pool = ToyPool(brittle, extra=learned)
    result, _ = run(method, pool=pool)
    assert {record.status for record in result.records} == {"completed", "failed"}
    assert len(result.records) == (33 if method.endswith("cv") else 11 if method != "gradient" else 8)
    chosen = [record for record in result.records if record.settings == result.settings]
    assert chosen
    assert {record.status for record in chosen} == {"completed"}


@ALL
def test_a_search_whose_trials_all_fail_says_so(method: str) -> None:
    def breaks(spec: TrialSpec) -> float:
        raise ArithmeticError(f"{spec.name} broke")

    with pytest.raises(InputError, match=r"trials? of the search failed. The first: 0000 broke"):
        run(method, pool=ToyPool(breaks))


@ALL
def test_the_best_trial_is_chosen_and_trains_as_long_as_configured(method: str) -> None:
    result, _ = run(method)
    assert result.best == configured(CONFIG, result.settings)
    assert result.best.epochs == CONFIG.epochs
    plain = [record for record in result.records if not record.extra]
    best = min(plain, key=lambda record: record.metrics["val_loss"])
    assert result.settings == best.settings


@pytest.mark.parametrize(("method", "trials"), [("bayesian", 16), ("evolutionary", 40)])
def test_learning_from_results_beats_drawing_at_random_on_a_smooth_loss(method: str, trials: int) -> None:
    seeds = range(100, 110)

    def proposed(name: str, seed: int, told: ToyPool) -> float:
        """The least loss among what a method proposes, whatever it is told of it."""
        return min(map(bowl, run(name, seed, told, trials=trials, space=SMOOTH)[1].specs))

    learning = median(proposed(method, seed, ToyPool()) for seed in seeds)
    # Its proposals may be better than random ones for another reason than what it learned.
    blind = median(proposed(method, seed, ToyPool(lambda _: 1.0)) for seed in seeds)
    random = median(proposed("random", seed, ToyPool()) for seed in seeds)
    assert learning < min(blind, random)


def test_the_grid_is_covered_once() -> None:
    space = SMOOTH | {"l2": (0.0, 1e-4, 1e-3), "activation": ("relu", "tanh")}
    for method, folds in (("grid", 1), ("grid_cv", 3)):
        result, pool = run(method, trials=1000, space=space, grid_points=2)
        points = [tuple(sorted(spec.settings.items())) for spec in pool.specs]
        assert len(points) == folds * 2 * 2 * 3 * 2
        assert len(set(points)) == 2 * 2 * 3 * 2
        assert {spec.settings["dropout"] for spec in pool.specs} == {0.0, CONFIG.dropout}
        assert len(result.records) == len(points)


def test_hyperband_s_brackets_have_their_epochs_and_starts() -> None:
    _, pool = run("hyperband", trials=1000)
    specs = {spec.name: spec for spec in pool.specs}
    assert len(specs) == hyperband_trials(12)
    brackets = [spec.epochs for spec in pool.specs[1:]]
    # 12 epochs by threes: 12 settings for 2, the 4 best to 4, 2 to 12; 6 for 4, 2 to 12; 4 for 12.
    assert brackets == [2] * 12 + [4] * 4 + [12] * 2 + [4] * 6 + [12] * 2 + [12] * 4
    for spec in pool.specs:
        if spec.start:
            start = specs[spec.start]
            assert start.epochs < spec.epochs
            assert (start.settings, start.config) == (spec.settings, spec.config)
    started = [spec.start for spec in pool.specs]
    assert sum(start is not None for start in started) == 4 + 2 + 2
    first = sorted(pool.specs[1:13], key=bowl)[:4]
    assert {spec.start for spec in pool.specs[13:17]} == {spec.name for spec in first}


def test_cross_validation_runs_every_fold_and_chooses_by_the_mean() -> None:
    def uneven(spec: TrialSpec) -> float:
        return bowl(spec) * float(1 + spec.share["fold"])

    for method in ("random_cv", "grid_cv"):
        result, pool = run(method, pool=ToyPool(uneven), fold_by="time")
        assert [spec.share["fold"] for spec in pool.specs] == [0, 1, 2] * 11
        assert {(spec.share["folds"], spec.share["fold_by"]) for spec in pool.specs} == {(3, "time")}
        assert len(result.scores) == 11
        best = min(result.scores, key=lambda score: score["mean"])
        assert best["rank"] == 1
        assert best["settings"] == result.settings
        for score, spec in zip(result.scores, pool.specs[::3], strict=True):
            assert score["settings"] == spec.settings
            expected = [bowl(spec) * (1 + fold) + 1 / 12 for fold in range(3)]
            assert score["folds"] == pytest.approx(expected)
            assert score["mean"] == pytest.approx(sum(expected) / 3)


def test_what_an_adapting_trial_learned_is_trained_again() -> None:
    result, pool = run("gradient")
    adapting = [spec for spec in pool.specs if spec.share.get("hypergradient")]
    assert len(adapting) == 5
    assert adapting[0].settings == pool.specs[0].settings
    for start, plain in zip(adapting, pool.specs[6:], strict=True):
        assert plain.settings == {**start.settings, "learning_rate": 0.02, "l2": 1e-6}
        assert plain.share == {}
    assert result.settings["learning_rate"] == 0.02


def test_settings_that_a_method_cannot_use_are_refused_before_any_trial() -> None:
    pool = ToyPool()
    with pytest.raises(InputError, match=r"`tune.trials` should be at least 1. Received: 0"):
        search(pool, CONFIG, tune("random", trials=0), 0)
    with pytest.raises(InputError, match=r"`tune.trials` should be at least 3 with `tune.method` gradient"):
        search(pool, CONFIG, tune("gradient", trials=2), 0)
    with pytest.raises(InputError, match=r"`tune.optimizers` should be among .*Received: adm"):
        search(pool, CONFIG, tune("random", optimizers=("adm",)), 0)
    falling = CONFIG.model_copy(update={"optimizer": OptimizerConfig(schedule=ScheduleConfig(kind="cosine"))})
    with pytest.raises(InputError, match="schedule"):
        search(pool, falling, tune("gradient"), 0)
    assert not pool.batches


@ALL
def test_other_networks_are_searched_too(method: str) -> None:
    config = DigitsConfig()
    pool = ToyPool(lambda spec: DigitsConfig.model_validate(spec.config).dropout, extra=learned)
    result = search(pool, config, tune(method, optimizers=RULES), 0)
    assert isinstance(result.best, DigitsConfig)
    assert {type(spec.settings["batch_normalization"]) for spec in pool.specs} == {bool}


def test_a_budget_too_small_for_its_method_is_told() -> None:
    config = AbandonmentConfig()
    whole = hyperband_trials(12)
    told = advice(config, TuneConfig(method="hyperband", trials=whole - 1))
    assert told.startswith(f"Hyperband with 12 epochs has {whole} trials")
    assert not advice(config, TuneConfig(method="hyperband", trials=whole))
    space = {"units": ("32", "64"), "dropout": (0.1, 0.5), "activation": ("relu",), "l2": (0.0,)}
    few = TuneConfig.model_validate({"method": "grid", "trials": 5, "space": space})
    assert "points, of which the first 5 are tried" in advice(config, few)
    assert not advice(config, TuneConfig(method="random", trials=1))
