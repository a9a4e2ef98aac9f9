"""What a recommender learns from and is tested on: windows and prefixes of sessions, as ids of its vocabulary."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.sessions.encoded import Encoded, Seen, encode
from models.sessions.sequences import Ids, Offsets, Sequences, offsets_of
from models.sessions.spool import Spool, pieces, release
from models.sessions.vocabulary import Vocabulary


@dataclass(frozen=True)
class Windows:
    """W stretches of consecutive known events; the item of every one but the first is predicted from those before."""

    events: Encoded
    """The events of all sessions."""

    starts: Offsets
    """(W,) position in `events` where each window starts."""

    lengths: Ids
    """(W,) events of each window, at least 2; one more than it has targets."""

    forwards: int
    """The first so many windows go forwards in time, the rest backwards."""

    def __len__(self) -> int:
        return len(self.starts)

    def targets(self, some: slice = slice(None)) -> Ids:
        """Ids of the targets of some windows, one window after the other."""
        counts, starts = self.lengths[some] - 1, self.starts[some]
        offsets = offsets_of(counts)
        step = np.repeat(np.where(np.arange(len(self))[some] < self.forwards, 1, -1), counts)
        number = np.arange(1, offsets[-1] + 1) - np.repeat(offsets[:-1], counts)
        targets: Ids = self.events.ids[np.repeat(starts, counts) + step * number]
        return targets

    def target_counts(self, items: int) -> npt.NDArray[np.int64]:
        """(items + 1,) how many targets each id is."""
        counts = np.zeros(items + 1, dtype=np.int64)
        for some in pieces(len(self)):
            counts += np.bincount(self.targets(some), minlength=items + 1)
            release(self.events.ids)
        return counts

    def seen(self, rows: npt.NDArray[np.int64]) -> Seen:
        """Some of the windows, (n, longest of them)."""
        lengths = self.lengths[rows]
        return self.events.seen(self.starts[rows], lengths, int(lengths.max(initial=1)), rows >= self.forwards)


def make_windows(sequences: Sequences, vocabulary: Vocabulary, max_length: int, backwards: bool = False) -> Windows:
    """Cut sessions, unknown items left out, into windows of at most `max_length` inputs and one more target.

    Each item of a session but its first known one is a target exactly once: a longer session becomes several windows,
    each starting with the last item of the one before. With `backwards` the windows of every session read from its end
    come after those.
    """
    events = encode(sequences, vocabulary)
    starts, lengths = Spool(np.int64, None), Spool(np.int32, None)
    for back in (False, True) if backwards else (False,):
        for some in pieces(len(sequences)):
            first, counts = _cut(events.offsets[some.start : some.stop + 1], max_length, back)
            starts.append(first)
            lengths.append(counts)
    windows = starts.array()
    return Windows(events, windows, lengths.array(), len(windows) // (1 + backwards))


def _cut(offsets: Offsets, max_length: int, back: bool) -> tuple[Offsets, Offsets]:
    """First event of each window of some sessions, in the direction of reading, and its number of events."""
    lengths = np.diff(offsets)
    windows = np.maximum(-(-(lengths - 1) // max_length), 0)
    skipped = (np.arange(windows.sum()) - np.repeat(offsets_of(windows)[:-1], windows)) * max_length
    first = np.repeat(offsets[1:] - 1, windows) - skipped if back else np.repeat(offsets[:-1], windows) + skipped
    return first, np.minimum(np.repeat(lengths, windows) - skipped, max_length + 1)


@dataclass(frozen=True)
class Prefixes:
    """P test cases: what a session had shown so far, and the item that came next."""

    seen: Seen
    """(P, max_length) the latest events of known items, oldest first."""

    targets: Ids
    """(P,) id of the next item, 0 where the vocabulary does not have it."""

    sessions: npt.NDArray[np.int64]
    """(P,) position of the session that each case comes from."""

    repeats: npt.NDArray[np.bool_]
    """(P,) whether the next item already occurs in `inputs`."""

    @property
    def inputs(self) -> Ids:
        """(P, max_length) ids of the items in `seen`, padded with 0 on the right."""
        return self.seen.ids

    def __len__(self) -> int:
        return len(self.targets)


def make_prefixes(sequences: Sequences, vocabulary: Vocabulary, max_length: int) -> Prefixes:
    """Every event that has an earlier one in its session, as target of the items before it.

    Nothing is left out: a target that the vocabulary does not have is kept as 0 (nobody can rank it, a miss), and
    unknown items are skipped in the inputs, which may leave them empty.
    """
    ids = vocabulary.encode(sequences)
    events = encode(sequences, vocabulary)
    lengths = sequences.lengths()
    session = np.repeat(np.arange(len(sequences)), lengths)
    rows = np.flatnonzero(np.arange(len(ids)) != sequences.offsets[:-1][session])
    ends = offsets_of((ids > 0).astype(np.int64))[rows]
    first = np.maximum(events.offsets[:-1][session[rows]], ends - max_length)
    seen = events.seen(first, ends - first, max_length)
    targets = ids[rows]
    repeats = ((seen.ids == targets[:, None]) & (seen.ids > 0)).any(axis=1)
    return Prefixes(seen=seen, targets=targets, sessions=session[rows], repeats=repeats)


def padded_stretches(flat: Ids, starts: Offsets, lengths: Offsets, width: int) -> Ids:
    """(n, width) rows `flat[start : start + length]`, padded with 0 on the right."""
    columns = np.arange(width)
    inside = columns < lengths[:, None]
    padded = np.append(flat, np.int32(0))
    return padded[np.where(inside, starts[:, None] + columns, len(flat))]
