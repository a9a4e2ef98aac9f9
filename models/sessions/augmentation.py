"""Training sessions varied at random: cropped, reordered, with items hidden.

Xie et al. 2022 (CL4SRec, arXiv:2010.14395) make two such views of a sequence and train the encoder to tell which belong
together. Here a varied session takes the session's place in the batch, and the network learns the next items of it.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from models.config import AugmentationConfig
from models.sessions.encoded import Gaps, Kinds, Seen
from models.sessions.sequences import UNKNOWN, Ids

CROPPED = 2
"""A crop keeps one in so many events."""

SHARE = 5
"""One in so many input events is hidden, or reordered."""

Counts = npt.NDArray[np.int64]
Places = npt.NDArray[np.int64]


class Varied(NamedTuple):
    """n sessions of T events at most, padded on the right, and which of their events are hidden as inputs."""

    ids: Ids
    """(n, T) item of each event, 0 in the padding; hidden items too, for they stay targets."""

    kinds: Kinds
    """(n, T) as in `Seen`; told of hidden events too."""

    gaps: Gaps
    """(n, T) as in `Seen`."""

    hidden: npt.NDArray[np.bool_]
    """(n, T) whether the network is not shown the item."""


def vary(batch: Seen, config: AugmentationConfig, rng: np.random.Generator) -> Varied:
    """Vary the rows of a batch, each way with its own probability a row and independently of the others.

    1. crop: half of a row's events, rounded up and two at least, in one piece; they and their targets alone remain.
    2. reorder: a fifth of the inputs (all events but the last), rounded up and two at least, in one piece and
       shuffled. The targets are shuffled with them: with the targets as they were, a state would have seen its target
       before it is due, and the network would learn to answer with what the session just had.
    3. mask: a fifth of the inputs, rounded up, are hidden; they stay targets of the states before them. A row of one
       input keeps it.

    An event's kind and gap go where it goes; a gap is then to the event that came before it in truth. Nothing is copied
    in from other sessions.

    Args:
        batch: (n, T) events, at least two in a row, padded on the right.
        config: the probabilities.
        rng: gives 3 × n draws, and then for each way (n, T) at most.
    """
    lengths = np.count_nonzero(batch.ids, axis=1)
    crop, reorder, mask = rng.random((3, len(lengths))) < [[config.crop], [config.reorder], [config.mask]]
    batch, lengths = _cropped(batch, lengths, crop, rng) if crop.any() else (batch, lengths)
    batch = _reordered(batch, lengths - 1, reorder, rng) if reorder.any() else batch
    return Varied(*batch, _hidden(batch.ids.shape, lengths - 1, mask, rng))


def _cropped(batch: Seen, lengths: Counts, chosen: npt.NDArray[np.bool_], rng: np.random.Generator) -> tuple[Seen, Any]:
    kept = np.where(chosen, np.minimum(np.maximum(_part(lengths, CROPPED), 2), lengths), lengths)
    starts = rng.integers(0, lengths - kept, endpoint=True)
    columns = np.arange(batch.ids.shape[1])
    inside = columns < kept[:, None]
    moved = _moved(batch, np.where(inside, starts[:, None] + columns, 0))
    return Seen(
        np.where(inside, moved.ids, np.int32(0)),
        np.where(inside, moved.kinds, np.int8(0)),
        np.where(inside, moved.gaps, np.float32(UNKNOWN)),
    ), kept


def _reordered(batch: Seen, inputs: Counts, chosen: npt.NDArray[np.bool_], rng: np.random.Generator) -> Seen:
    size = np.where(chosen, np.minimum(np.maximum(_part(inputs, SHARE), 2), inputs), 0)
    starts = rng.integers(0, inputs - size, endpoint=True)[:, None]
    columns = np.arange(batch.ids.shape[1])
    within = (columns >= starts) & (columns < starts + size[:, None])
    # Sorted by these keys, those of the piece share one place among the columns, in random order.
    keys = np.where(within, starts + rng.random(batch.ids.shape), columns)
    return _moved(batch, np.argsort(keys, axis=1, kind="stable"))


def _hidden(
    shape: tuple[int, ...], inputs: Counts, chosen: npt.NDArray[np.bool_], rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    if not chosen.any():
        return np.zeros(shape, np.bool_)
    size = np.where(chosen & (inputs > 1), _part(inputs, SHARE), 0)
    keys = np.where(np.arange(shape[1]) < inputs[:, None], rng.random(shape), 2.0)
    hidden: npt.NDArray[np.bool_] = np.argsort(np.argsort(keys, axis=1), axis=1) < size[:, None]
    return hidden


def _part(counts: Counts, divisor: int) -> Counts:
    """One in so many, rounded up."""
    return -(-counts // divisor)


def _moved(batch: Seen, places: Places) -> Seen:
    """Rows with the events at the given (n, T) places."""
    return Seen(
        np.take_along_axis(batch.ids, places, axis=1),
        np.take_along_axis(batch.kinds, places, axis=1),
        np.take_along_axis(batch.gaps, places, axis=1),
    )
