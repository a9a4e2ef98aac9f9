"""The items that a recommender knows, and their ids."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.sessions.sequences import Ids, Sequences
from models.sessions.spool import pieces, release


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
        return self.table(sequences)[sequences.codes]

    def table(self, sequences: Sequences) -> Ids:
        """Id of each of the sequences' `names`, 0 where the vocabulary does not have it."""
        known = {item: position + 1 for position, item in enumerate(self.items)}
        return np.array([known.get(name, 0) for name in sequences.names], dtype=np.int32)


def build_vocabulary(sequences: Sequences, min_item_count: int = 1) -> Vocabulary:
    """The items with at least `min_item_count` events in the given (training) sessions; the empty id is never one."""
    counts = np.zeros(len(sequences.names), dtype=np.int64)
    for piece in pieces(len(sequences.codes)):
        counts += np.bincount(sequences.codes[piece], minlength=len(counts))
        release(sequences.codes)
    kept = [(-int(counts[code]), name) for code, name in enumerate(sequences.names) if counts[code] >= min_item_count]
    ordered = sorted(pair for pair in kept if pair[1] != "")
    return Vocabulary(
        items=tuple(name for _, name in ordered), counts=np.array([-count for count, _ in ordered], dtype=np.int64)
    )
