"""Choices that depend on the visitor's intent through known likelihood ratios."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from data.demo.catalogue import Bools, Floats, Ints

GO_ON, MOST_GO_ON = 0.78, 0.95
"""Chance of another step where options do not tell the intents apart, and the most it can be."""


@dataclass(frozen=True)
class Options:
    """S things that may come next in A sessions, and how likely each is for either intent.

    Option s has weight chance × exp(± move / 2), + for those who will abandon, where `move` is the change of the
    log-odds of abandonment that it stands for. Drawn by these weights, normalized, it adds `move` − log `ratio` to
    the log-odds given what is visible; that the visitor goes on at all adds log `ratio` (`chance_to_go_on`). The
    sum is `move`: the log-odds depend on where a session stands, not on the way there.
    """

    weights: Floats
    """(2, A, S) of those who will buy, and of those who will abandon."""

    @classmethod
    def of(cls, chances: Floats, moves: Floats, possible: Bools) -> Self:
        """Options of chances (S,), with moves and possibility (A, S)."""
        half = np.exp(np.where(possible, moves, 0.0) / 2.0)
        return cls(np.stack([chances * possible / half, chances * possible * half]))

    @property
    def ratio(self) -> Floats:
        """(A,) sum of the weights of those who will abandon over that of those who will buy."""
        buying, leaving = self.weights.sum(axis=2)
        ratio: Floats = leaving / buying
        return ratio

    def draw(self, rng: np.random.Generator, abandons: Bools) -> Ints:
        """(A,) one option for each session, given the intents (A,)."""
        weights = self.weights[abandons.astype(np.int64), np.arange(len(abandons))].cumsum(axis=1)
        option: Ints = (rng.random((len(abandons), 1)) * weights[:, -1:] >= weights).sum(axis=1)
        return option


def chance_to_go_on(ratio: Floats, abandons: Bools) -> Floats:
    """(A,) chance of another step, `ratio` times as high for those who will abandon as for those who will buy.

    Around `GO_ON`, and at most `MOST_GO_ON` for either.
    """
    leaving = np.minimum(GO_ON * np.sqrt(ratio), MOST_GO_ON * np.minimum(ratio, 1.0))
    return np.where(abandons, leaving, leaving / ratio)
