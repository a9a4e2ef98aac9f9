"""The trained recommender: sessions in, the items most likely to come next out."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, overload

import keras
import numpy as np
import numpy.typing as npt

from data.errors import InputError
from models.artifacts import load_model, save_model
from models.config import RecommenderConfig
from models.recommender_cases import pad
from models.recommender_serving import query_model
from models.retrieval import TopItems
from models.sequences import Ids, Vocabulary

MODEL, ABOUT = "recommender.keras", "recommender.json"
BATCH = 1024


@dataclass(frozen=True)
class Recommendation(Sequence[tuple[str, float]]):
    """Items for one session with their scores, best first."""

    ranked: tuple[tuple[str, float], ...]
    """Item ids and scores: the model's (any real number), or shares of the training events (`popularity`)."""

    source: Literal["model", "popularity"]
    """Who chose: the model, or plain popularity where the session has no item that the model knows."""

    skipped: int
    """Items of the session that the model does not know and passed over."""

    def __len__(self) -> int:
        return len(self.ranked)

    @overload
    def __getitem__(self, place: int) -> tuple[str, float]: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[tuple[str, float], ...]: ...
    def __getitem__(self, place: int | slice) -> tuple[str, float] | tuple[tuple[str, float], ...]:
        return self.ranked[place]


class Recommender:
    """A serving model with its vocabulary and top-k index."""

    def __init__(self, model: keras.Model, vocabulary: Vocabulary, config: RecommenderConfig) -> None:
        """Wrap a serving model (`recommender_network.serving_model`)."""
        self.model, self.vocabulary, self.config = model, vocabulary, config
        network, self._query = query_model(model)
        self._table = network.table()
        self._index = TopItems(self._table)
        self._ids = {item: position + 1 for position, item in enumerate(vocabulary.items)}
        self._popularity = vocabulary.counts / vocabulary.counts.sum()

    def save(self, folder: Path) -> None:
        """Write `recommender.keras` and `recommender.json` into an existing folder."""
        save_model(self.model, folder / MODEL)
        about = {
            "config": self.config.model_dump(mode="json"),
            "counts": self.vocabulary.counts.tolist(),
            "dimension": self.config.dimension,
            "items": len(self.vocabulary),
        }
        (folder / ABOUT).write_text(json.dumps(about, sort_keys=True) + "\n")

    @classmethod
    def load(cls, folder: Path) -> "Recommender":
        """Read what `save` wrote.

        Raises:
            InputError: a file is missing or broken, or the two do not belong together.
        """
        model = load_model(folder / MODEL)
        try:
            about: dict[str, Any] = json.loads((folder / ABOUT).read_text())
            config = RecommenderConfig.model_validate(about["config"])
            counts = np.array(about["counts"], dtype=np.int64)
        except (OSError, ValueError, KeyError) as error:
            raise InputError(
                f"{folder / ABOUT} should describe the recommender beside it. Received: {error!r}"
            ) from error
        items = tuple(model.get_layer("lookup").get_vocabulary()[1:])
        if len(items) != len(counts):
            raise InputError(f"{folder / MODEL} has {len(items)} items and {ABOUT} {len(counts)}: not of one training.")
        return cls(model, Vocabulary(items=items, counts=counts), config)

    def recommend(
        self,
        sessions: Sequence[Sequence[str]],
        k: int | None = None,
        exclude_seen: bool = False,
        exclude: Collection[str] = (),
    ) -> list[Recommendation]:
        """The best items for each session.

        Args:
            sessions: item ids of each session, oldest first, of any length: the latest `max_length` that the
                model knows count, those it does not know are skipped and counted.
            k: items wanted; `top_k` of the config where not given. Fewer come back where the catalogue has no more.
            exclude_seen: leave out what the session has already.
            exclude: items never to show (out of stock, bought); unknown ones have no effect.

        Raises:
            InputError: `k` is below 1, or a session is a text instead of a list of item ids.
        """
        k = self.config.top_k if k is None else k
        if k < 1:
            raise InputError(f"`k` should be at least 1. Received: {k}")
        if any(isinstance(session, str) for session in sessions):
            raise InputError('Each session should be a list of item ids, as in [["12", "7"]]. Received: a text')
        known = [[self._ids[item] for item in session if item in self._ids] for session in sessions]
        banned = np.array(sorted(self._ids[item] for item in set(exclude) if item in self._ids), dtype=np.int32)
        found: list[Recommendation] = []
        for start in range(0, len(sessions), BATCH):
            part = known[start : start + BATCH]
            lists = self._best(part, k, part if exclude_seen else [[]] * len(part), banned)
            for session, ids, ranked in zip(sessions[start : start + BATCH], part, lists, strict=True):
                source: Literal["model", "popularity"] = "model" if ids else "popularity"
                found.append(Recommendation(ranked=ranked, source=source, skipped=len(session) - len(ids)))
        return found

    def scores(self, inputs: Ids) -> npt.NDArray[np.float32]:
        """(n, V) score of every item for padded sessions (n, max_length) of ids; popularity where one is empty."""
        query, own = self._query.predict_on_batch(inputs)
        scores: npt.NDArray[np.float32] = query @ self._table.T
        rows, places = np.nonzero(np.isfinite(own))
        scores[rows, inputs[rows, places] - 1] = own[rows, places]
        scores[(inputs == 0).all(axis=1)] = self._popularity
        return scores

    def _best(
        self, sessions: list[list[int]], k: int, seen: list[list[int]], banned: Ids
    ) -> Iterator[tuple[tuple[str, float], ...]]:
        """The best `k` items of each session that are neither `seen` in it nor `banned`."""
        inputs = pad(sessions, self.config.max_length)
        query, own = self._query.predict_on_batch(inputs)
        # What a session has, or must not be shown, can fill the top of the index, and no more than that.
        hidden = self.config.max_length + len(banned) + max(len(set(items)) for items in seen)
        others, places = self._index(query, k + hidden)
        others_ids = places + 1
        others[np.isin(others_ids, banned)] = -np.inf
        own[np.isin(inputs, banned)] = -np.inf
        for row, session in enumerate(sessions):
            if not session:
                yield self._popular(k, banned)
                continue
            mine = np.isin(others_ids[row], inputs[row])
            scores = np.concatenate([np.where(mine, -np.inf, others[row]), own[row]])
            ids = np.concatenate([others_ids[row], inputs[row]])
            scores[np.isin(ids, seen[row])] = -np.inf
            order = np.lexsort((ids, -scores))[:k]
            yield self._named(ids[order], scores[order])

    def _popular(self, k: int, banned: Ids) -> tuple[tuple[str, float], ...]:
        ids = np.arange(1, min(k + len(banned), len(self.vocabulary)) + 1)
        ids = ids[~np.isin(ids, banned)][:k]
        return self._named(ids, self._popularity[ids - 1])

    def _named(self, ids: npt.NDArray[np.integer], scores: npt.NDArray[np.floating]) -> tuple[tuple[str, float], ...]:
        items = self.vocabulary.items
        pairs = zip(ids.tolist(), scores.tolist(), strict=True)
        return tuple((items[position - 1], score) for position, score in pairs if score > -np.inf)
