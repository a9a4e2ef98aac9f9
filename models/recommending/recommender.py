"""The trained recommender: sessions in, the items most likely to come next out."""

import json
from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from data.errors import InputError
from models.artifacts import load_model, save_model
from models.config import RecommenderConfig
from models.recommending.catalogue import CATALOGUE, NOT_KNOWN, Catalogue, Only, read_catalogue
from models.recommending.filters import Asked, keys
from models.recommending.recommendation import Recommendation
from models.recommending.retrieval import TopItems
from models.recommending.serving import query_model
from models.sessions.encoded import Gaps, Kinds, Seen, bare
from models.sessions.sequences import Ids
from models.sessions.session_inputs import check_told, session_inputs
from models.sessions.vocabulary import Vocabulary

MODEL, ABOUT = "recommender.keras", "recommender.json"
FILES = (MODEL, ABOUT, CATALOGUE)
"""What a saved recommender consists of; it need not have a catalogue."""

BATCH = 1024
"""Sessions ranked at once."""

CELLS = 2**25
"""Scores held at once; fewer sessions are ranked at once where the catalogue is large."""

DEEPER = 8
"""How many times more of the index is searched where filters left too little."""


class Recommender:
    """A serving model with its vocabulary and top-k index."""

    def __init__(
        self,
        model: keras.Model,
        vocabulary: Vocabulary,
        config: RecommenderConfig,
        catalogue: Catalogue | None = None,
    ) -> None:
        """Wrap a serving model (`recommender_network.serving_model`), with what is known of the items if anything."""
        self.model, self.vocabulary, self.config, self.catalogue = model, vocabulary, config, catalogue
        network, query = query_model(model)
        self._takes = {asked.name: asked.dtype for asked in query.inputs}
        # One graph for every number of sessions: predict_on_batch stops to trace when the number first changes.
        self._query = tf.function(
            lambda *parts: query(list(parts)),
            input_signature=[tf.TensorSpec((None, config.max_length), kind) for kind in self._takes.values()],
        )
        self.table = network.table()
        self._index = TopItems(self.table, config.index)
        self._ids = {item: position + 1 for position, item in enumerate(vocabulary.items)}
        self._names = np.array(["", *vocabulary.items], dtype=object)
        self._popularity = (vocabulary.counts / vocabulary.counts.sum()).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write `recommender.keras`, `recommender.json` and any catalogue into an existing folder."""
        save_model(self.model, folder / MODEL)
        about = {
            "config": self.config.model_dump(mode="json"),
            "counts": self.vocabulary.counts.tolist(),
            "dimension": self.config.dimension,
            "items": len(self.vocabulary),
        }
        (folder / ABOUT).write_text(json.dumps(about, sort_keys=True) + "\n")
        if self.catalogue is not None:
            self.catalogue.write(folder / CATALOGUE)

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
        catalogue = read_catalogue(folder / CATALOGUE) if (folder / CATALOGUE).exists() else None
        return cls(model, Vocabulary(items=items, counts=counts), config, catalogue)

    def recommend(
        self,
        sessions: Sequence[Sequence[str]],
        k: int | None = None,
        exclude_seen: bool = False,
        exclude: Collection[str] = (),
        bought: Sequence[Collection[str]] | None = None,
        only: Only = Only(),  # noqa: B008 - frozen
        events: Sequence[Sequence[str] | None] | None = None,
        gaps: Sequence[Sequence[float] | None] | None = None,
    ) -> list[Recommendation]:
        """The best items for each session.

        Filters never cost a place: the index is searched deeper until `k` items pass them or the catalogue ends.

        Args:
            sessions: item ids of each session, oldest first, of any length: the latest `max_length` that the
                model knows count, those it does not know are skipped and counted.
            k: items wanted; `top_k` of the config where not given. Fewer come back where the catalogue has no more.
            exclude_seen: leave out what the session has already.
            exclude: items never to show (out of stock); unknown ones have no effect.
            bought: what each session's visitor has bought before and is not to be shown again.
            only: categories and prices to keep to.
            events: kind of each event of each session (view, cart, uncart, purchase or favourite); None for a session
                of which the items alone are known. A model that was not told of kinds ignores them.
            gaps: seconds between each event of each session and the one before, 0 for the first; None and a model that
                was not told of them as for `events`. The gap of a skipped item counts for the next one kept.

        Raises:
            InputError: `k` is below 1, a session is a text instead of a list of item ids, `bought` is not one
                collection for each session, `events` or `gaps` do not go with the sessions, or `only` asks for what the
                catalogue does not tell.
        """
        k = self.config.top_k if k is None else k
        self._check(sessions, k, bought, only)
        check_told(sessions, events, gaps)
        shown = self._shown(exclude, only)
        found: list[Recommendation] = []
        batch = max(1, min(BATCH, CELLS // self._index.width))
        for start in range(0, len(sessions), batch):
            part = slice(start, start + batch)
            known = [self._known(session) for session in sessions[part]]
            hidden: list[Sequence[int]] = [ids if exclude_seen else [] for ids in known]
            if bought is not None:
                hidden = [[*ids, *self._known(items)] for ids, items in zip(hidden, bought[part], strict=True)]
            categories = [self._own_category(session, only) for session in sessions[part]]
            told = (None if events is None else events[part], None if gaps is None else gaps[part])
            seen = session_inputs(sessions[part], *told, self._ids, self.config.max_length)
            lists = self._best(seen, k, shown, hidden, categories)
            for session, ids, category, ranked in zip(sessions[part], known, categories, lists, strict=True):
                source: Literal["model", "popularity"] = "model" if ids else "popularity"
                found.append(Recommendation(ranked, source, len(session) - len(ids), category))
        return found

    def unknown(self, items: Sequence[str]) -> list[str]:
        """Those of the items that the model does not know, each once, in their order."""
        return [item for item in dict.fromkeys(items) if item not in self._ids]

    def scores(self, inputs: Ids, kinds: Kinds | None = None, gaps: Gaps | None = None) -> npt.NDArray[np.float32]:
        """(n, V) score of every item for padded sessions (n, max_length) of ids; popularity where one is empty.

        `kinds` and `gaps` are as in `encoded.Seen`, unknown where not given.
        """
        rest = bare(inputs)
        query, own = self.query(
            Seen(inputs, rest.kinds if kinds is None else kinds, rest.gaps if gaps is None else gaps)
        )
        scores: npt.NDArray[np.float32] = query @ self.table.T
        rows, places = np.nonzero(np.isfinite(own))
        scores[rows, inputs[rows, places] - 1] = own[rows, places]
        scores[(inputs == 0).all(axis=1)] = self._popularity
        return scores

    def query(self, seen: Seen) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Vectors (n, D) of padded sessions (n, max_length), and the scores of their items (`session_scores`)."""
        parts = seen._asdict()
        query, own = self._query(*(tf.constant(parts[name], kind) for name, kind in self._takes.items()))
        return query.numpy(), own.numpy()

    def _known(self, items: Collection[str]) -> list[int]:
        return [self._ids[item] for item in items if item in self._ids]

    @cached_property
    def _facts(self) -> Catalogue:
        """The catalogue by id, with nothing at 0."""
        assert self.catalogue is not None
        return self.catalogue.of(["", *self.vocabulary.items])

    def _check(
        self, sessions: Sequence[Sequence[str]], k: int, bought: Sequence[Collection[str]] | None, only: Only
    ) -> None:
        if k < 1:
            raise InputError(f"`k` should be at least 1. Received: {k}")
        if any(isinstance(session, str) for session in sessions):
            raise InputError('Each session should be a list of item ids, as in [["12", "7"]]. Received: a text')
        if bought is not None and len(bought) != len(sessions):
            raise InputError(
                f"`bought` should have one collection for each of {len(sessions)} sessions. Received: {len(bought)}"
            )
        if only.needs_facts:
            if self.catalogue is None:
                raise InputError("This recommender came without a catalogue, so it knows no categories and no prices.")
            self.catalogue.check(only)

    def _shown(self, exclude: Collection[str], only: Only) -> npt.NDArray[np.bool_]:
        """(V + 1,) whether each id may be shown in any session; 0 may not."""
        shown = self._facts.allowed(only) if only.needs_facts else np.ones(len(self._names), dtype=np.bool_)
        shown[[0, *self._known(exclude)]] = False
        return shown

    def _own_category(self, session: Sequence[str], only: Only) -> str | None:
        return self.catalogue.category_of(session) if only.same_category and self.catalogue else None

    def _best(
        self,
        seen: Seen,
        k: int,
        shown: npt.NDArray[np.bool_],
        hidden: list[Sequence[int]],
        categories: list[str | None],
    ) -> list[tuple[tuple[str, float], ...]]:
        """The best `k` items of each session that are `shown`, not `hidden` from it and of its category if given."""
        asked = Asked(seen.ids, keys(hidden, len(shown)), shown, *self._codes(categories))
        query, own = self.query(seen)
        lists: list[tuple[tuple[str, float], ...]] = [()] * len(seen.ids)
        rows, depth = np.arange(len(seen.ids)), k + self.config.max_length
        while len(rows):
            depth = min(depth, len(self.vocabulary))
            unfilled = []
            for some in np.array_split(rows, -(-len(rows) * depth // CELLS)):
                others, ids = self._top(query[some], asked.inputs[some], depth)
                ids, scores, passed = asked.ranked(some, ids, others, own[some], k)
                filled = (passed >= k) | (depth == len(self.vocabulary))
                for row, pairs in zip(some[filled], self._named(ids[filled], scores[filled]), strict=True):
                    lists[row] = pairs
                unfilled.append(some[~filled])
            rows, depth = np.concatenate(unfilled), depth * DEEPER
        return lists

    def _codes(self, categories: list[str | None]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """(V + 1,) category code of each id, and the (n,) codes that sessions are kept to, `NOT_KNOWN` for any."""
        wanted = np.full(len(categories), NOT_KNOWN, dtype=np.int32)
        if not any(categories):
            return np.full(len(self._names), NOT_KNOWN, dtype=np.int32), wanted
        for row, name in enumerate(categories):
            if name is not None:
                wanted[row] = self._facts.names.index(name)
        return self._facts.codes, wanted

    def _top(
        self, query: npt.NDArray[np.float32], inputs: Ids, depth: int
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
        """Scores and ids (n, depth) by dot product, best first; by popularity where a session is empty."""
        scores, positions = self._index(query, depth)
        empty = inputs[:, 0] == 0
        scores[empty], positions[empty] = self._popularity[:depth], np.arange(depth)
        return scores, positions + 1

    def _named(
        self, ids: npt.NDArray[np.int32], scores: npt.NDArray[np.float32]
    ) -> list[tuple[tuple[str, float], ...]]:
        counts = (scores > -np.inf).sum(axis=1).tolist()
        rows = zip(self._names[ids].tolist(), scores.tolist(), counts, strict=True)
        return [tuple(zip(items[:count], values[:count], strict=True)) for items, values, count in rows]
