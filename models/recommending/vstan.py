"""VSTAN: neighbours by shared items, position and age."""

import numpy as np

from data.errors import InputError
from models.recommending.session_neighbours import Floats, Ints, SessionNeighbours
from models.sessions.sequences import Sequences
from models.sessions.vocabulary import Vocabulary


class VSTAN(SessionNeighbours):
    """VSTAN: STAN (Garg et al. 2019) with V-SkNN's decay and idf, as in Ludewig et al. 2020.

    "Sequence and time aware neighborhood for session-based recommendations" and "Empirical analysis of session-based
    recommendation algorithms". Similarity is the cosine with position weights exp(-(s - 1) / `position_scale`) at
    step s, times exp(-age / `age_scale`); a neighbour counts exp(-(s - 1) / `decay_scale`), s the step of the latest
    shared item, and its item d places from that one exp(-d / `nearness_scale`). Ages are measured from the latest
    training session: a later moment would change all similarities of a session by the same factor.
    """

    def __init__(
        self,
        train: Sequences,
        vocabulary: Vocabulary,
        k: int = 500,
        sample_size: int = 1_000,
        idf_weight: float = 1.0,
        position_scale: float = 4.0,
        age_scale: float = 2.0,
        decay_scale: float = 4.0,
        nearness_scale: float = 2.0,
    ) -> None:
        """Index the training sessions.

        Args:
            train: as in `SessionNeighbours`.
            vocabulary: as in `SessionNeighbours`.
            k: as in `SessionNeighbours`.
            sample_size: as in `SessionNeighbours`.
            idf_weight: as in `SessionNeighbours`.
            position_scale: events over which a session's items lose weight (λ of w1).
            age_scale: shares of the training period over which its sessions lose weight (λ of w2).
            decay_scale: events over which a neighbour loses weight.
            nearness_scale: places over which a neighbour's items lose weight (λ of w3).

        Raises:
            InputError: a scale is not above 0, or as in `SessionNeighbours`.
        """
        scales = {"position": position_scale, "age": age_scale, "decay": decay_scale, "nearness": nearness_scale}
        for name, value in scales.items():
            if not value > 0:
                raise InputError(f"`{name}_scale` should be above 0. Received: {value}")
        super().__init__(train, vocabulary, k, sample_size, idf_weight)
        self.position_scale, self.decay_scale, self.nearness_scale = position_scale, decay_scale, nearness_scale
        self._weight = np.exp(-self.age / age_scale) / np.sqrt(np.maximum(self.sizes, 1))

    def position(self, step: Ints, length: Ints) -> Floats:  # noqa: ARG002
        """w1 of STAN."""
        weight: Floats = np.exp(-(step - 1) / self.position_scale)
        return weight

    def similarity(self, overlap: Floats, size: Ints, past: Ints) -> Floats:
        """Weighted cosine times w2 of STAN."""
        found: Floats = overlap / np.sqrt(size) * self._weight[past]
        return found

    def decay(self, step: Ints) -> Floats:
        """By the step of the latest shared item."""
        weight: Floats = np.exp(-(step - 1) / self.decay_scale)
        return weight

    def nearness(self, distance: Ints) -> Floats:
        """w3 of STAN."""
        weight: Floats = np.exp(-distance / self.nearness_scale)
        return weight
