"""How many carts an A/B test takes."""

from scipy.stats import norm

from models.nudging.pilot import Estimate, Z

ROUNDING = 1e-12
"""Differences below it are of arithmetic, not of the figures."""


def carts_needed(one: float, other: float, power: float = 0.8) -> float | None:
    """Carts an arm that show a difference of two shares at the 5% level with this power; None where equal.

    (z_0.975 + z_power)² (a (1 − a) + b (1 − b)) / (a − b)².
    """
    if one == other:
        return None
    z = Z + float(norm.ppf(power))
    return z**2 * (one * (1.0 - one) + other * (1.0 - other)) / (one - other) ** 2


def carts_apart(
    one: Estimate, other: Estimate, difference: Estimate, true: float, carts: int, power: float = 0.8
) -> float | None:
    """Carts on which the 95% intervals of two figures of the same carts lie apart with this power; None where equal.

    Intervals shrink as 1 / √n. With half-widths h and h′, and d of the difference, all on m carts, the gap of the two
    is |δ| − (h + h′) √(m/n) on average, with standard error d / z_0.975 · √(m/n): so
    n = m ((h + h′ + d z_power / z_0.975) / δ)².

    Args:
        one: a figure on m carts.
        other: the other.
        difference: the one less the other on these carts.
        true: δ, the difference to be shown.
        carts: m.
        power: chance that the intervals will lie apart.
    """
    if abs(true) < ROUNDING:
        return None
    half, half_other, spread = ((high - low) / 2.0 for _, low, high in (one, other, difference))
    return carts * ((half + half_other + spread * float(norm.ppf(power)) / Z) / true) ** 2
