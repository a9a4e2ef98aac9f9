"""The events of sessions that a vocabulary knows, as the network sees them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from models.sessions.sequences import UNKNOWN, Ids, Offsets, Sequences, offsets_of
from models.sessions.spool import PIECE, Spool, release
from models.sessions.vocabulary import Vocabulary

Kinds = npt.NDArray[np.int8]
Gaps = npt.NDArray[np.float32]


class Seen(NamedTuple):
    """What the network sees of n sessions of T events at most, padded on the right."""

    ids: Ids
    """(n, T) item of each event, 0 in the padding."""

    kinds: Kinds
    """(n, T) 1 + the position in `EVENTS` of each event's kind; 0 where unknown, and in the padding."""

    gaps: Gaps
    """(n, T) seconds since the session's previous event; negative where unknown, and in the padding."""

    def rows(self, chosen: Any) -> "Seen":
        """Some of the sessions: a slice, positions or a mask."""
        return Seen(self.ids[chosen], self.kinds[chosen], self.gaps[chosen])


def bare(ids: Ids) -> Seen:
    """Sessions of which the items alone are known."""
    return Seen(ids, np.zeros(ids.shape, np.int8), np.full(ids.shape, UNKNOWN, np.float32))


@dataclass(frozen=True)
class Encoded:
    """The known events of S sessions, K in all, one session after the other and oldest first."""

    ids: Ids
    """(K,) item of each event, above 0."""

    kinds: Kinds
    """(K,) its kind, as in `Seen`."""

    gaps: Gaps
    """(K,) seconds since the session's previous known event; for the first one, since the session's first event."""

    offsets: Offsets
    """(S + 1,) where each session starts, and K."""

    def seen(
        self, starts: Offsets, lengths: Offsets | Ids, width: int, backwards: bool | npt.NDArray[np.bool_] = False
    ) -> Seen:
        """Stretches of events as rows.

        Args:
            starts: (n,) first event of each.
            lengths: (n,) its events, of one session.
            width: columns of the rows, no less than any length.
            backwards: whether each goes from its first event backwards in time. Its gaps are then those to the event
                that is later and comes before it in the row, and 0 in the first column.
        """
        back = np.broadcast_to(backwards, starts.shape)[:, None]
        columns = np.arange(width)
        inside = columns < lengths[:, None]
        place = np.where(inside, starts[:, None] + np.where(back, -columns, columns), 0)
        after = np.where(inside & back & (columns > 0), place + 1, place)
        if not len(self.ids):
            return bare(np.zeros(inside.shape, np.int32))
        gaps = np.where(back & (columns == 0), np.float32(0), self.gaps[after])
        return Seen(
            ids=np.where(inside, self.ids[place], np.int32(0)),
            kinds=np.where(inside, self.kinds[place], np.int8(0)),
            gaps=np.where(inside, gaps, np.float32(UNKNOWN)),
        )

    def release(self) -> None:
        """Give back the memory that reading took, where the events are in files."""
        release(self.ids, self.kinds, self.gaps)


def encode(sequences: Sequences, vocabulary: Vocabulary) -> Encoded:
    """The events whose item the vocabulary has; the gap of one left out counts for the next one kept.

    They are in files where those of the sequences are.
    """
    table = vocabulary.table(sequences)
    ids, kinds, gaps = (Spool(dtype, sequences.scratch) for dtype in (np.int32, np.int8, np.float32))
    starts = np.zeros(len(sequences) + 1, np.int64)
    for some in session_blocks(sequences, PIECE):
        offsets = sequences.offsets[some.start : some.stop + 1]
        events = slice(offsets[0], offsets[-1])
        told = sequences.events[events] - np.int8(UNKNOWN)
        part = only_known(table[sequences.codes[events]], told, sequences.gaps[events], offsets - offsets[0])
        ids.append(part.ids)
        kinds.append(part.kinds)
        gaps.append(part.gaps)
        starts[some.start + 1 : some.stop + 1] = starts[some.start] + part.offsets[1:]
        release(sequences.codes, sequences.events, sequences.gaps)
    return Encoded(ids.array(), kinds.array(), gaps.array(), starts)


def session_blocks(sequences: Sequences, events: int) -> Iterator[slice]:
    """Stretches of whole sessions, of at most so many events each (more only where one session has more)."""
    start = 0
    while start < len(sequences):
        stop = int(np.searchsorted(sequences.offsets, sequences.offsets[start] + events, side="right")) - 1
        yield slice(start, max(stop, start + 1))
        start = max(stop, start + 1)


def only_known(ids: Ids, kinds: Kinds, gaps: Gaps, offsets: Offsets) -> Encoded:
    """The events with an id above 0.

    Args:
        ids: (E,) ids, 0 for an item that is not known.
        kinds: (E,) as in `Seen`.
        gaps: (E,) seconds since the session's previous event; negative where unknown.
        offsets: (S + 1,) where each session starts, and E.
    """
    known = ids > 0
    kept = np.flatnonzero(known)
    # Each known event ends a stretch of events whose gaps make up its own; what follows a session's last is dropped.
    opens = np.append(True, known)[: len(ids)]
    opens[offsets[:-1][offsets[:-1] < len(ids)]] = True
    places = np.flatnonzero(opens)
    stretch = np.cumsum(opens)[kept] - 1
    waited = np.zeros(0, np.float32)
    if len(kept):
        told = np.minimum.reduceat(gaps, places) >= 0
        waited = np.where(told, np.add.reduceat(gaps.astype(np.float64), places), UNKNOWN)[stretch].astype(np.float32)
    return Encoded(ids[kept], kinds[kept], waited, offsets_of(known.astype(np.int64))[offsets])
