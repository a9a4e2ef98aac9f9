"""What counts as ill, on histories made by hand."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from models.config import AbandonmentConfig
from models.gradient_health import Finding, diagnose, sentences

SIZES = {"first": 100, "second": 100, "last": 4}
CONFIG = AbandonmentConfig()
HEALTHY = {"first": [10.0] * 5, "second": [10.0] * 5, "last": [2.0] * 5}


def history(
    norms: Mapping[str, Sequence[float]],
    peaks: Mapping[str, Sequence[float]] | None = None,
    dead: Mapping[str, Sequence[float]] | None = None,
) -> dict[str, list[float]]:
    found = {f"gradient_norm/{layer}": list(values) for layer, values in norms.items()}
    found |= {f"gradient_peak/{layer}": list(values) for layer, values in {**norms, **(peaks or {})}.items()}
    found |= {f"dead/{layer}": list(values) for layer, values in (dead or {}).items()}
    return {**found, "gradient_start": [math.hypot(10.0, 10.0, 2.0)] * len(next(iter(norms.values())))}


def kinds(findings: Sequence[Finding]) -> list[tuple[object, ...]]:
    return [(one.kind, one.layer, one.epoch, one.figure) for one in findings]


def test_nothing_is_found_in_a_healthy_history_nor_in_one_that_was_not_watched() -> None:
    assert diagnose(history(HEALTHY), SIZES, CONFIG) == []
    assert diagnose({"loss": [0.5, 0.4]}, {}, CONFIG) == []


def test_a_layer_vanishes_by_its_entries_beside_the_last_layers_in_three_epochs_in_a_row() -> None:
    # The last layer's entries are 2 / √4 = 1 in root mean square, so the norm itself is ten times an entry's share.
    first = [0.005, 0.02, 0.009, 0.008, 0.005]
    assert kinds(diagnose(history({**HEALTHY, "first": first}), SIZES, CONFIG)) == [
        ("vanishing", "first", 2, pytest.approx(5e-4))
    ]
    twice = [0.005, 0.02, 0.02, 0.008, 0.005]
    assert diagnose(history({**HEALTHY, "first": twice}), SIZES, CONFIG) == []
    assert diagnose(history({name: [0.0] * 5 for name in SIZES}), SIZES, CONFIG) == []


def test_a_layer_explodes_beside_the_usual_norm_of_the_whole_network() -> None:
    usual = math.hypot(10.0, 10.0, 2.0)
    peaks = {"second": [10.0, 10.0, 101 * usual, 500 * usual, 10.0]}
    assert kinds(diagnose(history(HEALTHY, peaks), SIZES, CONFIG)) == [("exploding", "second", 2, pytest.approx(101.0))]
    within_the_first = {"last": [200 * usual, 2.0, 2.0, 2.0, 2.0]}
    assert kinds(diagnose(history(HEALTHY, within_the_first), SIZES, CONFIG)) == [
        ("exploding", "last", 0, pytest.approx(200.0))
    ]


def test_growth_without_bound_is_found_though_no_epoch_is_far_above_the_one_before() -> None:
    growing = {layer: [norm * 5.0**epoch for epoch in range(8)] for layer, norm in (("first", 10.0), ("second", 10.0))}
    found = diagnose(history({**growing, "last": [2.0] * 8}), SIZES, CONFIG)
    assert {(one.kind, one.layer) for one in found} == {("exploding", "first"), ("exploding", "second")}


def test_a_layer_that_leaves_its_plateau_does_not_explode() -> None:
    assert diagnose(history({**HEALTHY, "first": [1e-4, 1e-4, 10.0, 10.0, 10.0]}), SIZES, CONFIG) == []


def test_dead_units_are_told_where_they_stay_dead_to_the_end() -> None:
    dead = {"first": [0.6, 0.2, 0.6, 0.7, 0.7], "second": [0.9, 0.9, 0.9, 0.9, 0.1]}
    assert kinds(diagnose(history(HEALTHY, dead=dead), SIZES, CONFIG)) == [("dead", "first", 2, 0.7)]


def test_where_a_whole_layer_is_dead_the_others_do_not_vanish() -> None:
    blocked = history({**HEALTHY, "first": [0.0] * 5}, dead={"second": [1.0] * 5})
    assert kinds(diagnose(blocked, SIZES, CONFIG)) == [("dead", "second", 0, 1.0)]


def test_a_gradient_that_is_not_finite_comes_first_with_the_norm_it_had_reached() -> None:
    norms = {**HEALTHY, "first": [10.0, 10.0, 10.0, 10.0, math.nan]}
    peaks = {"first": [10.0, 10.0, 10.0, 1e6, 0.0]}
    assert kinds(diagnose(history(norms, peaks), SIZES, CONFIG))[0] == ("nan", "first", 4, 1e6)


def test_one_text_a_kind_names_the_layers_the_epoch_and_the_settings() -> None:
    found = diagnose(history({**HEALTHY, "first": [0.0] * 5, "second": [1e-3] * 5}), SIZES, CONFIG)
    (text,) = sentences(found)
    assert "`first` and `second` from epoch 1 on" in text
    assert "`abandonment.residual=true`" in text
    (bare,) = sentences(found, advise=False)
    assert "abandonment" not in bare
    many = [Finding("dead", f"dense_{i}", i, 0.6 + i / 100, ()) for i in range(9)]
    assert sentences(many) == [
        "Units are dead in `dense_0`, `dense_1`, `dense_2` and 6 more layers from epoch 1 on: up to 68% of them are "
        "the same for every example, so they neither tell nor learn anything."
    ]


def test_what_is_ill_is_a_setting() -> None:
    strict = CONFIG.model_copy(
        update={"gradient_health": CONFIG.gradient_health.model_copy(update={"vanishing": 0.9, "dead": 0.1})}
    )
    slow = history({**HEALTHY, "first": [8.0] * 5}, dead={"second": [0.2] * 5})
    assert diagnose(slow, SIZES, CONFIG) == []
    assert [one.kind for one in diagnose(slow, SIZES, strict)] == ["vanishing", "dead"]
    assert np.isfinite([one.figure for one in diagnose(slow, SIZES, strict)]).all()
