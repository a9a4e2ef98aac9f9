"""Nearest-neighbour baselines: what the training sessions most like this one went on with."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data.errors import InputError
from models.recommending.baselines import Popularity, Scores, known_events
from models.sessions.sequences import Ids, Sequences, offsets_of
from models.sessions.vocabulary import Vocabulary

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BLOCK = 1_000_000
"""Common items, and items of neighbours, looked at together; about 100 bytes each are held."""

TIE_BREAK = 1e-6
"""Weight of popularity beside scores whose highest is 1."""


@dataclass(frozen=True)
class Query:
    """The distinct items of n sessions, by session and then the latest first."""

    row: Ints
    """Session of each item."""

    item: Ints
    """Position of the item in the vocabulary, 0..V-1."""

    step: Ints
    """1 for the session's last event, 2 for the one before, …: that of the item's latest event."""

    length: Ints
    """(n,) events of each session."""

    size: Ints
    """(n,) distinct items of each session."""


@dataclass(frozen=True)
class Pairs:
    """Sessions and training sessions that share an item, by session and then by age, the oldest first."""

    row: Ints
    """The session."""

    past: Ints
    """The training session."""

    overlap: Floats
    """Sum of the position weights of the shared items."""

    step: Ints
    """Step of the latest shared item in the session."""

    place: Ints
    """Place of that item in the training session."""

    def take(self, chosen: npt.NDArray[np.integer]) -> "Pairs":
        """Some of the pairs."""
        return Pairs(
            self.row[chosen], self.past[chosen], self.overlap[chosen], self.step[chosen], self.place[chosen]
        )  # fmt: skip


class SessionNeighbours(ABC):
    """What V-SkNN and VSTAN share: candidates, the k nearest of them, and the sum of their items.

    Candidates are the `sample_size` most recent training sessions with an item of the session; of the equally similar
    the more recent is nearer. An item's score is the sum over the neighbours that have it of similarity ×
    `decay` × `nearness` × (1 + `idf_weight` × idf), idf the log of (sessions / sessions with the item); the session's
    own items may come back. Items that no neighbour has follow by popularity, which also settles ties.
    """

    def __init__(self, train: Sequences, vocabulary: Vocabulary, k: int, sample_size: int, idf_weight: float) -> None:
        """Index the training sessions by their items.

        Args:
            train: S training sessions; where a start is unknown, their order is taken for the order of time.
            vocabulary: the V items.
            k: neighbours that vote.
            sample_size: most recent candidates that they are chosen from.
            idf_weight: how much more the rare items count.

        Raises:
            InputError: `k` or `sample_size` is below 1, or `idf_weight` below 0.
        """
        for name, value in (("k", k), ("sample_size", sample_size)):
            if value < 1:
                raise InputError(f"`{name}` should be at least 1. Received: {value}")
        if not idf_weight >= 0:
            raise InputError(f"`idf_weight` should be at least 0. Received: {idf_weight}")
        self.k, self.sample_size = k, sample_size
        self.popularity = Popularity(vocabulary)
        self.age, order = ages(train)
        items, sessions, self._place = _distinct(train.take(order), vocabulary)
        self._items, self._sessions = items, sessions
        self.sizes = np.bincount(sessions, minlength=len(train))
        self._offsets = offsets_of(self.sizes)
        support = np.bincount(items, minlength=len(vocabulary))
        self._postings = np.argsort(items, kind="stable")
        ends = np.cumsum(support)
        # A session among the most recent with any item is among the most recent with each item it has.
        self._counts = np.minimum(support, sample_size)
        self._starts = ends - self._counts
        self._idf = 1.0 + idf_weight * np.log(max(len(train), 1) / np.maximum(support, 1))

    @abstractmethod
    def position(self, step: Ints, length: Ints) -> Floats:
        """Weight of a session's item by its step and the session's length."""

    @abstractmethod
    def similarity(self, overlap: Floats, size: Ints, past: Ints) -> Floats:
        """Similarity of sessions of `size` distinct items to training sessions they share items with."""

    @abstractmethod
    def decay(self, step: Ints) -> Floats:
        """Weight of a neighbour by the step of the latest shared item."""

    @abstractmethod
    def nearness(self, distance: Ints) -> Floats:
        """Weight of a neighbour's item by its distance from the latest shared item."""

    def scores(self, inputs: Ids) -> Scores:
        """(n, V) scores of every item for padded sessions (n, L), the highest about 1."""
        query = _query(inputs)
        dense = np.zeros((len(inputs), len(self._idf)))
        cost = np.bincount(query.row, self._counts[query.item], minlength=len(inputs)).astype(np.int64)
        for rows in _blocks(cost):
            part = slice(*np.searchsorted(query.row, [rows.start, rows.stop]))
            self._vote(self._nearest(self._pairs(query, part), query), dense)
        dense *= self._idf
        dense /= np.maximum(dense.max(axis=1, initial=0.0), np.finfo(np.float64).tiny)[:, None]
        dense += TIE_BREAK * self.popularity.order
        return dense

    def _pairs(self, query: Query, part: slice) -> Pairs:
        """Every training session that shares an item, of the `sample_size` most recent with that item."""
        row, item, step = query.row[part], query.item[part], query.step[part]
        which, inside = _expand(self._counts[item])
        entry = self._postings[self._starts[item][which] + inside]
        key = row[which] * len(self.sizes) + self._sessions[entry]
        order = np.argsort(key, kind="stable")  # stable: the latest shared item stays the first of its pair
        first = np.flatnonzero(np.diff(key[order], prepend=-1))
        nearest = order[first]
        weight = self.position(step, query.length[row])
        overlap = np.add.reduceat(weight[which[order]], first) if len(first) else np.zeros(0)
        past = self._sessions[entry[nearest]]
        return Pairs(row[which[nearest]], past, overlap, step[which[nearest]], self._place[entry[nearest]])

    def _nearest(self, pairs: Pairs, query: Query) -> tuple[Pairs, Floats]:
        """The k most similar of each session's most recent candidates, and their similarity."""
        pairs = pairs.take(np.flatnonzero(_rank(pairs.row, last=True) < self.sample_size))
        found = self.similarity(pairs.overlap, query.size[pairs.row], pairs.past)
        # In single precision, so that equal similarities tie whatever the order of summation.
        order = np.lexsort((-pairs.past, -found.astype(np.float32), pairs.row))
        kept = order[_rank(pairs.row[order]) < self.k]
        return pairs.take(kept), found[kept]

    def _vote(self, neighbours: tuple[Pairs, Floats], dense: Scores) -> None:
        """Add what the neighbours say to (n, V) scores."""
        pairs, strength = neighbours
        strength = strength * self.decay(pairs.step)
        for part in _blocks(self.sizes[pairs.past]):
            past, row = pairs.past[part], pairs.row[part]
            which, inside = _expand(self.sizes[past])
            entry = self._offsets[past][which] + inside
            value = strength[part][which] * self.nearness(np.abs(self._place[entry] - pairs.place[part][which]))
            np.add.at(dense.reshape(-1), row[which] * dense.shape[1] + self._items[entry], value)


