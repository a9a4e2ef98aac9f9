"""All measures of a run's explanations, as `quality.json` keeps them."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from data.examples import Examples
from explain.adapter import DeepShap
from explain.attribution import attribute, background_sample, feature_values, parts_of
from explain.config import ExplainConfig
from explain.explanations import PREFIX, Explanations, Floats
from explain.quality import agreement, reading, stability
from explain.quality.fidelity import Curves, faithfulness, fidelity
from explain.quality.methods import seconds_per_1000_carts
from explain.quality.planted import compare_causes, planted_spearman
from explain.quality.replacing import Carts
from explain.sentences import reasons
from models.abandonment import encode

FILE = "quality.json"
Figures = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Material:
    """What a run's explanations are measured with."""

    model: keras.Model
    """The abandonment model they explain."""

    train: Examples
    """What it learnt from."""

    explained: Examples
    """The n explained carts, which it did not learn from."""

    explanations: Explanations
    """Their explanations."""

    config: ExplainConfig
    """As they were made."""

    seed: int
    """As they were made."""

    twin: keras.Model | None = None
    """A model trained alike from another start; without one, consistency is not measured."""

    truth: pd.DataFrame | None = None
    """The demo shop's truth table; None where the causes are not known."""


@dataclass(frozen=True)
class Quality:
    """How good explanations are, and what it took to make them."""

    table: dict[str, Any]
    """JSON-ready, and the same at every run: "figures" (name → value, None where undefined), "curves" (mean over the
    carts, after 0 to F features), "passes" (rows through the network, forward or backward, a cart, by method) and
    "carts" (how many were explained, measured and nudged)."""

    seconds: Figures
    """Seconds per 1,000 carts by method, other at every run."""


def measure(found: Material) -> Quality:
    """Measure explanations by the properties of Robnik-Šikonja and Bohanec (2018).

    Figures are in log-odds where they have a unit; `explain.quality.verdicts` says what each means and from where it
    is poor.

    Raises:
        InputError: the model's layers have no SHAP rule, or the truth does not cover the carts.
    """
    settings, values = found.config.quality, found.explanations.attributions.values
    repeats = found.config.permutation_repeats
    parts = parts_of(found.model, found.explained.specs)
    background = encode(found.model, background_sample(found.train, found.config.background, found.seed))
    deep = DeepShap(parts.log_odds, background)
    rows = _sample(len(values), settings.carts, found.seed)
    picked = found.explained.take(rows)
    carts = Carts(encode(found.model, picked), background, parts.columns, deep.outputs)
    deletion, insertion = fidelity(carts, values[rows], settings.random_orders, found.seed)
    faithful = faithfulness(carts, values[rows], settings.subsets, found.seed)
    figures = {
        **_fidelity(deletion, insertion),
        "faithfulness": agreement.mean(faithful),
        "faithfulness_lowest_tenth": _quantile(faithful, 0.1),
        **_accuracy(found, deep.outputs(encode(found.model, found.explained))),
        **_stability(found, deep, carts),
        **_backgrounds(found, deep, carts),
        **_consistency(found, picked, values[rows]),
        **_reading(found),
    }
    return Quality(
        {
            "figures": {name: value if math.isfinite(value) else None for name, value in figures.items()},
            "curves": _curves(deletion, insertion),
            "passes": {"shap": 4 * len(background), "permutation": repeats * values.shape[1]},
            "carts": {"explained": len(values), "measured": len(rows), "nudged": min(len(rows), settings.nudged_carts)},
        },
        _seconds(deep, carts, repeats),
    )


def write_quality(table: Mapping[str, Any], folder: Path) -> None:
    """Write `quality.json`."""
    (folder / FILE).write_text(json.dumps(table, indent=1) + "\n")


def _fidelity(deletion: Curves, insertion: Curves) -> Figures:
    (deleted, by_chance), (inserted, inserted_by_chance) = deletion.areas(), insertion.areas()
    return {
        "deletion_area": float(deleted.mean()),
        "deletion_area_random": float(by_chance.mean()),
        "deletion_beats_random": float((deleted < by_chance).mean()),
        "insertion_area": float(inserted.mean()),
        "insertion_area_random": float(inserted_by_chance.mean()),
        "insertion_beats_random": float((inserted > inserted_by_chance).mean()),
    }


