"""Sessions that a caller tells of, as the network sees them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from data.errors import InputError
from models.sessions.encoded import Seen, only_known
from models.sessions.sequences import EVENTS, UNKNOWN, offsets_of

Events = Sequence[Sequence[str] | None] | None
Gaps = Sequence[Sequence[float] | None] | None

NUMBERS = (int, float, np.integer, np.floating)
CODES = {kind: place + 1 for place, kind in enumerate(EVENTS)}


def check_told(sessions: Sequence[Sequence[str]], events: Events, gaps: Gaps) -> None:
    """Refuse kinds and gaps that do not go with the sessions.

    Raises:
        InputError: not one list for each session and one entry for each item, a kind that is not in `EVENTS`, or a gap
            that is negative or no finite number.
    """
    for name, told in (("events", events), ("gaps", gaps)):
        if told is None:
            continue
        if len(told) != len(sessions):
            raise InputError(
                f"`{name}` should have one list for each of {len(sessions)} sessions. Received: {len(told)}"
            )
        for row, (session, values) in enumerate(zip(sessions, told, strict=True)):
            if values is not None and (isinstance(values, str) or len(values) != len(session)):
                given = "a text" if isinstance(values, str) else len(values)
                raise InputError(
                    f"`{name}` should have one entry for each of {len(session)} items of session {row}. "
                    f"Received: {given}"
                )
    strange = next((kind for kind in _flat(events) if kind not in CODES), None)
    if strange is not None:
        raise InputError(f"`events` should be among {', '.join(EVENTS)}. Received: {strange!r}")
    wrong = [gap for gap in _flat(gaps) if not _is_gap(gap)]
    if wrong:
        raise InputError(f"`gaps` should be seconds, 0 or more. Received: {wrong[0]}")


def session_inputs(
    sessions: Sequence[Sequence[str]], events: Events, gaps: Gaps, ids: Mapping[str, int], width: int
) -> Seen:
    """The latest `width` known events of n sessions.

    Args:
        sessions: item ids of each session, oldest first.
        events: kind of each event, as `check_told` lets pass.
        gaps: seconds since the event before, likewise.
        ids: the model's ids, 1 and up, of the items that it knows.
        width: events that the model sees at most.
    """
    lengths = np.array([len(session) for session in sessions], dtype=np.int64)
    offsets = offsets_of(lengths)
    size = int(offsets[-1])
    known = np.fromiter((ids.get(item, 0) for item in chain.from_iterable(sessions)), np.int32, size)
    kinds, waited = np.zeros(size, np.int8), np.full(size, UNKNOWN, np.float32)
    for start, values in zip(offsets, events or (), strict=False):
        if values is not None:
            kinds[start : start + len(values)] = [CODES[kind] for kind in values]
    for start, gap in zip(offsets, gaps or (), strict=False):
        if gap is not None:
            waited[start : start + len(gap)] = gap
    found = only_known(known, kinds, waited, offsets)
    ends = found.offsets[1:]
    starts = np.maximum(found.offsets[:-1], ends - width)
    return found.seen(starts, ends - starts, width)


def _is_gap(gap: Any) -> bool:
    return isinstance(gap, NUMBERS) and not isinstance(gap, bool) and bool(0 <= gap < math.inf)


def _flat(told: Sequence[Sequence[Any] | None] | None) -> Iterator[Any]:
    return chain.from_iterable(values for values in told or () if values is not None)
