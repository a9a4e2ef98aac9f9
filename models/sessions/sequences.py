"""Item sequences of sessions as flat arrays with offsets."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.errors import InputError
from models.sessions.spool import Spool, pieces, release

Ids = npt.NDArray[np.int32]
Offsets = npt.NDArray[np.int64]

EVENTS = ("view", "cart", "uncart", "purchase", "favourite")
COLUMNS = ("session_id", "session_start", "items", "events", "gaps")
BATCH = 16_384
"""Sessions read together."""

UNKNOWN = -1
"""Stands for a kind of event and for a gap that nobody told."""


@dataclass(frozen=True)
class Sequences:
    """S sessions with E item events in all; session s holds the events `offsets[s]:offsets[s + 1]`, oldest first."""

    names: tuple[str, ...]
    """Distinct item ids."""

    codes: Ids
    """(E,) position in `names` of each event's item."""

    events: npt.NDArray[np.int8]
    """(E,) position in `EVENTS` of each event's kind; `UNKNOWN` where nobody told."""

    gaps: npt.NDArray[np.float32]
    """(E,) seconds since the session's previous event, 0 for its first; `UNKNOWN` where nobody told."""

    offsets: Offsets
    """(S + 1,) where each session starts, and E."""

    session_ids: tuple[str, ...]
    """S session ids; none where the sessions were read with `scratch`."""

    starts: npt.NDArray[np.datetime64]
    """(S,) UTC time of each session's first event, in µs; NaT where unknown."""

    scratch: Path | None = None
    """Folder whose files hold the arrays by event, and those to be made of them; None where they are in memory."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def lengths(self) -> Offsets:
        """(S,) events of each session."""
        return np.diff(self.offsets)

    def session(self, position: int) -> list[str]:
        """Item ids of one session, oldest first."""
        return [self.names[code] for code in self.codes[self.offsets[position] : self.offsets[position + 1]]]

    def take(self, sessions: npt.NDArray[np.int64]) -> "Sequences":
        """The sessions at the given positions, in the given order."""
        lengths = self.lengths()[sessions]
        offsets = offsets_of(lengths)
        rows = np.arange(offsets[-1]) + np.repeat(self.offsets[sessions] - offsets[:-1], lengths)
        return Sequences(
            names=self.names,
            codes=self.codes[rows],
            events=self.events[rows],
            gaps=self.gaps[rows],
            offsets=offsets,
            session_ids=tuple(self.session_ids[session] for session in sessions) if self.session_ids else (),
            starts=self.starts[sessions],
            scratch=self.scratch,
        )


def from_lists(
    items: Sequence[Sequence[str]],
    events: Sequence[Sequence[str]] | None = None,
    session_ids: Sequence[str] | None = None,
    gaps: Sequence[Sequence[float]] | None = None,
) -> Sequences:
    """Sequences of sessions given as lists of item ids; kinds and gaps are unknown, ids positions where not given."""
    log = _Log(None)
    log.append(
        np.array([len(session) for session in items], dtype=np.int64),
        pa.array([item for session in items for item in session], pa.string()),
        None if events is None else pa.array([kind for session in events for kind in session], pa.string()),
        None if gaps is None else pa.array([gap for session in gaps for gap in session], pa.float32()),
    )
    log.session_ids = [str(place) for place in range(len(items))] if session_ids is None else list(session_ids)
    log.starts = [np.full(len(items), "NaT", dtype="datetime64[us]")]
    return log.sequences()


def read_sequences(path: Path, scratch: Path | None = None) -> Sequences:
    """Read `sequences.parquet` (or its training, validation or test part), one row per session.

    Args:
        path: the file; it is read a few thousand sessions at a time.
        scratch: existing folder for files that hold the events, and what is made of them later, in place of memory.

    Raises:
        InputError: the file is missing, has other columns than the split stage writes, or holds null items, unknown
            kinds of event, or gaps that are null or negative.
    """
    if not path.is_file():
        raise InputError(
            f"There are no item sequences at {path}. Write them first: python -m pipeline run --from featurize"
        )
    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise InputError(f"{path} is no Parquet file; write it again: python -m pipeline run --from split") from error
    with file:
        missing = [name for name in COLUMNS if name not in file.schema_arrow.names]
        if missing:
            raise InputError(f"{path} should have the columns {', '.join(COLUMNS)}. Missing: {', '.join(missing)}")
        log = _Log(scratch)
        for rows in file.iter_batches(BATCH, columns=list(COLUMNS)):
            log.append(_lengths(rows, path), *(rows[name].flatten() for name in ("items", "events", "gaps")))
            log.session_ids += [] if scratch else rows["session_id"].to_pylist()
            log.starts.append(rows["session_start"].cast(pa.timestamp("us")).to_numpy(zero_copy_only=False))
    return log.sequences()


def join(first: Sequences, second: Sequences) -> Sequences:
    """The sessions of both, in order."""
    names = dict.fromkeys([*first.names, *second.names])
    place = {name: position for position, name in enumerate(names)}
    codes = np.array([place[name] for name in second.names], dtype=np.int32)  # those of `first` stay as they are
    log = _Log(first.scratch)
    for part, table in ((first, None), (second, codes)):
        for piece in pieces(len(part.codes)):
            log.codes.append(part.codes[piece] if table is None else table[part.codes[piece]])
            log.events.append(part.events[piece])
            log.gaps.append(part.gaps[piece])
            release(part.codes, part.events, part.gaps)
    return Sequences(
        names=tuple(names),
        codes=log.codes.array(),
        events=log.events.array(),
        gaps=log.gaps.array(),
        offsets=np.concatenate([first.offsets, first.offsets[-1] + second.offsets[1:]]),
        session_ids=first.session_ids + second.session_ids,
        starts=np.concatenate([first.starts, second.starts]),
        scratch=first.scratch,
    )


class _Log:
    """Sequences in the making."""

    def __init__(self, scratch: Path | None) -> None:
        self._scratch = scratch
        self._places: dict[str, int] = {}
        self.codes, self.events = Spool(np.int32, scratch), Spool(np.int8, scratch)
        self.gaps = Spool(np.float32, scratch)
        self._lengths = [np.zeros(0, np.int64)]
        self.session_ids: list[str] = []
        self.starts: list[npt.NDArray[np.datetime64]] = [np.zeros(0, "datetime64[us]")]

    def append(self, lengths: Offsets, items: Any, events: Any, gaps: Any) -> None:
        """Add sessions of the given lengths; kinds or gaps are None where nobody told them."""
        if items.null_count:
            raise InputError(f"Every event of a sequence should have an item. Received: {items.null_count} null items")
        encoded = items.dictionary_encode()
        places = [self._places.setdefault(name, len(self._places)) for name in encoded.dictionary.to_pylist()]
        self.codes.append(np.array(places, dtype=np.int32)[encoded.indices.to_numpy()])
        self.events.append(np.full(len(items), UNKNOWN) if events is None else _kinds(events))
        self.gaps.append(np.full(len(items), UNKNOWN) if gaps is None else _gaps(gaps))
        self._lengths.append(lengths)

    def sequences(self) -> Sequences:
        return Sequences(
            names=tuple(self._places),
            codes=self.codes.array(),
            events=self.events.array(),
            gaps=self.gaps.array(),
            offsets=offsets_of(np.concatenate(self._lengths)),
            session_ids=tuple(self.session_ids),
            starts=np.concatenate(self.starts),
            scratch=self._scratch,
        )


def _lengths(rows: Any, path: Path) -> Offsets:
    lengths, *others = (
        pc.fill_null(pc.list_value_length(rows[name]), 0).to_numpy().astype(np.int64)
        for name in ("items", "events", "gaps")
    )
    for name, found in zip(("events", "gaps"), others, strict=True):
        if not np.array_equal(lengths, found):
            raise InputError(f"{path}: `items` and `{name}` should have the same length in every row.")
    checked: Offsets = lengths
    return checked


def _kinds(events: Any) -> npt.NDArray[np.int8]:
    kinds = pc.index_in(events, pa.array(EVENTS))
    if kinds.null_count:
        strange = pc.unique(events.filter(pc.is_null(kinds))).to_pylist()[:3]
        raise InputError(f"Events of a sequence should be among {', '.join(EVENTS)}. Received: {strange}")
    found: npt.NDArray[np.int8] = kinds.to_numpy(zero_copy_only=False).astype(np.int8)
    return found


def _gaps(gaps: Any) -> npt.NDArray[np.float32]:
    seconds: npt.NDArray[np.float32] = gaps.to_numpy(zero_copy_only=False).astype(np.float32)  # null becomes NaN
    wrong = seconds[~((seconds >= 0) & np.isfinite(seconds))]
    if len(wrong):
        raise InputError(
            f"Gaps of a sequence should be seconds, 0 or more. Received: {', '.join(f'{gap:g}' for gap in wrong[:3])}"
        )
    return seconds


def offsets_of(lengths: npt.NDArray[np.integer]) -> Offsets:
    """(n + 1,) where stretches of the given lengths start, laid one after the other, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
