"""What a shop would show without a neural network: counts of items, of pairs of items, and of what followed what."""

from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import sparse

from models.sessions.sequences import Ids, Sequences
from models.sessions.vocabulary import Vocabulary

Scores = npt.NDArray[np.float64]

SHRINKAGE = 20.0
"""Sessions added to an item's own in `ItemCooccurrence`, so that few of them prove little."""

FAINT = 1e-4
"""Least weight of an old event in `RepeatMarkov`, and that of popularity, which settles ties."""


class Baseline(Protocol):
    """Anything that scores the whole catalogue for a session."""

    def scores(self, inputs: Ids) -> Scores:
        """(n, V) scores of every item for padded sessions (n, L) of ids 1..V, 0 on the right."""


class Popularity:
    """Every session gets the items with most training events."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        items = len(vocabulary)
        # The vocabulary is in order of popularity; a strict order, below 1, spares ties that would count against it.
        self.order: Scores = (items - np.arange(items)) / (items + 1.0)

    def scores(self, inputs: Ids) -> Scores:
        """(n, V) scores of every item for padded sessions (n, L)."""
        return np.broadcast_to(self.order, (len(inputs), len(self.order)))


class SessionPopularity:
    """The session's own items, the most frequent first; then by popularity, which also settles ties."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.popularity = Popularity(vocabulary)

    def scores(self, inputs: Ids) -> Scores:
        """(n, V) scores of every item for padded sessions (n, L)."""
        dense: Scores = self.popularity.scores(inputs).copy()
        rows, places = np.nonzero(inputs)
        np.add.at(dense, (rows, inputs[rows, places] - 1), 1.0)
        return dense


class Markov:
    """Items by how often they came right after the session's last one in training; then by popularity.

    First-order transition counts. An item that never followed, or a session without a known item, falls back on
    popularity, which also settles ties.
    """

    def __init__(self, train: Sequences, vocabulary: Vocabulary) -> None:
        ids, session = known_events(train, vocabulary)
        same = session[1:] == session[:-1]
        before, after = ids[:-1][same], ids[1:][same] - 1
        shape = (len(vocabulary) + 1, len(vocabulary))  # row 0: no known item, nothing followed
        self.transitions = sparse.csr_matrix((np.ones(len(before)), (before, after)), shape=shape)
        self.popularity = Popularity(vocabulary)

    def scores(self, inputs: Ids) -> Scores:
        """(n, V) scores of every item for padded sessions (n, L)."""
        dense: Scores = self.transitions[last_items(inputs)].toarray()
        dense += self.popularity.order
        return dense


class RepeatMarkov:
    """The session's own items by how often training sessions went back that far; then as `Markov`, from every item.

    An item whose latest event is s steps back is ordered by the share of such items in training that came next: often
    the last but one comes next rather than the last one again. The other items are ordered by their transition counts
    from all of the session's events, those s steps back weighted 1 / 2^(s - 1).
    """

    def __init__(self, train: Sequences, vocabulary: Vocabulary) -> None:
        ids, session = known_events(train, vocabulary)
        self.transitions = Markov(train, vocabulary).transitions
        self.popularity = Popularity(vocabulary)
        self.returns = _returns(ids, session)

    def scores(self, inputs: Ids) -> Scores:
        """(n, V) scores of every item for padded sessions (n, L)."""
        rows, places = np.nonzero(inputs)
        ids, step = inputs[rows, places], (inputs > 0).sum(axis=1)[rows] - places
        weights = np.maximum(0.5 ** (step - 1.0), FAINT)
        events = sparse.csr_matrix((weights, (rows, ids)), shape=(len(inputs), self.transitions.shape[0]))
        dense: Scores = (events @ self.transitions).toarray()
        dense += FAINT * self.popularity.order
        share = np.where(step < len(self.returns), self.returns[np.minimum(step, len(self.returns) - 1)], 0.0)
        # In order of place, so that the latest of an item's places is the one that stays.
        dense[rows, ids - 1] = dense.max(axis=1, initial=0.0)[rows] + 1.0 + share + FAINT / step
        return dense


