"""What the next-item network is trained on: the right item against the session's own items and a part of the catalogue.

Operations of Keras only, so that the same loss trains on any of its backends.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keras import ops

Tensor = Any

LOWEST = -1e30
"""A score that never counts, finite so that gradients are."""


@dataclass(frozen=True)
class Candidates:
    """The m items that stand for the catalogue in one step, in order of their ids; the first is id 0, which is none."""

    ids: Tensor
    """(m,) ids, an item perhaps more than once."""

    bias: Tensor
    """(m,) what is added to a candidate's score: minus the logarithm of its chance to be a candidate, or 0; minus
    infinity for id 0 and wherever an item comes again."""

    def columns(self, ids: Tensor) -> Tensor:
        """(…) ids → (…) first place of each among the candidates; 0 where it is not one."""
        flat = ops.reshape(ids, (-1,))
        place = ops.minimum(ops.searchsorted(self.ids, flat), ops.size(self.ids) - 1)
        found = ops.where(ops.equal(ops.take(self.ids, place), flat), place, 0)
        return ops.reshape(found, ops.shape(ids))


def make_candidates(targets: Tensor, draws: Tensor, chance: Callable[[Tensor], Tensor]) -> Candidates:
    """The batch's targets and further draws as candidates.

    Args:
        targets: (n,) ids.
        draws: (k,) ids.
        chance: (m,) ids → (m,) chance of each to be among them; 1 leaves its scores as they are. Asked for these ids
            alone, or a step would cost as much as the catalogue is large.
    """
    ids = ops.sort(ops.concatenate([ops.zeros((1,), targets.dtype), targets, draws]))
    again = ops.concatenate([ops.zeros((1,), "bool"), ops.equal(ids[1:], ids[:-1])])
    bias = -ops.log(ops.maximum(chance(ids), 1e-30))
    return Candidates(ids, ops.where(again | ops.equal(ids, 0), -float("inf"), bias))


def whole_catalogue(size: int) -> Candidates:
    """All V = `size` - 1 items as candidates, uncorrected."""
    ids = ops.arange(size, dtype="int32")
    return Candidates(ids, ops.where(ops.equal(ids, 0), -float("inf"), 0.0))


def softmax_loss(
    vector: Tensor, rows: Tensor, candidates: Candidates, excluded: Tensor, targets: Tensor, prefix: Tensor, own: Tensor
) -> Tensor:
    """Cross-entropy of n targets against candidates and the session's own items.

    The session's items are candidates for certain, so their scores are left as they are; those of the others are
    corrected by the chance that they are candidates (Bengio & Senécal 2008). Without that, the session's items would
    compete with a few hundred others in training, and with the whole catalogue afterwards.

    Args:
        vector: (n, D) session vectors.
        rows: (m, D) vectors of the candidates.
        candidates: the m candidates, the targets among them.
        excluded: (n, E) ids that are no fair negatives of a target, itself among them; 0 for none.
        targets: (n,) ids.
        prefix: (n, T) ids before each target, padded with 0.
        own: (n, T) scores of the items in `prefix`, minus infinity where one is not to count.

    Returns:
        (n,) losses.
    """
    right, others = _right_and_others(vector, rows, candidates, targets, prefix, own)
    wrong = log_sum_exp(vector, rows, candidates.bias, candidates.columns(excluded))
    rest = ops.concatenate([right[:, None], wrong[:, None], others], axis=1)
    return ops.logsumexp(rest, axis=1) - right


def bpr_max_loss(
    vector: Tensor,
    rows: Tensor,
    candidates: Candidates,
    excluded: Tensor,
    targets: Tensor,
    prefix: Tensor,
    own: Tensor,
    penalty: float,
) -> Tensor:
    """BPR-max of n targets against candidates and the session's own items.

    Hidasi & Karatzoglou 2018, arXiv:1706.03847, eq. 10: pairs of a right and a wrong item, each weighted by the softmax
    over the wrong ones, so that the gradient does not vanish in a large catalogue. Pairs need no correction.

    Args:
        vector: (n, D) session vectors.
        rows: (m, D) vectors of the candidates.
        candidates: the m candidates, the targets among them; their bias should be 0.
        excluded: (n, E) ids that are no fair negatives of a target, itself among them; 0 for none.
        targets: (n,) ids.
        prefix: (n, T) ids before each target, padded with 0.
        own: (n, T) scores of the items in `prefix`, minus infinity where one is not to count.
        penalty: weight of the squared scores of wrong items.

    Returns:
        (n,) losses.
    """
    right, others = _right_and_others(vector, rows, candidates, targets, prefix, own)
    scores = ops.matmul(vector, ops.transpose(rows)) + ops.maximum(candidates.bias, LOWEST)
    scores = ops.scatter_update(scores, _places(candidates.columns(excluded)), _lowest(excluded, LOWEST))
    wrong = ops.concatenate([scores, others], axis=1)
    weight = ops.softmax(wrong, axis=1)
    chance = ops.sum(weight * ops.sigmoid(right[:, None] - wrong), axis=1)
    large = ops.sum(weight * ops.square(ops.where(weight > 0.0, wrong, 0.0)), axis=1)
    return penalty * large - ops.log(chance + 1e-24)


def _places(columns: Tensor) -> Tensor:
    """(n, E) columns → (n E, 2) rows and columns."""
    row = ops.broadcast_to(ops.arange(ops.shape(columns)[0], dtype="int32")[:, None], ops.shape(columns))
    return ops.stack([ops.reshape(row, (-1,)), ops.reshape(ops.cast(columns, "int32"), (-1,))], axis=1)


def _lowest(columns: Tensor, value: float) -> Tensor:
    """(n E,) times the value, for (n, E) columns."""
    return ops.full((ops.size(columns),), value, "float32")


def _right_and_others(
    vector: Tensor, rows: Tensor, candidates: Candidates, targets: Tensor, prefix: Tensor, own: Tensor
) -> tuple[Tensor, Tensor]:
    """(n,) scores of the targets, and (n, T) those of the session's other items, very low where one does not count."""
    hit = ops.equal(targets[:, None], prefix) & (own > -float("inf"))  # at most one in a row
    column = candidates.columns(targets)
    fresh = ops.sum(vector * ops.take(rows, column, axis=0), axis=1) + ops.take(candidates.bias, column)
    right = ops.where(ops.any(hit, axis=1), ops.sum(ops.where(hit, own, 0.0), axis=1), fresh)
    return right, ops.maximum(ops.where(hit, LOWEST, own), LOWEST)


