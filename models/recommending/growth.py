"""A recommender grown from an earlier one: known items keep their vectors, new ones start among what they go with."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from data.errors import InputError
from models.config import RecommenderConfig
from models.recommending.item_start import column_scale, incidence_blocks
from models.sessions.sequences import Sequences
from models.sessions.vocabulary import Vocabulary, build_vocabulary

Rows = npt.NDArray[np.float32]

FORM = ("encoder", "dimension", "heads", "max_length", "batch_normalization", "use_events", "use_gaps")
"""Settings that give the weights their shapes, in which a recommender has to be like the one it starts from."""

NOISE = 0.01
"""Spread of the noise on a new item's unit vector, which tells items with the same start apart."""

SHORT = 1e-6
"""Length below which a mean of vectors has no direction."""


@dataclass(frozen=True)
class Growth:
    """How many items a recommender took over from the one it started from, and where its new ones started."""

    kept: int
    """Items of the earlier one, with the vectors that they had there."""

    unseen: int
    """Those of the kept ones that no training session has."""

    from_sessions: int
    """New items that started among the items they share sessions with."""

    from_category: int
    """New items without such, that started among the items of their category."""

    from_all: int
    """New items without either, that started in the middle of all items."""

    at_random: int
    """New items that started anywhere, as `item_start` asked."""

    dropped: int
    """Items of the earlier one that no training session has any more."""

    def told(self) -> str:
        """In a sentence."""
        sources = {
            "from the items they share sessions with": self.from_sessions,
            "from their category": self.from_category,
            "from the mean of all items": self.from_all,
            "at random": self.at_random,
        }
        parts = ", ".join(f"{count:,} {where}" for where, count in sources.items() if count)
        return (
            f"Training started from an earlier recommender: {self.kept:,} items kept"
            f"{f' ({self.unseen:,} in no training session)' if self.unseen else ''}, {sum(sources.values()):,} added"
            f"{f' ({parts})' if parts else ''}, {self.dropped:,} dropped that no training session has any more."
        )

    def about(self) -> dict[str, Any]:
        """The counts and the sentence (`note`), ready for JSON."""
        return asdict(self) | {"note": self.told()}


def check_form(config: RecommenderConfig, champion: RecommenderConfig) -> None:
    """Refuse to start from a recommender whose weights have other shapes.

    Raises:
        InputError: the settings that differ, each with both values.
    """
    counting = [name for name in FORM if name != "heads" or config.encoder == "attention"]
    other = [name for name in counting if getattr(config, name) != getattr(champion, name)]
    if not other:
        return
    told = "; ".join(
        f"`recommender.{name}` is {getattr(config, name)} here and {getattr(champion, name)} there" for name in other
    )
    raise InputError(
        f"`recommender.warm_start` should be a recommender of the form that is configured. Received another: {told}. "
        "Set the same as there, or train from zero, without `recommender.warm_start`."
    )


def grown_vocabulary(
    sequences: Sequences, min_item_count: int, items: Sequence[str], keep_unseen: bool = False
) -> Vocabulary:
    """The vocabulary of a recommender that starts from one with the given items.

    What the earlier one knows stays while any session has it, since its vector was learned from more than these
    sessions; a new item needs `min_item_count` events as always. What no session has any more is gone, or stays and
    counts as one event with `keep_unseen`.
    """
    every, known = build_vocabulary(sequences), set(items)
    counts = dict(zip(every.items, every.counts.tolist(), strict=True))
    kept = {item: count for item, count in counts.items() if count >= min_item_count or item in known}
    if keep_unseen:
        kept |= dict.fromkeys((item for item in items if item not in counts), 1)
    ordered = sorted(kept.items(), key=lambda pair: (-pair[1], pair[0]))
    return Vocabulary(
        items=tuple(item for item, _ in ordered), counts=np.array([count for _, count in ordered], dtype=np.int64)
    )


def grown_rows(
    items: Sequence[str],
    table: Rows,
    vocabulary: Vocabulary,
    sequences: Sequences,
    categories: Mapping[str, str],
    seed: int,
    random: bool = False,
) -> tuple[Rows, Growth]:
    """First vectors of a vocabulary's items from those of an earlier recommender.

    A new item starts at the mean of the known items that it shares sessions with, weighted by the cosine of their sets
    of sessions; without any, at the mean of its category's known items; else at the mean of all. The co-occurrence
    start of a training from nothing will not do for new items, because its axes are not those of the earlier
    recommender.

    Args:
        items: U items of the earlier recommender.
        table: (U, D) their vectors, of length 1.
        vocabulary: the V items wanted.
        sequences: the training sessions.
        categories: category of the items, where known.
        seed: seed of the noise that tells new items with the same start apart.
        random: start new items anywhere instead.

    Returns:
        (V, D) vectors, whose directions alone count, and what became of the items.

    Raises:
        InputError: no item of the vocabulary is known.
    """
    place = {item: position for position, item in enumerate(items)}
    old = np.array([place.get(item, -1) for item in vocabulary.items], dtype=np.int64)
    known = old >= 0
    if not known.any():
        raise InputError(
            f"`recommender.warm_start` should be a recommender of the same shop. Received one that knows none of the "
            f"{len(vocabulary):,} items of the training sessions."
        )
    rows = np.zeros((len(vocabulary), table.shape[1]))
    rows[known] = table[old[known]]
    new, rng = np.flatnonzero(~known), np.random.default_rng(seed)
    if random:
        starts, which = rng.normal(size=(len(new), table.shape[1])), np.full(len(new), 3)
    else:
        starts, which = _starts(rows, known, vocabulary, sequences, categories)
        starts += rng.normal(0.0, NOISE, starts.shape)
    rows[new] = starts
    counts, kept = np.bincount(which, minlength=4).tolist(), len(rows) - len(new)
    growth = Growth(
        kept=kept,
        unseen=len(rows) - len(np.setdiff1d(vocabulary.encode(sequences), 0)),
        from_sessions=counts[0],
        from_category=counts[1],
        from_all=counts[2],
        at_random=counts[3],
        dropped=len(items) - kept,
    )
    return rows.astype(np.float32), growth


def _starts(
    rows: npt.NDArray[np.float64],
    known: npt.NDArray[np.bool_],
    vocabulary: Vocabulary,
    sequences: Sequences,
    categories: Mapping[str, str],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """(N, D) unit vectors of the N new items, and by which means (N,): 0 sessions, 1 category, 2 all items."""
    scaled = (rows * column_scale(sequences, vocabulary))[known]
    sessions = np.zeros((int((~known).sum()), rows.shape[1]))
    for block in incidence_blocks(sequences, vocabulary):
        held = block.tocsc()
        sessions += held[:, ~known].T @ (held[:, known] @ scaled)
    codes = {name: code for code, name in enumerate(sorted(set(categories.values())))}
    category = np.array([codes.get(categories.get(item, ""), len(codes)) for item in vocabulary.items])
    sums = np.zeros((len(codes) + 1, rows.shape[1]))
    np.add.at(sums, category[known], rows[known])
    sums[-1] = 0.0  # no category says nothing
    means = np.stack([sessions, sums[category[~known]], np.broadcast_to(rows[known].mean(axis=0), sessions.shape)])
    lengths = np.linalg.norm(means, axis=2)
    lengths[2] = np.maximum(lengths[2], SHORT)
    which = (lengths >= SHORT).argmax(axis=0)  # the first that says something
    place = (which, np.arange(len(which)))
    return means[place] / lengths[place][:, None], which
