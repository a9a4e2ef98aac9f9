"""The measures of explanations one by one, each from all that a run has."""

import math
from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd

from data.examples import Examples
from explain.attributing.adapter import DeepShap
from explain.attributing.attribution import attribute, background_sample, feature_values
from explain.attributing.explanations import PREFIX, Explanations, Floats
from explain.attributing.sentences import reasons
from explain.config import ExplainConfig
from explain.quality import agreement, reading, stability
from explain.quality.planted import compare_causes, planted_spearman
from explain.quality.replacing import Carts, Positions
from models.abandonment import encode

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


def accuracy(found: Material, log_odds: Floats) -> Figures:
    """Against the model, what happened, and the planted causes where they are known.

    Args:
        found: all that a run has.
        log_odds: (n,) what the model itself says of the explained carts.
    """
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


def steadiness(found: Material, deep: DeepShap, carts: Carts) -> Figures:
    """How explanations move under small changes to the carts' numbers, beside how predictions do."""
    settings, values = found.config.quality, found.explanations.attributions.values
    rows = sample(len(values), min(settings.carts, settings.nudged_carts), found.seed)
    picked = found.explained.take(rows)
    nudges = stability.nudge(picked, stability.deviations(found.train), settings.nudge, found.seed)
    encoded = encode(found.model, nudges.examples)
    moved = feature_values(deep, encoded, carts.columns)
    told = stability.lipschitz(values[rows], moved, nudges)
    before, after = (deep.outputs(x)[:, None] for x in (encode(found.model, picked), encoded))
    predicted = stability.lipschitz(before, after, nudges)
    return {
        "lipschitz_largest": quantile(told, 1.0),
        "lipschitz_median": quantile(told, 0.5),
        "lipschitz_of_prediction_median": quantile(predicted, 0.5),
        "lipschitz_ratio": _ratio(quantile(told, 0.5), quantile(predicted, 0.5)),
        "top_reason_kept": stability.kept_top(values[rows], moved, nudges),
    }


def other_backgrounds(found: Material, deep: DeepShap, carts: Carts) -> Figures:
    """How far explanations against other samples of typical carts agree with one another."""
    others = [
        background_sample(found.train, found.config.background, found.seed + 1 + number)
        for number in range(found.config.quality.backgrounds)
    ]
    told = [
        feature_values(deep.against(encode(found.model, other)), carts.encoded, carts.columns) for other in others
    ]  # fmt: skip
    spearman, jaccard = agreement.pairwise(told)
    return {"background_spearman": spearman, "background_top_jaccard": jaccard}


def consistency(found: Material, picked: Examples, values: Floats) -> Figures:
    """How far a model trained alike agrees, on the picked carts and their attributions; empty without one."""
    if found.twin is None:
        return {}
    background = background_sample(found.train, found.config.background, found.seed)
    other = attribute(found.twin, background, picked).values
    return {
        "consistency_spearman": agreement.feature_spearman(values, other),
        "consistency_cart_spearman": agreement.mean(agreement.cart_spearman(values, other)),
        "consistency_top_jaccard": agreement.top_jaccard(values, other),
    }


def comprehensibility(found: Material) -> Figures:
    """How much there is to read."""
    attributions = found.explanations.attributions
    needed = reading.features_needed(attributions.values)
    length = reading.words(reasons(attributions, found.explained, top=found.config.reasons))
    return {
        "features_for_most": quantile(needed, 0.5),
        "features_for_most_highest_tenth": quantile(needed, 0.9),
        "words": quantile(length, 0.5),
        "words_highest_tenth": quantile(length, 0.9),
    }


def _ratio(a: float, b: float) -> float:
    return a / b if b > 0 else math.nan


def quantile(values: Floats, share: float) -> float:
    """Quantile of what is not NaN; NaN where there is nothing."""
    known = values[np.isfinite(values)]
    return float(np.quantile(known, share)) if len(known) else math.nan


def sample(size: int, most: int, seed: int) -> Positions:
    """At most so many of `size` rows; a smaller sample is part of a larger one of the same seed."""
    return np.sort(np.random.default_rng(seed).permutation(size)[:most])
