"""A recommender of sixty items that nobody trained, their catalogue, and sessions to ask it about."""

from typing import Any

import numpy as np

from models.config import RecommenderConfig
from models.recommending.catalogue import Catalogue, make_catalogue
from models.recommending.network import build_network
from models.recommending.recommender import Recommender
from models.recommending.serving import serving_model
from models.sessions.vocabulary import Vocabulary
from tests.models.padding import pad

ITEMS = tuple(f"item {place}" for place in range(60))
CATEGORIES = [None if place % 10 == 7 else "abc"[place % 3] for place in range(60)]
PRICES = np.array([np.nan if place % 8 == 5 else place / 2 for place in range(60)])
SHOP = make_catalogue(
    [*ITEMS, "sold once"], [*CATEGORIES, "rare"], np.append(PRICES, 1e6)
)  # the vocabulary leaves the last one out

SESSIONS = [
    ["item 3"],
    ["item 4", "item 4", "item 9", "item 4"],
    ["item 5", "never seen", "item 50", "", "item 5"],
    [f"item {place % 7}" for place in range(23)],
]
EVENTS = [
    ["cart"],
    ["view", "view", "cart", "purchase"],
    ["view"] * 5,
    ["view", "uncart", "favourite"] * 7 + ["view"] * 2,
]
GAPS = [[5.0], [0.0, 2.0, 700.0, 31.0], [0.0, 4.0, 9.0, 70.0, 200.0], [float(3 * place) for place in range(23)]]


def untrained(items: tuple[str, ...] = ITEMS, catalogue: Catalogue | None = None, **changes: Any) -> Recommender:
    config = RecommenderConfig.model_validate({"dimension": 8, "max_length": 5, "use_gaps": True, **changes})
    vocabulary = Vocabulary(items=items, counts=np.arange(len(items) + 3, 3, -1))
    network = build_network(vocabulary, config, seed=1)
    rng = np.random.default_rng(0)
    told = [weight for weight in network.encoder.trainable_weights if weight.path.split("/")[0] in ("kind", "gap")]
    for weight in [*network.head.trainable_weights, network.items.embeddings, *told]:
        weight.assign(rng.normal(size=weight.shape).astype("float32"))
    return Recommender(serving_model(network, vocabulary, config), vocabulary, config, catalogue)


def exact(recommender: Recommender, session: list[str], k: int) -> list[str]:
    known = [ITEMS.index(item) + 1 for item in session if item in ITEMS]
    scores = recommender.scores(pad([known], recommender.config.max_length))[0]
    return [ITEMS[place] for place in np.argsort(-scores, kind="stable")[:k]]
