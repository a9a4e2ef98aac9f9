"""What a model says of carts with some of their features taken from typical carts instead."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explain.attributing.explanations import Floats

Matrix = npt.NDArray[np.float32]
Positions = npt.NDArray[np.int64]
Predict = Callable[[Matrix], Floats]

ROWS = 32_768  # rows a call of the model: 25 MiB at 200 columns


@dataclass(frozen=True)
class Carts:
    """n encoded carts, what stands for a typical one, and the model that scores them."""

    encoded: Matrix
    """float32 (n, D)."""

    background: Matrix
    """float32 (m, D), the typical carts."""

    columns: Positions
    """(D,) position of the feature that each encoded column came from."""

    predict: Predict
    """(k, D) → (k,) log-odds, such as `adapter.compiled` gives."""

    def __len__(self) -> int:
        return len(self.encoded)

    def replaced(self, rows: Positions, features: npt.NDArray[np.bool_]) -> Floats:
        """Log-odds of carts whose marked features come from a typical cart, averaged over all the typical ones.

        A single reference would leave untouched every feature that it happens to share with the cart.

        Args:
            rows: (k,) which carts.
            features: bool (k, F), which of their features are replaced, all encoded columns of a feature together.

        Returns:
            (k,).
        """
        result = np.empty(len(rows), dtype=np.float64)
        step = max(1, ROWS // len(self.background))
        for start in range(0, len(rows), step):
            part = slice(start, start + step)
            mask = features[part][:, None, self.columns]
            mixed = np.where(mask, self.background, self.encoded[rows[part]][:, None])
            outputs = self.predict(mixed.reshape(-1, mixed.shape[-1]))
            result[part] = outputs.reshape(-1, len(self.background)).mean(axis=1)
        return result
