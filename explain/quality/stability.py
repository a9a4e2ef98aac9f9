"""Stability: whether explanations stay where a cart hardly changes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.examples import Examples
from explain.attributing.explanations import Floats
from explain.quality.replacing import Positions

JOINT = 4
"""Nudges a cart that move all of its numbers at once; the others move one each."""


@dataclass(frozen=True)
class Nudges:
    """Copies of carts with numbers moved a little."""

    examples: Examples
    """k moved carts."""

    rows: Positions
    """(k,) which cart each is a copy of."""

    distance: Floats
    """(k,) Euclidean distance from it, each number in deviations of the training examples; above 0."""


def deviations(train: Examples) -> pd.Series:
    """Standard deviation of every numeric feature over the training examples; 0 where it never varies."""
    numeric = [spec.name for spec in train.specs if spec.kind == "numeric"]
    return train.features[numeric].astype("float64").std(ddof=0).fillna(0.0)


def nudge(examples: Examples, spread: pd.Series, share: float, seed: int) -> Nudges:
    """Move every number of each cart by itself, and all at once in `JOINT` random directions.

    An unknown value stays unknown, and a number that never varied in training stays; a copy that nothing moves in is
    left out.

    Args:
        examples: n carts.
        spread: deviation per numeric feature, as `deviations` gives it.
        share: length of a move in deviations.
        seed: of the directions and signs.
    """
    generator, width = np.random.default_rng(seed), len(spread)
    single = np.eye(width) * generator.choice([-1.0, 1.0], (len(examples), 1, width))
    joint = generator.normal(size=(len(examples), JOINT, width))
    joint /= np.maximum(np.linalg.norm(joint, axis=2, keepdims=True), 1e-12)
    steps = share * np.concatenate([single, joint], axis=1).reshape(-1, width)
    rows = np.repeat(np.arange(len(examples)), width + JOINT)
    copies, scale = examples.take(rows), spread.to_numpy()
    before = copies.features[list(spread.index)].to_numpy(dtype=np.float32)
    after = (before + steps * scale).astype(np.float32)
    # What float32 kept of the move, not what was asked for.
    moved = np.nan_to_num(after.astype(np.float64) - before) / np.where(scale > 0, scale, 1.0)
    distance = np.linalg.norm(moved, axis=1)
    features = copies.features.assign(**{name: after[:, i] for i, name in enumerate(spread.index)})
    kept = np.flatnonzero(distance > 0)
    whole = Examples(copies.keys, features, copies.abandoned, copies.specs)
    return Nudges(whole.take(kept), rows[kept], distance[kept])


def lipschitz(before: Floats, after: Floats, nudges: Nudges) -> Floats:
    """Local Lipschitz estimate of each nudged cart (Alvarez-Melis and Jaakkola 2018), in log-odds a deviation.

    The largest ratio, over its nudges, of how far the explanation moves to how far the cart did, both Euclidean.

    Args:
        before: (n, F) attributions of the carts, or (n, 1) their log-odds.
        after: (k, F) or (k, 1) the same of the nudged carts.
        nudges: where they come from.

    Returns:
        One value per cart that has a nudge.
    """
    ratios = np.linalg.norm(after - before[nudges.rows], axis=1) / nudges.distance
    largest = pd.Series(ratios).groupby(nudges.rows).max()
    return largest.to_numpy(dtype=np.float64)


def kept_top(before: Floats, after: Floats, nudges: Nudges) -> float:
    """Share of nudges after which the largest attribution (n, F), (k, F) is still the same feature's."""
    if len(nudges.rows) == 0:
        return float("nan")
    return float((np.abs(before).argmax(axis=1)[nudges.rows] == np.abs(after).argmax(axis=1)).mean())
