"""What each part of the model brings: groups of features taken away by putting background values in their place."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data.examples import Examples
from explain.attributing.explanations import sigmoid
from explain.attributing.lookup import Floats, Lookup, Matrix, Predict
from models.binary_metrics import binary_metrics, bootstrap_metrics
from models.evaluation import clusters_of, differences_of

WHOLE = "the whole model"
RESAMPLES = 200

Difference = tuple[float, float, float] | None


@dataclass(frozen=True)
class Part:
    """One group of features."""

    name: str
    """Its name."""

    features: tuple[str, ...]
    """Names of its features."""

    auc_lost: Difference
    """AUC with it less AUC without it, and the ends of the 95% interval; None on carts of one class."""

    log_loss_gained: Difference
    """Log loss without it less log loss with it, likewise."""


@dataclass(frozen=True)
class Parts:
    """All of them, the one that costs most AUC first."""

    parts: tuple[Part, ...]

    rows: int
    """Test carts used."""

    background: int
    """Background carts averaged over."""


def ablate(
    encoded: Matrix,
    background: Matrix,
    columns: npt.NDArray[np.int64],
    predict: Predict,
    examples: Examples,
    groups: Mapping[str, tuple[str, ...]],
    seed: int,
) -> Parts:
    """Take each group away in turn.

    A cart's prediction without a group is its mean predicted risk when the group's values come from one background
    cart after another, all from the same one so that they fit together (Covert, Lundberg and Lee 2021, "Explaining by
    removing", marginal removal).

    Args:
        encoded: float32 (n, D), the encoded examples.
        background: float32 (b, D), the encoded background.
        columns: (D,) position of the feature each encoded column came from.
        predict: (n, D) → (n,) log-odds.
        examples: the n examples.
        groups: name → names of its features.
        seed: of the bootstrap, over whole sessions and paired.
    """
    positions = {spec.name: position for position, spec in enumerate(examples.specs)}
    lookup = Lookup(np.concatenate([encoded, background]), columns, predict)
    scores = {WHOLE: sigmoid(predict(encoded))}
    for name, members in groups.items():
        scores[name] = without(lookup, len(encoded), [positions[member] for member in members], len(positions))
    points = {name: binary_metrics(examples.abandoned, one, 1) for name, one in scores.items()}
    drawn = bootstrap_metrics(examples.abandoned, scores, clusters_of(examples.keys), RESAMPLES, 1, seed)
    parts = []
    for name, members in groups.items():
        auc = differences_of(points, drawn, WHOLE, name, ("auc",))["auc"]
        loss = differences_of(points, drawn, name, WHOLE, ("log_loss",))["log_loss"]
        parts.append(Part(name, members, _difference(auc), _difference(loss)))
    parts.sort(key=lambda part: -(part.auc_lost or (0.0,))[0])
    return Parts(tuple(parts), len(encoded), len(background))


def without(lookup: Lookup, count: int, positions: list[int], features: int) -> Floats:
    """(count,) mean predicted risk of the first rows of a table, some features taken from each of the rows below."""
    lenders = np.arange(count, len(lookup.encoded))
    rows = np.repeat(np.arange(count)[:, None], features, axis=1)
    total = np.zeros(count)
    for lender in lenders:
        rows[:, positions] = lender
        total += sigmoid(lookup.predict(rows))
    return np.asarray(total / len(lenders))


def _difference(found: list[float] | None) -> Difference:
    return None if found is None else (found[0], found[1], found[2])
