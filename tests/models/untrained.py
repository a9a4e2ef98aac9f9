"""A recommender as a run leaves it, without the training."""

from pathlib import Path

import numpy as np

from models.config import RecommenderConfig
from models.recommending.catalogue import Catalogue
from models.recommending.network import build_network
from models.recommending.recommender import Recommender
from models.recommending.serving import serving_model
from models.sessions.vocabulary import Vocabulary


def save_untrained(
    folder: Path, items: tuple[str, ...], config: RecommenderConfig, catalogue: Catalogue | None = None, seed: int = 0
) -> None:
    """Write a recommender of the given items, the first the most popular, into a new folder."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = Vocabulary(items=items, counts=np.arange(len(items) + 10, 10, -1))
    network = build_network(vocabulary, config, seed)
    for layer in network.encoder.layers:
        if layer.name in ("kind", "gap"):  # their vectors start at zero, as if nobody had told
            values = np.random.default_rng(seed).normal(size=layer.embeddings.shape)
            layer.embeddings.assign(values.astype("float32"))
    model = serving_model(network, vocabulary, config)
    Recommender(model, vocabulary, config, catalogue).save(folder)
