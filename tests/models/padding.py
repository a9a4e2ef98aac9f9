"""Sessions as the rows of a matrix."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def pad(sessions: Sequence[Sequence[int]], width: int) -> npt.NDArray[np.int32]:
    """(n, width) ids of the latest `width` items of each session, padded with 0 on the right."""
    latest = [list(one)[-width:] for one in sessions]
    return np.array([[*one, *[0] * (width - len(one))] for one in latest], np.int32).reshape(len(latest), width)
