"""What a shop would show without a neural network: the most popular items, or those that followed the last one."""

import numpy as np
import numpy.typing as npt
from scipy import sparse

from models.sequences import Ids, Sequences, Vocabulary

Scores = npt.NDArray[np.float64]


class Popularity:
    """Every session gets the items with most training events."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        items = len(vocabulary)
        # The vocabulary is in order of popularity; a strict order, below 1, spares ties that would count against it.
        self.order: Scores = (items - np.arange(items)) / (items + 1.0)

    def scores(self, inputs: Ids) -> Scores:
        """(n, V) scores of every item for padded sessions (n, L)."""
        return np.broadcast_to(self.order, (len(inputs), len(self.order)))


class Markov:
    """Items by how often they came right after the session's last one in training; then by popularity.

    First-order transition counts. An item that never followed, or a session without a known item, falls back on
    popularity, which also settles ties.
    """

    def __init__(self, train: Sequences, vocabulary: Vocabulary) -> None:
        ids = vocabulary.encode(train)
        session = np.repeat(np.arange(len(train)), train.lengths())
        known = ids > 0
        ids, session = ids[known], session[known]
        same = session[1:] == session[:-1]
        before, after = ids[:-1][same], ids[1:][same] - 1
        shape = (len(vocabulary) + 1, len(vocabulary))  # row 0: no known item, nothing followed
        self.transitions = sparse.csr_matrix((np.ones(len(before)), (before, after)), shape=shape)
        self.popularity = Popularity(vocabulary)

    def scores(self, inputs: Ids) -> Scores:
        """(n, V) scores of every item for padded sessions (n, L)."""
        lengths = (inputs > 0).sum(axis=1)
        last = np.where(lengths > 0, inputs[np.arange(len(inputs)), np.maximum(lengths - 1, 0)], 0)
        dense: Scores = self.transitions[last].toarray()
        dense += self.popularity.order
        return dense
