"""What a recommender learns from and is tested on: windows and prefixes of sessions, as ids of its vocabulary."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.sequences import Ids, Offsets, Sequences, Vocabulary, offsets_of


@dataclass(frozen=True)
class Windows:
    """W stretches of consecutive known items; every item but the first is predicted from those before it."""

    ids: Ids
    """All sessions' known items, one after the other."""

    starts: Offsets
    """(W,) position in `ids` where each window starts."""

    lengths: Offsets
    """(W,) items of each window, at least 2; one more than it has targets."""

    def __len__(self) -> int:
        return len(self.starts)

    def targets(self) -> Ids:
        """Ids of all targets."""
        counts = self.lengths - 1
        offsets = offsets_of(counts)
        targets: Ids = self.ids[np.arange(offsets[-1]) + np.repeat(self.starts + 1 - offsets[:-1], counts)]
        return targets

    def padded(self, rows: npt.NDArray[np.int64]) -> Ids:
        """(n, longest of the rows) ids, padded with 0 on the right."""
        return _gather(self.ids, self.starts[rows], self.lengths[rows], int(self.lengths[rows].max(initial=1)))


def known_lengths(sequences: Sequences, vocabulary: Vocabulary) -> npt.NDArray[np.int64]:
    """(S,) events of each session whose item the vocabulary has."""
    return np.diff(_known(vocabulary.encode(sequences), sequences.offsets)[1])


def make_windows(sequences: Sequences, vocabulary: Vocabulary, max_length: int) -> Windows:
    """Cut sessions, unknown items left out, into windows of at most `max_length` inputs and one more target.

    Each item of a session but its first known one is a target exactly once: a longer session becomes several windows,
    each starting with the last item of the one before.
    """
    ids, offsets = _known(vocabulary.encode(sequences), sequences.offsets)
    lengths = np.diff(offsets)
    pieces = np.maximum(-(-(lengths - 1) // max_length), 0)
    piece = np.arange(pieces.sum()) - np.repeat(offsets_of(pieces)[:-1], pieces)
    starts = np.repeat(offsets[:-1], pieces) + piece * max_length
    return Windows(ids=ids, starts=starts, lengths=np.minimum(np.repeat(offsets[1:], pieces) - starts, max_length + 1))


@dataclass(frozen=True)
class Prefixes:
    """P test cases: what a session had shown so far, and the item that came next."""

    inputs: Ids
    """(P, max_length) ids of the latest known items, oldest first, padded with 0 on the right."""

    targets: Ids
    """(P,) id of the next item, 0 where the vocabulary does not have it."""

    sessions: npt.NDArray[np.int64]
    """(P,) position of the session that each case comes from."""

    repeats: npt.NDArray[np.bool_]
    """(P,) whether the next item already occurs in `inputs`."""

    def __len__(self) -> int:
        return len(self.targets)


def make_prefixes(sequences: Sequences, vocabulary: Vocabulary, max_length: int) -> Prefixes:
    """Every event that has an earlier one in its session, as target of the items before it.

    Nothing is left out: a target that the vocabulary does not have is kept as 0 (nobody can rank it, a miss), and
    unknown items are skipped in the inputs, which may leave them empty.
    """
    ids = vocabulary.encode(sequences)
    compact, starts = _known(ids, sequences.offsets)
    lengths = sequences.lengths()
    session = np.repeat(np.arange(len(sequences)), lengths)
    rows = np.flatnonzero(np.arange(len(ids)) != sequences.offsets[:-1][session])
    ends = offsets_of((ids > 0).astype(np.int64))[rows]
    first = np.maximum(starts[:-1][session[rows]], ends - max_length)
    inputs = _gather(compact, first, ends - first, max_length)
    targets = ids[rows]
    repeats = ((inputs == targets[:, None]) & (inputs > 0)).any(axis=1)
    return Prefixes(inputs=inputs, targets=targets, sessions=session[rows], repeats=repeats)


def pad(sessions: Sequence[Sequence[int]], width: int) -> Ids:
    """(n, width) ids of the latest `width` items of each session, padded with 0 on the right."""
    lengths = np.array([min(len(session), width) for session in sessions], dtype=np.int64)
    flat = [
        code for session, length in zip(sessions, lengths, strict=True) for code in session[len(session) - length :]
    ]
    return _gather(np.array(flat, dtype=np.int32), offsets_of(lengths)[:-1], lengths, width)


def _known(ids: Ids, offsets: Offsets) -> tuple[Ids, Offsets]:
    """The ids above 0, and where each session starts among them."""
    known = ids > 0
    return ids[known], offsets_of(known.astype(np.int64))[offsets]


def _gather(flat: Ids, starts: Offsets, lengths: Offsets, width: int) -> Ids:
    """(n, width) rows `flat[start : start + length]`, padded with 0 on the right."""
    columns = np.arange(width)
    inside = columns < lengths[:, None]
    padded = np.append(flat, np.int32(0))
    return padded[np.where(inside, starts[:, None] + columns, len(flat))]
