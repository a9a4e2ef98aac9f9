"""Parts of the test steps for which the recommender's quality is looked at separately."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.recommending.cases import Prefixes
from models.sessions.vocabulary import Vocabulary

LENGTHS = ((0, 0, "0"), (1, 1, "1"), (2, 2, "2"), (3, 5, "3 to 5"), (6, 10, "6 to 10"), (11, None, "11 or more"))
"""Known items so far: lowest, highest and name of each slice."""

COLD = 5
"""Most training events of a cold item."""

POPULAR = 0.5
"""Share of the training events that the popular items make up together."""

CATEGORIES = 8
"""Categories that get a slice of their own, those with most steps first; the rest are "other"."""


@dataclass(frozen=True)
class PrefixSlice:
    """Some of the test steps, by one thing."""

    title: str
    """What the slices are made by."""

    label: str
    """What the steps have in common."""

    rows: npt.NDArray[np.bool_]
    """(P,) which steps belong."""


def prefix_slices(
    cases: Prefixes, vocabulary: Vocabulary, categories: Mapping[str, str] | None = None
) -> tuple[PrefixSlice, ...]:
    """Slices by items so far, by whether the next item is new to the session, and by its training events or category.

    Args:
        cases: P test steps.
        vocabulary: the items they are ids of.
        categories: category of the items, where it is known.

    Returns:
        Slices that are neither empty nor everything; those of one title do not overlap and cover every step.
    """
    found = [*_by_length(cases), *_by_repeat(cases), *_by_events(cases, vocabulary)]
    found += _by_category(cases, vocabulary, categories) if categories else []
    return tuple(one for one in found if 0 < one.rows.sum() < len(cases))


def _by_length(cases: Prefixes) -> Iterator[PrefixSlice]:
    lengths = (cases.inputs > 0).sum(axis=1)
    for low, high, label in LENGTHS:
        rows = (lengths >= low) & (lengths <= (lengths.max(initial=0) if high is None else high))
        yield PrefixSlice("Items so far", label, rows)


def _by_repeat(cases: Prefixes) -> Iterator[PrefixSlice]:
    yield PrefixSlice("Next item", "already in the session", cases.repeats)
    yield PrefixSlice("Next item", "new to the session", ~cases.repeats)


def _by_events(cases: Prefixes, vocabulary: Vocabulary) -> Iterator[PrefixSlice]:
    counts = np.append(0, vocabulary.counts)[cases.targets]
    # The vocabulary has the items with most events first: its head, until half of the events are theirs.
    head = np.cumsum(vocabulary.counts) - vocabulary.counts < POPULAR * vocabulary.counts.sum()
    known, cold = cases.targets > 0, counts <= COLD
    popular = np.append(False, head)[cases.targets] & ~cold
    title = "Training events of the next item"
    yield PrefixSlice(title, "unknown to the model", ~known)
    yield PrefixSlice(title, f"cold: {COLD} or fewer", known & cold)
    yield PrefixSlice(title, "warm: in between", known & ~cold & ~popular)
    yield PrefixSlice(title, "popular: the top half", popular)


def _by_category(cases: Prefixes, vocabulary: Vocabulary, categories: Mapping[str, str]) -> Iterator[PrefixSlice]:
    names = np.array(["", *(categories.get(item, "") for item in vocabulary.items)], dtype=object)[cases.targets]
    known, counts = np.unique(names[names != ""].astype(str), return_counts=True)
    largest = [str(name) for name in known[np.argsort(-counts, kind="stable")][:CATEGORIES]]
    for name in largest:
        yield PrefixSlice("Category of the next item", name, names == name)
    yield PrefixSlice("Category of the next item", "other", ~np.isin(names.astype(str), ["", *largest]))
    yield PrefixSlice("Category of the next item", "unknown", names == "")
