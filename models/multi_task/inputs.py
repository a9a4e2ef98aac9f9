"""What the multi-task network reads: sessions as item ids and kinds of event, padded to one length."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from data.errors import InputError
from data.examples import Examples, Split, read_examples
from models.recommending.cases import padded_stretches
from models.sessions.sequences import Ids, Sequences, read_sequences
from models.sessions.vocabulary import Vocabulary


@dataclass(frozen=True)
class Side:
    """Examples, and what their sessions held up to their decision points."""

    examples: Examples
    """n examples."""

    sequences: Sequences
    """n sequences, in the same order."""


@dataclass(frozen=True)
class Histories:
    """n stretches of sessions, each the latest L events up to some moment, oldest first, padded on the right."""

    ids: Ids
    """(n, L) id of each event's item; 0 in the padding, and where the vocabulary does not have it."""

    kinds: Ids
    """(n, L) kind of each event as 1 + its position in `EVENTS`; 0 in the padding and nowhere else."""

    def __len__(self) -> int:
        return len(self.ids)

    def inputs(self, rows: npt.NDArray[np.int64] | slice = slice(None), prefix: str = "") -> dict[str, Ids]:
        """`ids` and `kinds` of some rows, their names after a prefix."""
        return {f"{prefix}ids": self.ids[rows], f"{prefix}kinds": self.kinds[rows]}


def make_histories(sequences: Sequences, vocabulary: Vocabulary, length: int) -> Histories:
    """The latest `length` events of each sequence.

    Unlike the recommender's prefixes they keep an event whose item the vocabulary does not have: that something was
    looked at, or went into the cart, counts whatever it is.
    """
    lengths = np.minimum(sequences.lengths(), length)
    starts = sequences.offsets[1:] - lengths
    kinds = sequences.events.astype(np.int32) + 1
    return Histories(
        ids=padded_stretches(vocabulary.encode(sequences), starts, lengths, length),
        kinds=padded_stretches(kinds, starts, lengths, length),
    )


def read_side(folder: Path, split: Split) -> Side:
    """One side of the split with its sequences, from the split stage's folder.

    Raises:
        InputError: `example_sequences_SIDE.parquet` is missing or broken, or is not that of the examples beside it.
    """
    examples, path = read_examples(folder, split), folder / f"example_sequences_{split}.parquet"
    sequences = read_sequences(path)
    points = pq.read_table(path, columns=["decision_point"])["decision_point"].to_numpy()
    asked = examples.keys["session_id"].astype(str).tolist()
    if list(sequences.session_ids) != asked or not np.array_equal(points, examples.keys["decision_point"].to_numpy()):
        raise InputError(
            f"{path} should have one row for each of the {len(examples):,} examples beside it, in their order. "
            f"Received: {len(sequences):,} rows of others. Write both again: python -m pipeline run --from featurize"
        )
    return Side(examples, sequences)