def _curves(deletion: Curves, insertion: Curves) -> dict[str, list[float]]:
    lines = {
        "deletion": deletion.guided,
        "deletion_random": deletion.random,
        "insertion": insertion.guided,
        "insertion_random": insertion.random,
    }
    return {name: [round(y, 6) for y in line.mean(axis=0).tolist()] for name, line in lines.items()}


def _accuracy(found: Material, log_odds: Floats) -> Figures:
    attributions, labels = found.explanations.attributions, found.explained.abandoned
    whole = reading.auc(log_odds, labels)
    told = reading.auc(reading.largest(attributions.values, found.config.reasons), labels)
    figures = {
        "additivity_error": float(np.abs(attributions.log_odds - log_odds).max()),
        "auc_of_model": whole,
        "auc_of_reasons": told,
        "lead_kept_by_reasons": _ratio(told - 0.5, whole - 0.5),
    }
    if found.truth is None:
        return figures
    columns = {f"{PREFIX}{spec.name}": attributions.values[:, f] for f, spec in enumerate(attributions.specs)}
    explained = found.explained.keys.assign(**columns)
    return figures | {"planted_spearman": planted_spearman(compare_causes(explained, found.truth, found.train.keys))}


def _stability(found: Material, deep: DeepShap, carts: Carts) -> Figures:
    settings, values = found.config.quality, found.explanations.attributions.values
    rows = _sample(len(values), min(settings.carts, settings.nudged_carts), found.seed)
    nudges = stability.nudge(found.explained.take(rows), stability.deviations(found.train), settings.nudge, found.seed)
    encoded = encode(found.model, nudges.examples)
    moved = feature_values(deep, encoded, carts.columns)
    told = stability.lipschitz(values[rows], moved, nudges)
    sums = (deep.base + values[rows].sum(axis=1))[:, None]
    predicted = stability.lipschitz(sums, deep.outputs(encoded)[:, None], nudges)
    return {
        "lipschitz_largest": _quantile(told, 1.0),
        "lipschitz_median": _quantile(told, 0.5),
        "lipschitz_of_prediction_median": _quantile(predicted, 0.5),
        "lipschitz_ratio": _ratio(_quantile(told, 0.5), _quantile(predicted, 0.5)),
        "top_reason_kept": stability.kept_top(values[rows], moved, nudges),
    }


def _backgrounds(found: Material, deep: DeepShap, carts: Carts) -> Figures:
    others = [
        background_sample(found.train, found.config.background, found.seed + 1 + number)
        for number in range(found.config.quality.backgrounds)
    ]
    told = [
        feature_values(deep.against(encode(found.model, other)), carts.encoded, carts.columns) for other in others
    ]  # fmt: skip
    spearman, jaccard = agreement.pairwise(told)
    return {"background_spearman": spearman, "background_top_jaccard": jaccard}


def _consistency(found: Material, picked: Examples, values: Floats) -> Figures:
    if found.twin is None:
        return {}
    background = background_sample(found.train, found.config.background, found.seed)
    other = attribute(found.twin, background, picked).values
    return {
        "consistency_spearman": agreement.feature_spearman(values, other),
        "consistency_cart_spearman": agreement.mean(agreement.cart_spearman(values, other)),
        "consistency_top_jaccard": agreement.top_jaccard(values, other),
    }


def _reading(found: Material) -> Figures:
    attributions = found.explanations.attributions
    needed = reading.features_needed(attributions.values)
    length = reading.words(reasons(attributions, found.explained, top=found.config.reasons))
    return {
        "features_for_most": _quantile(needed, 0.5),
        "features_for_most_highest_tenth": _quantile(needed, 0.9),
        "words": _quantile(length, 0.5),
        "words_highest_tenth": _quantile(length, 0.9),
    }


def _seconds(deep: DeepShap, carts: Carts, repeats: int) -> Figures:
    shuffles = range(repeats * (int(carts.columns.max()) + 1))
    return {
        "shap": seconds_per_1000_carts(lambda: deep.values(carts.encoded), len(carts)),
        "permutation": seconds_per_1000_carts(lambda: [carts.predict(carts.encoded) for _ in shuffles], len(carts)),
    }


def _ratio(a: float, b: float) -> float:
    return a / b if b > 0 else math.nan


def _quantile(values: Floats, share: float) -> float:
    known = values[np.isfinite(values)]
    return float(np.quantile(known, share)) if len(known) else math.nan


def _sample(size: int, most: int, seed: int) -> np.ndarray:
    """At most so many of `size` rows; a smaller sample is part of a larger one of the same seed."""
    return np.sort(np.random.default_rng(seed).permutation(size)[:most])