def log_sum_exp(vector: Tensor, rows: Tensor, bias: Tensor, excluded: Tensor) -> Tensor:
    """Logarithm of the summed exponentials of (n, m) scores, each made, used and dropped once.

    Differentiating the operations one by one keeps and passes over several (n, m) arrays, which takes longer than the
    products themselves.

    Args:
        vector: (n, D).
        rows: (m, D).
        bias: (m,) added to a column's scores; minus infinity leaves it out. No gradient.
        excluded: (n, E) columns that do not count in a row. Column 0 never counts.

    Returns:
        (n,), very low where nothing counts; the gradient is that of `vector` and `rows`.
    """
    return _log_sum_exp(vector, rows, bias, excluded)


def _with_gradient(vector: Tensor, rows: Tensor, bias: Tensor, excluded: Tensor) -> tuple[Tensor, Any]:
    scores = ops.matmul(vector, ops.transpose(rows)) + bias
    scores = ops.scatter_update(scores, _places(excluded), _lowest(excluded, -float("inf")))
    top = ops.maximum(ops.max(scores, axis=1), LOWEST)
    weights = ops.exp(scores - top[:, None])
    total = ops.maximum(ops.sum(weights, axis=1), 1e-30)

    def gradient(upstream: Tensor) -> tuple[Tensor, Tensor, None, None]:
        share = weights * (upstream / total)[:, None]
        return ops.matmul(share, rows), ops.matmul(ops.transpose(share), vector), None, None

    return top + ops.log(total), gradient


_log_sum_exp: Callable[..., Tensor] = ops.custom_gradient(_with_gradient)
