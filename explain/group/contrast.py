"""A group of carts against the rest: what the model sees in the one and not in the other, and how good it is there."""

import keras
import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from data.errors import InputError
from data.examples import Examples
from data.where import parts_of as conditions_of
from data.where import select
from explain.attributing.adapter import compiled
from explain.attributing.attribution import attribute, background_sample, parts_of, probabilities, typical_value
from explain.attributing.permutation import metric_drops
from explain.attributing.sampling import drawn_rows
from explain.config import ExplainConfig
from explain.group.results import Estimate, Group, GroupFeature, Part
from models.abandonment import encode
from models.binary_metrics import bootstrap_auc, interval, resample_weights
from models.evaluation import clusters_of

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

RESAMPLES = 1_000


def members(condition: str, test: Examples) -> Bools:
    """(n,) which test examples are in the group.

    Raises:
        InputError: the condition cannot be used, or selects nothing or everything.
    """
    found = select(condition, test)
    if found.any() and not found.all():
        return found
    counts = [f"`{part}` alone {select(part, test).sum():,}" for part in conditions_of(condition)]
    alone = f" ({', '.join(counts)})" if len(counts) > 1 else ""
    raise InputError(
        "`--where` should select some of the test carts and leave others to compare them with. "
        f"Received: {condition}, which selects {found.sum():,} of {len(test):,}{alone}"
    )


def explain_group(
    model: keras.Model, train: Examples, test: Examples, condition: str, config: ExplainConfig, seed: int
) -> Group:
    """Contrast the test carts that meet a condition with the others.

    Args:
        model: the abandonment model.
        train: its training examples, of which some stand for a typical cart.
        test: test examples.
        condition: as `data.where.select` takes it.
        config: how much is computed.
        seed: of samples and resamples.

    Raises:
        InputError: the condition cannot be used, or the model was trained on other features.
    """
    inside = members(condition, test)
    parts_of(model, test.specs)  # a model of other features is told before it is asked anything
    scores = probabilities(model)(test)
    places = [np.flatnonzero(side) for side in (inside, ~inside)]
    rows = np.concatenate([side[drawn_rows(len(side), config.max_rows, seed)] for side in places])
    explained, chosen = test.take(rows), inside[rows]
    attributions = attribute(model, background_sample(train, config.background, seed), explained)
    differences = _differences(attributions.values, chosen, clusters_of(explained.keys), seed)
    drops = _drops(model, test.take(inside), config, seed)
    sides = test.take(inside), test.take(~inside)
    typical = [tuple(typical_value(side.features[spec.name], spec) for side in sides) for spec in test.specs]
    features = [
        GroupFeature(
            spec=spec,
            typical=(typical[f][0], typical[f][1]),
            mean=(float(attributions.values[chosen, f].mean()), float(attributions.values[~chosen, f].mean())),
            difference=differences[f],
            drop=drops[f] if drops else None,
        )
        for f, spec in enumerate(test.specs)
    ]
    return Group(
        condition=condition,
        inside=_part(sides[0], scores[inside], seed),
        outside=_part(sides[1], scores[~inside], seed),
        features=tuple(sorted(features, key=lambda one: -abs(one.difference[0]))),
        base=attributions.base,
        explained=(int(chosen.sum()), int((~chosen).sum())),
    )


def _part(examples: Examples, scores: Floats, seed: int) -> Part:
    labels, clusters = examples.abandoned, clusters_of(examples.keys)
    shares = np.concatenate([(w @ labels) / w.sum(axis=1) for w in resample_weights(clusters, RESAMPLES, seed)])
    auc = None
    if 0 < labels.sum() < len(labels):
        spread = interval(bootstrap_auc(labels, scores, clusters, RESAMPLES, seed))
        auc = (float(roc_auc_score(labels, scores)), spread[0], spread[1]) if spread else None
    low, high = np.percentile(shares, [2.5, 97.5])
    return Part(
        carts=len(examples),
        sessions=int(clusters.max()) + 1,
        left=(float(labels.mean()), float(low), float(high)),
        predicted=float(scores.mean()),
        auc=auc,
    )


def _differences(values: Floats, inside: Bools, clusters: npt.NDArray[np.int64], seed: int) -> list[Estimate]:
    """Per feature, mean inside less mean outside, with its interval over draws of whole sessions."""
    drawn = []
    for weights in resample_weights(clusters, RESAMPLES, seed):
        sizes = weights[:, inside].sum(axis=1), weights[:, ~inside].sum(axis=1)
        both = (sizes[0] > 0) & (sizes[1] > 0)  # a draw without the group says nothing of it
        means = [weights[both][:, part] @ values[part] / weights[both][:, part].sum(axis=1, keepdims=True)
                 for part in (inside, ~inside)]  # fmt: skip
        drawn.append(means[0] - means[1])
    low, high = np.percentile(np.concatenate(drawn), [2.5, 97.5], axis=0)
    point = values[inside].mean(axis=0) - values[~inside].mean(axis=0)
    return list(zip(point.tolist(), low.tolist(), high.tolist(), strict=True))


def _drops(model: keras.Model, group: Examples, config: ExplainConfig, seed: int) -> list[Estimate] | None:
    if not 0 < group.abandoned.sum() < len(group):
        return None
    parts = parts_of(model, group.specs)
    some = group.take(drawn_rows(len(group), config.permutation_rows, seed))
    if not 0 < some.abandoned.sum() < len(some):
        return None
    predict, repeats = compiled(parts.log_odds), config.permutation_repeats
    mean, low, high = metric_drops(encode(model, some), parts.columns, predict, some, repeats, seed)["auc"]
    return list(zip(mean, low, high, strict=True))
