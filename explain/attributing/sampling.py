"""Random parts of what would take too long to explain whole."""

import numpy as np
import numpy.typing as npt


def drawn_rows(size: int, most: int, seed: int) -> npt.NDArray[np.int64]:
    """At most `most` of `size` rows, drawn without replacement and ascending; all where there are no more."""
    if size <= most:
        return np.arange(size)
    return np.sort(np.random.default_rng(seed).choice(size, most, replace=False))
