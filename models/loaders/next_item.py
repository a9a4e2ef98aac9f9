"""The recommender as a function from sessions to items."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from models.recommender import Recommender

TOP = 20


class NextItemModel:
    """Answers n sessions with their `items` and `scores`, best first."""

    def __init__(self, recommender: Recommender) -> None:
        self._recommender = recommender

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002
        """The 20 likeliest next items of each session.

        Args:
            model_input: n rows whose column `session` holds the session's item ids, oldest first. Columns `events` and
                `gaps`, where there, hold the kinds of the events and the seconds since the one before, None in a row
                where they are not known.
            params: not used; MLflow hands it over.
        """
        events, gaps = (_lists(model_input[name]) if name in model_input else None for name in ("events", "gaps"))
        sessions = [list(items) for items in model_input["session"]]
        answers = self._recommender.recommend(sessions, TOP, events=events, gaps=gaps)
        return pd.DataFrame(
            {
                "items": [[item for item, _ in answer] for answer in answers],
                "scores": [[float(score) for _, score in answer] for answer in answers],
            },
            index=model_input.index,
        )


def _lists(column: pd.Series) -> list[list[Any] | None]:
    """The lists of a column; None where a row has none."""
    return [list(values) if isinstance(values, Iterable) else None for values in column]


def _load_pyfunc(folder: str) -> NextItemModel:
    return NextItemModel(Recommender.load(Path(folder)))
