"""Item sequences of sessions as flat arrays with offsets, and the vocabulary of their items."""

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

Ids = npt.NDArray[np.int32]
Offsets = npt.NDArray[np.int64]

EVENTS = ("view", "cart", "uncart", "purchase", "favourite")
COLUMNS = ("session_id", "session_start", "items", "events", "gaps")
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
    """S session ids."""

    starts: npt.NDArray[np.datetime64]
    """(S,) UTC time of each session's first event, in µs; NaT where unknown."""

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
            session_ids=tuple(self.session_ids[session] for session in sessions),
            starts=self.starts[sessions],
        )


def from_lists(
    items: Sequence[Sequence[str]],
    events: Sequence[Sequence[str]] | None = None,
    session_ids: Sequence[str] | None = None,
    gaps: Sequence[Sequence[float]] | None = None,
) -> Sequences:
    """Sequences of sessions given as lists of item ids; kinds and gaps are unknown, ids positions where not given."""
    flat = pa.array([item for session in items for item in session], pa.string())
    return _from_flat(
        flat,
        None if events is None else pa.array([kind for session in events for kind in session], pa.string()),
        None if gaps is None else pa.array([gap for session in gaps for gap in session], pa.float32()),
        np.array([len(session) for session in items], dtype=np.int64),
        tuple(session_ids) if session_ids is not None else tuple(str(position) for position in range(len(items))),
        np.full(len(items), "NaT", dtype="datetime64[us]"),
    )


def read_sequences(path: Path) -> Sequences:
    """Read `sequences.parquet` (or its training, validation or test part), one row per session.

    Raises:
        InputError: the file is missing, has other columns than the split stage writes, or holds null items, unknown
            kinds of event, or gaps that are null or negative.
    """
    if not path.is_file():
        raise InputError(
            f"There are no item sequences at {path}. Write them first: python -m pipeline run --from featurize"
        )
    try:
        columns = pq.read_schema(path).names
    except pa.ArrowInvalid as error:
        raise InputError(f"{path} is no Parquet file; write it again: python -m pipeline run --from split") from error
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise InputError(f"{path} should have the columns {', '.join(COLUMNS)}. Missing: {', '.join(missing)}")
    table = pq.read_table(path, columns=list(COLUMNS))
    lengths = pc.fill_null(pc.list_value_length(table["items"]), 0).to_numpy().astype(np.int64)
    for name in ("events", "gaps"):
        if not np.array_equal(lengths, pc.fill_null(pc.list_value_length(table[name]), 0).to_numpy()):
            raise InputError(f"{path}: `items` and `{name}` should have the same length in every row.")
    return _from_flat(
        pc.list_flatten(table["items"]).combine_chunks(),
        pc.list_flatten(table["events"]).combine_chunks(),
        pc.list_flatten(table["gaps"]).combine_chunks(),
        lengths,
        tuple(table["session_id"].to_pylist()),
        table["session_start"].cast(pa.timestamp("us")).to_numpy(),
    )


def join(first: Sequences, second: Sequences) -> Sequences:
    """The sessions of both, in order."""
    names = dict.fromkeys([*first.names, *second.names])
    place = {name: position for position, name in enumerate(names)}
    codes = np.array([place[name] for name in second.names], dtype=np.int32)  # those of `first` stay as they are
    return Sequences(
        names=tuple(names),
        codes=np.concatenate([first.codes, codes[second.codes]]).astype(np.int32),
        events=np.concatenate([first.events, second.events]),
        gaps=np.concatenate([first.gaps, second.gaps]),
        offsets=np.concatenate([first.offsets, first.offsets[-1] + second.offsets[1:]]),
        session_ids=first.session_ids + second.session_ids,
        starts=np.concatenate([first.starts, second.starts]),
    )


def _from_flat(
    items: Any,
    events: Any,
    gaps: Any,
    lengths: Offsets,
    session_ids: tuple[str, ...],
    starts: npt.NDArray[np.datetime64],
) -> Sequences:
    if items.null_count:
        raise InputError(f"Every event of a sequence should have an item. Received: {items.null_count} null items")
    encoded = items.dictionary_encode()
    return Sequences(
        names=tuple(encoded.dictionary.to_pylist()),
        codes=encoded.indices.to_numpy().astype(np.int32),
        events=np.full(len(items), UNKNOWN, dtype=np.int8) if events is None else _kinds(events),
        gaps=np.full(len(items), UNKNOWN, dtype=np.float32) if gaps is None else _gaps(gaps),
        offsets=offsets_of(lengths),
        session_ids=session_ids,
        starts=starts,
    )


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


@dataclass(frozen=True)
class Vocabulary:
    """The V items a recommender knows. Item i has the id i + 1; id 0 is no item (padding) or an unknown one."""

    items: tuple[str, ...]
    """V item ids, the one with most training events first, ties in alphabetical order."""

    counts: npt.NDArray[np.int64]
    """(V,) training events of each item."""

    def __len__(self) -> int:
        return len(self.items)

    def encode(self, sequences: Sequences) -> Ids:
        """(E,) id of each event's item, 0 where the vocabulary does not have it."""
        known = {item: position + 1 for position, item in enumerate(self.items)}
        table = np.array([known.get(name, 0) for name in sequences.names], dtype=np.int32)
        return table[sequences.codes] if len(table) else np.zeros(0, dtype=np.int32)


def build_vocabulary(sequences: Sequences, min_item_count: int = 1) -> Vocabulary:
    """The items with at least `min_item_count` events in the given (training) sessions; the empty id is never one."""
    counts = np.bincount(sequences.codes, minlength=len(sequences.names))
    kept = [(-int(counts[code]), name) for code, name in enumerate(sequences.names) if counts[code] >= min_item_count]
    ordered = sorted(pair for pair in kept if pair[1] != "")
    return Vocabulary(
        items=tuple(name for _, name in ordered), counts=np.array([-count for count, _ in ordered], dtype=np.int64)
    )


def offsets_of(lengths: npt.NDArray[np.int64]) -> Offsets:
    """(n + 1,) where stretches of the given lengths start, laid one after the other, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
