"""Strings as the columns that a network sees."""

from collections.abc import Sequence
from typing import Any

import keras
import pandas as pd
from keras import ops

RARE = 10
"""Training examples below which a category shares the column of unseen ones; that column then learns from them."""


@keras.saving.register_keras_serializable(package="retail")
class CategoryEncoder(keras.layers.Layer):
    """Strings as one column per category, and one for every string that is none of them.

    Input (n, C) string, empty where unknown; output (n, Σ (1 + categories)) float32 with, for each of the C features,
    exactly one 1 in a row. Needs the TensorFlow backend, the one that has strings.

    Args:
        columns: C feature names.
        vocabularies: the categories of each.
    """

    def __init__(self, columns: Sequence[str], vocabularies: Sequence[Sequence[str]], **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "trainable": False})
        self.columns = tuple(columns)
        self.vocabularies = tuple(tuple(words) for words in vocabularies)
        # The lookup takes an empty vocabulary for a missing one; a word that no input can be stands in for it.
        self.lookups = [
            keras.layers.StringLookup(vocabulary=list(words) or ["\x00"], mask_token=None, name=f"lookup_{i}")
            for i, words in enumerate(self.vocabularies)
        ]

    def build(self, input_shape: tuple[int | None, ...]) -> None:  # noqa: ARG002
        """Nothing to make: the vocabularies are arguments."""
        self.built = True

    @classmethod
    def fit(cls, frame: pd.DataFrame, **kwargs: Any) -> "CategoryEncoder":
        """The encoder of an n × C frame of strings, None where unknown; categories in the order of the alphabet."""
        counts = [as_strings(frame[column]).value_counts() for column in frame]
        return cls(list(frame.columns), [sorted(c.index[c.to_numpy() >= RARE]) for c in counts], **kwargs)

    def call(self, inputs: Any) -> Any:
        """Encode a batch."""
        parts = [
            ops.one_hot(lookup(inputs[:, i]), len(words) + 1)
            for i, (lookup, words) in enumerate(zip(self.lookups, self.vocabularies, strict=True))
        ]
        return ops.concatenate(parts, axis=1)

    def compute_output_spec(self, inputs: Any) -> Any:
        """(n, Σ (1 + categories))."""
        return keras.KerasTensor((inputs.shape[0], len(self.encoded_columns())), dtype="float32")

    def encoded_columns(self) -> tuple[str, ...]:
        """The feature behind each column of the output."""
        return tuple(key[0] for key in self.column_keys())

    def column_keys(self) -> tuple[tuple[str, ...], ...]:
        """What each column of the output is: its feature and the category, none for all that is no category."""
        return tuple(
            (name, *word)
            for name, words in zip(self.columns, self.vocabularies, strict=True)
            for word in ((), *((word,) for word in words))
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        own = {"columns": list(self.columns), "vocabularies": [list(words) for words in self.vocabularies]}
        return {**super().get_config(), **own}


def as_strings(column: pd.Series) -> pd.Series:
    """Strings with "" where unknown, so that "unknown" is a category like any other."""
    return column.astype(object).where(column.notna(), "").astype(str)
