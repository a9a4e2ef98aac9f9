"""The recommender as a function from sessions to items."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from data.errors import InputError
from models.loaders.refusing import refusing
from models.recommending.recommender import Recommender

TOP = 20


class NextItemModel:
    """Answers n sessions with their `items` and `scores`, best first, and how many of their items were `skipped`."""

    def __init__(self, recommender: Recommender) -> None:
        self._recommender = recommender

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002
        """The 20 likeliest next items of each session.

        Args:
            model_input: n rows whose column `session` holds the session's item ids, oldest first. Those that the
                model does not know are skipped and counted. Columns `events` and `gaps`, where there, hold the kinds of
                the events and the seconds since the one before, None in a row where they are not known.
            params: not used; MLflow hands it over.

        Raises:
            MlflowException: there is no such column, a row of it holds no list, or kinds or gaps do not go with it.
        """
        events, gaps = (_lists(model_input[name]) if name in model_input else None for name in ("events", "gaps"))
        with refusing():
            answers = self._recommender.recommend(_sessions(model_input), TOP, events=events, gaps=gaps)
        return pd.DataFrame(
            {
                "items": [[item for item, _ in answer] for answer in answers],
                "scores": [[float(score) for _, score in answer] for answer in answers],
                "skipped": [answer.skipped for answer in answers],
            },
            index=model_input.index,
        )


def _lists(column: pd.Series) -> list[list[Any] | None]:
    """The lists of a column; None where a row has none."""
    return [list(values) if isinstance(values, Iterable) else None for values in column]


def _sessions(model_input: pd.DataFrame) -> list[list[str]]:
    if "session" not in model_input:
        raise InputError(f"The input should have a column `session`. Received: {', '.join(map(str, model_input))}")
    for place, items in enumerate(model_input["session"]):
        if isinstance(items, str) or not isinstance(items, Iterable):
            raise InputError(
                f"`session` should hold a list of item ids in every row. Received: {items!r} in row {place}"
            )
    return [list(items) for items in model_input["session"]]


def _load_pyfunc(folder: str) -> NextItemModel:
    return NextItemModel(Recommender.load(Path(folder)))