def ages(train: Sequences) -> tuple[Floats, Ints]:
    """Age of the training sessions, and their positions, both with the oldest session first.

    Returns:
        (S,) ages as shares of the training period, 0 for the latest session and 1 for the oldest; (S,) positions.
        Where a start is unknown, the order of the sessions takes the place of time.
    """
    if np.isnat(train.starts).any():
        moments = np.arange(len(train), dtype=np.float64)
    else:
        moments = train.starts.astype("datetime64[us]").astype(np.float64)
    order = np.argsort(moments, kind="stable")
    moments = moments[order]
    span = moments[-1] - moments[0] if len(moments) else 0.0
    return (moments[-1:] - moments) / (span or 1.0), order


def _distinct(train: Sequences, vocabulary: Vocabulary) -> tuple[Ints, Ints, Ints]:
    """Item, session and place of each session's distinct items; the place is that of its latest event."""
    ids, session = known_events(train, vocabulary)
    place = np.arange(len(ids)) - np.searchsorted(session, session)
    key = session * (len(vocabulary) + 1) + ids
    _, last = np.unique(key[::-1], return_index=True)
    kept = len(key) - 1 - last
    return ids[kept].astype(np.int64) - 1, session[kept], place[kept]


def _query(inputs: Ids) -> Query:
    """The distinct items of padded sessions."""
    length = (inputs > 0).sum(axis=1)
    row, column = np.nonzero(inputs)
    item, step = inputs[row, column].astype(np.int64) - 1, length[row] - column
    by_step = np.lexsort((step, row))
    row, item, step = row[by_step], item[by_step], step[by_step]
    _, first = np.unique(row * (int(inputs.max(initial=0)) + 1) + item, return_index=True)
    first.sort()
    row, item, step = row[first], item[first], step[first]
    return Query(row=row, item=item, step=step, length=length, size=np.bincount(row, minlength=len(inputs)))


def _expand(counts: Ints) -> tuple[Ints, Ints]:
    """For stretches of the given lengths laid one after the other: which one, and the place in it."""
    which = np.repeat(np.arange(len(counts)), counts)
    return which, np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)


def _rank(groups: Ints, last: bool = False) -> Ints:
    """Place, from 0, of each element in its group; from the group's end where `last`. Groups lie together."""
    if last:
        return _rank(groups[::-1])[::-1]
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    return np.arange(len(groups)) - np.repeat(starts, np.diff(np.append(starts, len(groups))))


def _blocks(costs: Ints) -> Iterator[slice]:
    """Stretches of elements that cost about `BLOCK` together, one element at least."""
    edges = np.flatnonzero(np.diff(np.cumsum(costs) // BLOCK, prepend=0))
    for start, stop in zip([0, *edges], [*edges, len(costs)], strict=True):
        if start < stop:
            yield slice(int(start), int(stop))
