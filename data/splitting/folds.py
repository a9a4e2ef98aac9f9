"""Folds of examples for cross-validation: by visitor, or blocked in time."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import GroupKFold, TimeSeriesSplit

from data.errors import InputError
from data.examples import Examples

Rows = npt.NDArray[np.int64]
Fold = tuple[Rows, Rows]
"""Ascending positions of the training and of the validation examples."""


def visitor_folds(examples: Examples, folds: int, seed: int) -> list[Fold]:
    """Folds of about equal numbers of visitors, every example in the validation part of one.

    scikit-learn's shuffled `GroupKFold`. A row without a visitor is one for itself.

    Args:
        examples: n rows.
        folds: how many, at least 2.
        seed: of the shuffle.

    Raises:
        InputError: there are fewer visitors than folds.
    """
    visitors = _wholes(examples.keys["visitor_id"])
    count = int(visitors.max(initial=-1)) + 1
    if count < folds:
        raise InputError(f"`tune.folds` should be at most {count}, the number of visitors to part. Received: {folds}")
    splitter = GroupKFold(folds, shuffle=True, random_state=seed)
    return list(splitter.split(visitors, groups=visitors))


def time_folds(examples: Examples, folds: int) -> list[Fold]:
    """Folds in which the training examples all come before the validation examples.

    scikit-learn's `TimeSeriesSplit` over whole sessions (visitors where there are no sessions) in the order of their
    first decision points: the sessions are cut into `folds` + 1 blocks of about one size, and fold i trains on the
    first i and validates on the next. A training session that still goes on when validation begins is left out, as in
    the split of the log (`splits`).

    Args:
        examples: n rows, each with a time.
        folds: how many, at least 2.

    Raises:
        InputError: some row has no time, or there are too few sessions.
    """
    times = examples.keys["ts"]
    if times.isna().any():
        raise InputError("`tune.fold_by` should be visitor where the source has no times. Received: time")
    sessions = pd.Series(_wholes(examples.keys["session_id"].fillna(examples.keys["visitor_id"])))
    spans = times.groupby(sessions.to_numpy()).agg(["min", "max"]).sort_values("min", kind="stable")
    if len(spans) <= folds:
        raise InputError(f"`tune.folds` should be below {len(spans)}, the number of sessions. Received: {folds}")
    found = []
    for before, after in TimeSeriesSplit(folds).split(spans):
        earlier, later = spans.iloc[before], spans.iloc[after]
        ended = earlier.index[earlier["max"] < later["min"].iloc[0]]
        if not len(ended):
            raise InputError(
                "`tune.fold_by` should be visitor where sessions lie this close together: none ends before "
                f"{later['min'].iloc[0]}, when a fold's validation begins. Received: time"
            )
        found.append((_rows(sessions, ended), _rows(sessions, later.index)))
    return found


def _wholes(ids: "pd.Series[str]") -> Rows:
    """(n,) number of what each row belongs to; a row without an id is alone."""
    codes, known = pd.factorize(ids)
    alone = codes < 0
    codes[alone] = len(known) + np.arange(alone.sum())
    return codes.astype(np.int64)


def _rows(sessions: "pd.Series[int]", chosen: "pd.Index[int]") -> Rows:
    return np.flatnonzero(sessions.isin(chosen))
