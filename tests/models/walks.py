"""Sessions with a structure to be found, and a recommender small enough to find it soon."""

import numpy as np

from models.config import RecommenderConfig
from models.sessions.sequences import Sequences, from_lists

SMALL = RecommenderConfig(dimension=32, epochs=12, batch_size=64, max_length=10)


def walks(sessions: int, seed: int, items: int = 60) -> Sequences:
    """Sessions that step from an item to the next one on a ring, and now and then back to their first item."""
    rng = np.random.default_rng(seed)
    lists = []
    for _ in range(sessions):
        walk = [int(rng.integers(items))]
        for _ in range(rng.integers(1, 7)):
            walk.append(walk[0] if rng.random() < 0.3 else (walk[-1] + 1) % items)
        lists.append([f"i{item}" for item in walk])
    return from_lists(lists)
