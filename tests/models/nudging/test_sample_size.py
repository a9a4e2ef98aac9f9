"""How many carts an A/B test takes."""

import numpy as np
import pytest
from scipy.stats import norm

from models.nudging.ab_testing import means
from models.nudging.pilot import Z
from models.nudging.sample_size import carts_apart, carts_needed


def test_carts_needed_of_a_textbook_case() -> None:
    assert carts_needed(0.5, 0.6) == pytest.approx(384.6, abs=0.5)
    assert carts_needed(0.5, 0.5) is None


def test_figures_without_a_common_part_are_apart_by_the_textbook() -> None:
    # Unpaired: the difference of two means with standard error 1 each has standard error √2.
    one, other, less = (0.0, -Z, Z), (0.0, -Z, Z), (0.0, -Z * 2**0.5, Z * 2**0.5)
    carts = carts_apart(one, other, less, 4.0, 100, power=0.9)
    assert carts == pytest.approx(100 * ((2 * Z + norm.ppf(0.9) * 2**0.5) / 4.0) ** 2)
    assert carts_apart(one, other, less, 0.0, 100) is None


@pytest.mark.parametrize("power", [0.5, 0.9])
def test_on_so_many_carts_the_intervals_lie_apart_as_often_as_asked_for(power: float) -> None:
    rng = np.random.default_rng(0)

    def drawn(n: int) -> list[tuple[float, float, float]]:
        """Shares .7 and .68 of the same carts: of those left, one in 35 is kept."""
        left = rng.random(n) < 0.7
        kept = left & (rng.random(n) < 1 / 35)
        columns = np.stack([left & ~kept, left, -1.0 * kept], axis=1).astype(float)
        return means(columns, np.arange(n))

    ours, theirs, less = drawn(20_000)
    carts = carts_apart(ours, theirs, less, -0.02, 20_000, power)
    assert carts is not None
    trials = [drawn(round(carts)) for _ in range(400)]
    share = np.mean([one[2] < other[1] for one, other, _ in trials])
    assert share == pytest.approx(power, abs=3.5 * np.sqrt(power * (1 - power) / 400) + 0.01)
