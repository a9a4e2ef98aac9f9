import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from explain.attributing.examples import explain_examples
from explain.config import QualityConfig
from explain.quality.measure import measure, write_quality
from explain.quality.measures import Material
from models.config import AbandonmentConfig
from models.encoder import fit_encoder
from tests.explain.quality.linear import shuffled
from tests.explain.results import CONFIG
from tests.explain.shop import carts, linear, trained

TRAIN, TEST = carts(400), carts(300, seed=1)
SMALL = QualityConfig(carts=40, random_orders=2, subsets=20, nudged_carts=10, backgrounds=3)
SETTINGS = CONFIG.model_copy(update={"quality": SMALL})
LARGER_IS_BETTER = (
    "deletion_beats_random", "insertion_area", "insertion_beats_random", "faithfulness", "faithfulness_lowest_tenth",
    "auc_of_reasons", "lead_kept_by_reasons", "top_reason_kept", "consistency_spearman", "consistency_cart_spearman",
)  # fmt: skip
SMALLER_IS_BETTER = ("additivity_error", "deletion_area", "lipschitz_largest", "lipschitz_median", "lipschitz_ratio")


def material(model: keras.Model, **changes: Any) -> Material:
    found = explain_examples(model, TRAIN, TEST, SETTINGS, seed=0)
    whole = Material(
        model=model, train=TRAIN, explained=TEST.take(found.rows), explanations=found, config=SETTINGS, seed=0
    )
    return replace(whole, **changes)


@cache
def straight() -> keras.Model:
    return linear(TRAIN, np.linspace(0.01, 0.03, fit_encoder(TRAIN, 0).output_shape[1]))


@cache
def network() -> keras.Model:
    return trained(TRAIN, AbandonmentConfig(units=(16, 8), dropout=0.0), epochs=10)


def test_a_linear_model_is_explained_perfectly() -> None:
    figures = measure(material(straight(), twin=straight())).table["figures"]
    for name in ("deletion_beats_random", "insertion_beats_random"):
        assert figures[name] >= 0.95  # a cart whose every feature pulls the same way can tie
    assert figures["faithfulness_lowest_tenth"] == pytest.approx(1.0, abs=1e-4)
    assert figures["additivity_error"] < 1e-4
    assert figures["lipschitz_ratio"] == pytest.approx(1.0, abs=1e-2)
    for name in ("consistency_spearman", "consistency_cart_spearman", "consistency_top_jaccard"):
        assert figures[name] == pytest.approx(1.0)
    assert "planted_spearman" not in figures


def test_wrong_explanations_are_found_out_by_every_measure() -> None:
    right = material(network(), twin=network())
    values = right.explanations.attributions.values
    wrong = replace(right.explanations.attributions, values=shuffled(values))
    told = replace(right, explanations=replace(right.explanations, attributions=wrong))
    good, bad = (measure(found).table["figures"] for found in (right, told))
    for name in LARGER_IS_BETTER:
        assert good[name] > bad[name], name
    for name in SMALLER_IS_BETTER:
        assert good[name] < bad[name], name


def test_another_network_agrees_less_than_the_same() -> None:
    figures = measure(material(network(), twin=straight())).table["figures"]
    assert figures["consistency_cart_spearman"] < 1.0


def test_the_table_is_the_same_at_every_run_and_plain_json(tmp_path: Path) -> None:
    found = material(straight())
    first, again = measure(found), measure(found)
    assert first.table == again.table
    assert set(first.seconds) == {"shap", "permutation"}
    assert first.table["passes"]["shap"] == 4 * CONFIG.background
    assert first.table["passes"]["permutation"] == len(TEST.specs) * CONFIG.permutation_repeats
    write_quality(first.table, tmp_path)
    assert json.loads((tmp_path / "quality.json").read_text()) == first.table
    assert len(first.table["curves"]["deletion"]) == len(TEST.specs) + 1
    assert first.table["carts"] == {"explained": 150, "measured": 40, "nudged": 10}
    assert "consistency_spearman" not in first.table["figures"]


def test_carts_of_one_outcome_leave_out_what_needs_two() -> None:
    found = material(straight())
    same = replace(found.explained, abandoned=np.ones(len(found.explained), dtype=np.int8))
    figures = measure(replace(found, explained=same)).table["figures"]
    assert figures["auc_of_reasons"] is None is figures["lead_kept_by_reasons"]
    assert figures["deletion_beats_random"] is not None
