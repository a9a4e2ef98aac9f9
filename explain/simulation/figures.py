"""Figures of a simulated A/B test as text."""

from collections.abc import Mapping, Sequence
from typing import Any

from explain.tables import Cell
from explain.wording import decimal_text

Result = Mapping[str, Any]
"""What `pipeline simulate` finds, as `result.json` has it."""

SHARE = "abandoned_share"

THOUSAND = 1_000.0
"""Money is told for so many carts."""


def points(row: Mapping[str, Sequence[float]]) -> str:
    """A change of the share of carts left, in points of per cent with its interval."""
    mean, *edges = row[SHARE]
    return f"{decimal_text(100 * mean, 2)} points ({span(edges, 100.0, 2)})"


def money(estimate: Sequence[float]) -> str:
    """Money for 1,000 carts with its interval."""
    return f"{thousand(estimate[0])} ({span(estimate[1:], THOUSAND, 0)})"


def thousand(value: float) -> str:
    """Money for 1,000 carts."""
    return f"{THOUSAND * value:,.0f}".replace("-", "−")


def per_cent(estimate: Sequence[float]) -> str:
    """A share with its interval."""
    return f"{decimal_text(100 * estimate[0], 1)}% ({span(estimate[1:], 100.0, 1)})"


def money_cell(estimate: Sequence[float]) -> Cell:
    """`money` in a table."""
    return Cell(thousand(estimate[0]), span(estimate[1:], THOUSAND, 0))


def share_cell(estimate: Sequence[float]) -> Cell:
    """A share, or a change of one, in a table."""
    return Cell(f"{decimal_text(100 * estimate[0], 2)}%", span(estimate[1:], 100.0, 2))


def span(edges: Sequence[float], scale: float, places: int) -> str:
    """An interval: "1.20 to 1.50"."""
    return " to ".join(f"{scale * edge:,.{places}f}".replace("-", "−") for edge in edges)
