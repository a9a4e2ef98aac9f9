"""Where items start before training: near the items they share sessions with."""

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from models.sequences import Sequences, Vocabulary


def co_occurrence_vectors(
    sequences: Sequences, vocabulary: Vocabulary, dimension: int, seed: int
) -> npt.NDArray[np.float32]:
    """Item vectors whose dot products approximate the cosine of the items' sets of sessions.

    The leading right singular vectors of the session-item matrix with columns of length 1, each times its singular
    value: its Gram matrix holds the cosines, so no item-item matrix has to be made. Most items of a shop have a few
    events only; from there training has to learn what is different about an item, and not all of it.

    Args:
        sequences: the training sessions.
        vocabulary: the V items.
        dimension: D, the width of the vectors.
        seed: seed of the randomized decomposition (Halko et al. 2011, arXiv:0909.4061) and of what fills it up.

    Returns:
        (V, D) vectors. What the decomposition does not determine (a catalogue smaller than D, an item alone in its
        sessions) is small random numbers.
    """
    rng = np.random.default_rng(seed)
    vectors = rng.normal(0.0, 0.01, (len(vocabulary), dimension))
    held = incidence(sequences, vocabulary)
    rank = min(dimension, min(held.shape) - 1)
    if rank > 0:
        _, values, directions = randomized_svd(held, rank, n_iter=4, random_state=seed)
        vectors[:, :rank] += (directions * values[:, None]).T
    return vectors.astype(np.float32)


def incidence(sequences: Sequences, vocabulary: Vocabulary) -> sparse.csr_matrix:
    """(S, V) whether a session has an item, each column divided by its length."""
    ids = vocabulary.encode(sequences)
    session = np.repeat(np.arange(len(sequences)), sequences.lengths())
    known = ids > 0
    pairs = np.unique(np.stack([session[known], ids[known] - 1]), axis=1)
    sessions_with = np.maximum(np.bincount(pairs[1], minlength=len(vocabulary)), 1)
    shape = (len(sequences), len(vocabulary))
    return sparse.csr_matrix((1.0 / np.sqrt(sessions_with[pairs[1]]), (pairs[0], pairs[1])), shape=shape)
