"""Which hours of the week two periods cover, and how the one is weighed to stand for the other."""

import numpy as np
import numpy.typing as npt
import pandas as pd

HOURS = 24 * 7
"""Hours of a week, Monday's first one being 0."""


def at_same_hours(reference: pd.Series, current: pd.Series) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Weights that give the reference the hours of the week which the current period covers.

    People shop otherwise on Saturdays: two periods that are no whole weeks differ though nothing has changed. Weighed
    by how often each hour came up, and not by how many came in it, a real change between hours or days still shows.

    Args:
        reference: (n,) times, UTC.
        current: (m,) times, UTC.

    Returns:
        (n,) weight of each row of the reference, 0 where the current period has no such hour, and (m,) whether the
        reference has the hour of a current row. Where times are unknown, all weigh 1.
    """
    if reference.isna().any() or current.isna().any():
        return np.ones(len(reference)), np.ones(len(current), dtype=bool)
    hours = [_hours(one) for one in (reference, current)]
    before, now = (_times_covered(one) for one in hours)
    shared = (before > 0) & (now > 0)
    weights = np.divide(now, before, out=np.zeros(HOURS), where=shared)
    return weights[hours[0] % HOURS], shared[hours[1] % HOURS]


def effective(weights: npt.NDArray[np.float64]) -> float:
    """How many rows of weight 1 tell as much as these: (Σw)² / Σw² (Kish 1965, "Survey Sampling")."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def _hours(times: pd.Series) -> npt.NDArray[np.int64]:
    """(n,) hours since a Monday at midnight."""
    monday = pd.Timestamp("1970-01-05", tz="UTC")
    since = pd.to_datetime(times, utc=True) - monday
    return np.asarray(since // pd.Timedelta(hours=1), dtype=np.int64)


def _times_covered(hours: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """(HOURS,) how often each hour of the week came up from the first to the last of some hours."""
    weeks, rest = divmod(int(hours.max() - hours.min()) + 1, HOURS)
    covered = np.full(HOURS, float(weeks))
    covered[(hours.min() + np.arange(rest)) % HOURS] += 1
    return covered
