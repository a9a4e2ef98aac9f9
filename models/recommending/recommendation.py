"""What a recommender answers for one session."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, overload


@dataclass(frozen=True)
class Recommendation(Sequence[tuple[str, float]]):
    """Items for one session with their scores, best first."""

    ranked: tuple[tuple[str, float], ...]
    """Item ids and scores: the model's (any real number), or shares of the training events (`popularity`)."""

    source: Literal["model", "popularity"]
    """Who chose: the model, or plain popularity where the session has no item that the model knows."""

    skipped: int
    """Items of the session that the model does not know and passed over."""

    category: str | None = None
    """The session's own category, where the items were kept to it (`Only.same_category`)."""

    def __len__(self) -> int:
        return len(self.ranked)

    @overload
    def __getitem__(self, place: int) -> tuple[str, float]: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[tuple[str, float], ...]: ...
    def __getitem__(self, place: int | slice) -> tuple[str, float] | tuple[tuple[str, float], ...]:
        return self.ranked[place]