class ItemCooccurrence:
    """Items by the cosine of the sessions they and the session's last item occur in; then by popularity.

    Item-based nearest neighbours as in Hidasi et al. 2016, "Session-based recommendations with recurrent neural
    networks": sessions with both, divided by sqrt((sessions with one + 20) (sessions with the other + 20)); the last
    item itself is no neighbour of its own. The V × V matrix is never made: a block of sessions takes two sparse
    products.
    """

    def __init__(self, train: Sequences, vocabulary: Vocabulary) -> None:
        ids, session = known_events(train, vocabulary)
        shape = (len(train), len(vocabulary) + 1)  # column 0: no known item
        incidence = sparse.csr_matrix((np.ones(len(ids)), (session, ids)), shape=shape)
        incidence.data[:] = 1.0
        self._sessions = incidence.T.tocsr()
        self._items = incidence[:, 1:].tocsr()
        support = np.asarray(incidence.sum(axis=0)).ravel()
        self._norm = 1.0 / np.sqrt(support + SHRINKAGE)
        self.popularity = Popularity(vocabulary)

    def scores(self, inputs: Ids) -> Scores:
        """(n, V) scores of every item for padded sessions (n, L)."""
        last = last_items(inputs)
        distinct, row = np.unique(last, return_inverse=True)
        dense: Scores = (self._sessions[distinct] @ self._items).toarray()[row]
        dense *= self._norm[last][:, None] * self._norm[1:]
        known = np.flatnonzero(last)
        dense[known, last[known] - 1] = 0.0
        # Below any cosine: one common session gives at least 1 / (sessions + 20).
        dense += self.popularity.order / (self._items.shape[0] + SHRINKAGE + 1.0)
        return dense


def known_events(sequences: Sequences, vocabulary: Vocabulary) -> tuple[Ids, npt.NDArray[np.int64]]:
    """Ids of the events whose item the vocabulary has, and the session of each, in order."""
    ids = vocabulary.encode(sequences)
    session = np.repeat(np.arange(len(sequences)), sequences.lengths())
    known = ids > 0
    return ids[known], session[known]


def last_items(inputs: Ids) -> Ids:
    """(n,) id of the last item of padded sessions (n, L), 0 where there is none."""
    lengths = (inputs > 0).sum(axis=1)
    last: Ids = np.where(lengths > 0, inputs[np.arange(len(inputs)), np.maximum(lengths - 1, 0)], 0).astype(np.int32)
    return last


def _returns(ids: Ids, session: npt.NDArray[np.int64]) -> Scores:
    """Share of the items last seen s steps back that came next, in sessions with two items or more by then; [0] is 0.

    Where there is one item alone there is nothing to order, and it comes again more often.
    """
    places = np.arange(len(ids))
    order = np.lexsort((places, ids, session))
    again = (np.diff(ids[order]) == 0) & (np.diff(session[order]) == 0)
    before, steps = order[:-1][again], np.diff(order)[again]
    starts, ends = (np.searchsorted(session, session, side=side) for side in ("left", "right"))
    other = np.where(ids != ids[starts], places, ends - 1)
    first, session_row = np.unique(starts, return_inverse=True)
    second = np.minimum.reduceat(other, first)[session_row] if len(ids) else other
    # An event waits for its item's next one, or to the end of the session; it counts once a second item is there.
    waits = ends - 1 - places
    waits[before] = steps
    early = np.clip(second - places, 0, waits)
    counted = steps[before + steps > second[before]]
    waiting = _at_least(waits) - _at_least(early, len(_at_least(waits)))
    share: Scores = np.bincount(counted, minlength=len(waiting)) / np.maximum(waiting, 1)
    return share


def _at_least(values: npt.NDArray[np.int64], size: int = 2) -> npt.NDArray[np.int64]:
    """How many of the values are at least as high as each of 0, 1, 2 and so on."""
    counts: npt.NDArray[np.int64] = np.bincount(values, minlength=size)[::-1].cumsum()[::-1]
    return counts
