"""Carts left where "a" was looked at before "b", which their features do not tell, and networks trained on them."""

from functools import cache

import numpy as np

from data.examples import Examples
from models.config import AbandonmentConfig, MultiTaskConfig, OptimizerConfig, RecommenderConfig
from models.multi_task.inputs import Side
from models.multi_task.training import (
    Material,
    TrainedMultiTask,
    train_multi_task,
)
from models.sessions.sequences import from_lists
from models.training import train_abandonment
from tests.models.tables import carts, numbers_only

ADAM = OptimizerConfig(name="adam", learning_rate=0.01)
RECOMMENDER = RecommenderConfig(dimension=16, max_length=6, batch_size=128)
CONFIG = MultiTaskConfig(
    enabled=True, units=16, dropout=0.1, input_dropout=0.0, optimizer=ADAM, batch_size=64, epochs=10
)
EVENTS = ["view", "view", "view", "cart"]


def side(n: int, seed: int) -> Side:
    """Sessions that view "a" and "b", which come in either order, and one other item: left where "a" came first."""
    rng = np.random.default_rng(seed)
    first = rng.random(n) < 0.5
    lists = []
    for a_first in first:
        seen = ["a", "b"] if a_first else ["b", "a"]
        seen.insert(int(rng.integers(3)), f"o{rng.integers(6)}")
        lists.append([*seen, "c"])
    noise = numbers_only(carts(n, seed))
    keys = noise.keys.assign(session_id=[f"s{seed}-{row}" for row in range(n)])
    examples = Examples(keys, noise.features, first.astype(np.int8), noise.specs)
    return Side(examples, from_lists(lists, [EVENTS] * n, list(keys["session_id"])))


@cache
def material() -> Material:
    train, validation = side(900, 1), side(300, 2)
    config = AbandonmentConfig(units=(8,), epochs=3)
    tabular = train_abandonment(train.examples, validation.examples, config, 0).model
    return Material(train, validation, train.sequences, tabular)


@cache
def trained() -> TrainedMultiTask:
    return train_multi_task(material(), CONFIG, RECOMMENDER, 0)
