"""Which items may be shown in which session, and the best of those."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from models.recommending.catalogue import NOT_KNOWN
from models.sessions.sequences import Ids


@dataclass(frozen=True)
class Asked:
    """n sessions and what may be shown in each."""

    inputs: Ids
    """(n, L) ids of the sessions, padded with 0 on the right."""

    hidden: npt.NDArray[np.int64]
    """Sorted keys `row * (V + 1) + id` of what a session is not to be shown."""

    shown: npt.NDArray[np.bool_]
    """(V + 1,) whether each id may be shown in any session."""

    codes: npt.NDArray[np.int32]
    """(V + 1,) category code of each id."""

    wanted: npt.NDArray[np.int32]
    """(n,) category code that a session is kept to, `NOT_KNOWN` for any."""

    def ranked(
        self,
        rows: npt.NDArray[np.int64],
        ids: npt.NDArray[np.int32],
        others: npt.NDArray[np.float32],
        own: npt.NDArray[np.float32],
        k: int,
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Merge the top of the index with the sessions' own items.

        Args:
            rows: (m,) which of the sessions these are.
            ids: (m, depth) top of the index.
            others: (m, depth) its scores.
            own: (m, L) scores of the sessions' own items, each item's in one place.
            k: items wanted.

        Returns:
            The best (m, k) ids and scores, minus infinity where there is none, ties by id; and how many items (m,) of
            the index passed that are not the session's own. Where these are k, nothing deeper can be better.
        """
        mine = self.inputs[rows]
        size = len(self.shown)
        own_keys = np.sort(np.arange(len(rows))[:, None] * size + mine, axis=1).ravel()
        passed = self._allowed(rows, ids) & ~_has(own_keys, np.arange(len(rows)), ids, size)
        scores = np.concatenate(
            [np.where(passed, others, -np.inf), np.where(self._allowed(rows, mine), own, -np.inf)], axis=1
        )
        every = np.concatenate([ids, mine], axis=1)
        order = np.lexsort((every, -scores), axis=1)[:, :k]
        return np.take_along_axis(every, order, 1), np.take_along_axis(scores, order, 1), passed.sum(axis=1)

    def _allowed(self, rows: npt.NDArray[np.int64], ids: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
        wanted = self.wanted[rows, None]
        fits = (wanted == NOT_KNOWN) | (self.codes[ids] == wanted)
        allowed: npt.NDArray[np.bool_] = self.shown[ids] & fits & ~_has(self.hidden, rows, ids, len(self.shown))
        return allowed


def keys(sets: Sequence[Sequence[int]], size: int) -> npt.NDArray[np.int64]:
    """Sorted keys `row * size + id` of sets of ids below `size`, one set a row."""
    lengths = np.array([len(ids) for ids in sets], dtype=np.int64)
    flat = np.fromiter(chain.from_iterable(sets), np.int64, int(lengths.sum()))
    return np.sort(np.repeat(np.arange(len(sets)), lengths) * size + flat)


def _has(sorted_keys: npt.NDArray[np.int64], rows: npt.NDArray[np.int64], ids: Ids, size: int) -> npt.NDArray[np.bool_]:
    """(m, …) whether the keys have each id of a row."""
    if not len(sorted_keys):
        return np.zeros(ids.shape, dtype=np.bool_)
    wanted = rows[:, None] * size + ids
    places = np.minimum(np.searchsorted(sorted_keys, wanted), len(sorted_keys) - 1)
    found: npt.NDArray[np.bool_] = sorted_keys[places] == wanted
    return found
