"""V-SkNN: neighbours by the items that two sessions share."""

import numpy as np

from models.recommending.session_neighbours import Floats, Ints, SessionNeighbours
from models.sessions.sequences import Sequences
from models.sessions.vocabulary import Vocabulary


class VSkNN(SessionNeighbours):
    """V-SkNN of Ludewig & Jannach 2018, "Evaluation of session-based recommendation algorithms".

    Similarity is the mean over the session's distinct items of place / length where the training session has the item
    (place 1 the oldest event), 0 elsewhere; a neighbour whose latest shared item is s steps back counts 1 / s.
    """

    def __init__(
        self,
        train: Sequences,
        vocabulary: Vocabulary,
        k: int = 100,
        sample_size: int = 1_000,
        idf_weight: float = 1.0,
    ) -> None:
        super().__init__(train, vocabulary, k, sample_size, idf_weight)

    def position(self, step: Ints, length: Ints) -> Floats:
        """Linear: 1 for the last event, 1 / length for the first."""
        weight: Floats = (length - step + 1) / length
        return weight

    def similarity(self, overlap: Floats, size: Ints, past: Ints) -> Floats:  # noqa: ARG002
        """Weighted share of the session's items that the training session has."""
        found: Floats = overlap / size
        return found

    def decay(self, step: Ints) -> Floats:
        """1 / s."""
        weight: Floats = 1.0 / step
        return weight

    def nearness(self, distance: Ints) -> Floats:
        """All items of a neighbour count the same."""
        return np.ones(len(distance))
