"""Examples in memory: what the models train on and the reports speak of."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.feature import Feature, read_features

Split = Literal["train", "validation", "test"]
KEYS = ("session_id", "visitor_id", "decision_point", "ts")


@dataclass(frozen=True)
class Examples:
    """Decision points with their features and labels, n rows in a fixed order."""

    keys: pd.DataFrame
    """n × 4: `session_id`, `visitor_id` (str), `decision_point` (int), `ts` (UTC); null where the source has none."""

    features: pd.DataFrame
    """n × F in the order of `specs`: float32 (NaN where unknown) or, for categorical ones, str (None where unknown)."""

    abandoned: npt.NDArray[np.int8]
    """(n,) labels, 1 where the cart was abandoned."""

    specs: tuple[Feature, ...]
    """The F features."""

    def __len__(self) -> int:
        return len(self.abandoned)

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> "Examples":
        """The given rows (positions or a mask), in the given order."""
        positions = np.flatnonzero(rows) if rows.dtype == bool else rows
        return Examples(
            keys=self.keys.iloc[positions].reset_index(drop=True),
            features=self.features.iloc[positions].reset_index(drop=True),
            abandoned=self.abandoned[positions],
            specs=self.specs,
        )


def from_frame(frame: pd.DataFrame, specs: tuple[Feature, ...]) -> Examples:
    """Examples from a frame with the key columns, `abandoned` (0 where it is absent) and one column per feature."""
    columns: dict[str, object] = {}
    for spec in specs:
        column = frame[spec.name]
        columns[spec.name] = (
            column.astype("float32") if spec.kind == "numeric" else column.astype(object).where(column.notna(), None)
        )
    labels: npt.NDArray[np.int8] = (
        frame["abandoned"].to_numpy(dtype=np.int8) if "abandoned" in frame else np.zeros(len(frame), dtype=np.int8)
    )
    return Examples(
        keys=frame[list(KEYS)].reset_index(drop=True),
        features=pd.DataFrame(columns).reset_index(drop=True),
        abandoned=labels,
        specs=specs,
    )


def read_examples(folder: Path, split: Split) -> Examples:
    """Read one side of the split from the split stage's folder (`train.parquet`, …, `features.json`)."""
    return from_frame(pd.read_parquet(folder / f"{split}.parquet"), read_features(folder / "features.json"))


def digest(examples: Examples) -> str:
    """A hash of names, features and labels."""
    names = ",".join(spec.name for spec in examples.specs).encode()
    rows = pd.util.hash_pandas_object(examples.features, index=False).to_numpy()
    return hashlib.sha256(names + rows.tobytes() + examples.abandoned.tobytes()).hexdigest()


def sample(examples: Examples, rows: int, seed: int) -> Examples:
    """At most `rows` examples of whole visitors, drawn by a seeded shuffle, in their own order; all where they fit."""
    return examples if len(examples) <= rows else examples.take(_drawn(examples, rows, seed))


def set_aside(examples: Examples, share: float, seed: int) -> tuple[Examples, Examples]:
    """The rest, and at most this share of the examples: whole visitors, drawn by a seeded shuffle."""
    aside = _drawn(examples, round(share * len(examples)), seed)
    return examples.take(~aside), examples.take(aside)


def _drawn(examples: Examples, rows: int, seed: int) -> npt.NDArray[np.bool_]:
    """(n,) whether an example is among the at most `rows` of visitors that were drawn."""
    visitors = examples.keys["visitor_id"]
    codes = visitors.astype("category").cat.codes.to_numpy(dtype=np.int64, copy=True)
    alone = codes < 0  # a row without a visitor is drawn for itself
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(alone.sum())
    order = np.random.default_rng(seed).permutation(codes.max(initial=-1) + 1)
    counts = np.bincount(codes, minlength=len(order))[order]
    return np.isin(codes, order[np.cumsum(counts) <= rows])
