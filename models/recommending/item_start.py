"""Where items start before training: near the items they share sessions with."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from scipy import sparse

from models.sessions.encoded import session_blocks
from models.sessions.sequences import Sequences
from models.sessions.spool import release
from models.sessions.vocabulary import Vocabulary

Rows = npt.NDArray[np.float32]

BLOCK = 2**20
"""Events whose products are made together: each block costs as much as the (V, D) vectors take."""

SPARE, ITERATIONS = 10, 4
"""Vectors beside the wanted ones, and passes over the sessions, that make the decomposition accurate."""


def co_occurrence_vectors(
    sequences: Sequences, vocabulary: Vocabulary, dimension: int, seed: int
) -> npt.NDArray[np.float32]:
    """Item vectors whose dot products approximate the cosine of the items' sets of sessions.

    The leading right singular vectors of the session-item matrix with columns of length 1, each times its singular
    value: its Gram matrix holds the cosines, and products with that need neither matrix whole. Most items of a shop
    have a few events only; from there training has to learn what is different about an item, and not all of it.

    Args:
        sequences: the training sessions.
        vocabulary: the V items.
        dimension: D, the width of the vectors.
        seed: seed of the randomized decomposition and of what fills it up.

    Returns:
        (V, D) vectors. What the decomposition does not determine (a catalogue smaller than D, an item alone in its
        sessions) is small random numbers.
    """
    rng = np.random.default_rng(seed)
    vectors = rng.normal(0.0, 0.01, (len(vocabulary), dimension)).astype(np.float32)
    rank = min(dimension, min(len(sequences), len(vocabulary)) - 1)
    if rank > 0:
        scale = column_scale(sequences, vocabulary)

        def cosines(block: Rows) -> Rows:
            """(V, V) cosines of the items' sets of sessions, times a (V, k) block."""
            scaled, product = block * scale, np.zeros_like(block)
            for held in incidence_blocks(sequences, vocabulary):
                product += held.T @ (held @ scaled)
            return product * scale

        values, directions = _leading(cosines, len(vocabulary), rank, rng)
        vectors[:, :rank] += directions * values
    return vectors


def incidence_blocks(sequences: Sequences, vocabulary: Vocabulary) -> Iterator[sparse.csr_matrix]:
    """(s, V) whether a session has an item, for one block of sessions after the other."""
    table = vocabulary.table(sequences)
    for some in session_blocks(sequences, BLOCK):
        offsets = sequences.offsets[some.start : some.stop + 1]
        ids = table[sequences.codes[offsets[0] : offsets[-1]]]
        session = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        known = ids > 0
        shape = (len(offsets) - 1, len(vocabulary))
        held = sparse.csr_matrix((np.ones(known.sum(), np.float32), (session[known], ids[known] - 1)), shape=shape)
        held.data[:] = 1.0
        yield held
        release(sequences.codes)


def column_scale(sequences: Sequences, vocabulary: Vocabulary) -> Rows:
    """(V, 1) what a column of the session-item matrix is multiplied with to be of length 1."""
    sessions_with = np.zeros(len(vocabulary))
    for held in incidence_blocks(sequences, vocabulary):
        sessions_with += np.asarray(held.sum(axis=0)).ravel()
    return (1.0 / np.sqrt(np.maximum(sessions_with, 1.0))).astype(np.float32)[:, None]


def _leading(matrix: Callable[[Rows], Rows], size: int, rank: int, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Square roots (rank,) of the largest eigenvalues of a matrix that is known by its products, and the eigenvectors.

    Randomized subspace iteration (Halko et al. 2011, arXiv:0909.4061, algorithms 4.4 and 5.3).

    Returns:
        The roots, and (size, rank) vectors of length 1.
    """
    block = np.linalg.qr(rng.standard_normal((size, min(rank + SPARE, size)), dtype=np.float32))[0]
    for _ in range(ITERATIONS):
        block = np.linalg.qr(matrix(block))[0]
    values, turned = np.linalg.eigh(block.T @ matrix(block))
    best = np.argsort(-values)[:rank]
    return np.sqrt(np.maximum(values[best], 0.0)).astype(np.float32), block @ turned[:, best]
