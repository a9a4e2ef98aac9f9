"""Plain tables for semantic HTML, and what their cells say.

Plain tables rather than Great Tables' output: the page styles them once for light, dark, print and telephones, where
Great Tables brings 20 KB of inline style for each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from explain.wording import DASH, decimal_text, interval_text, number_text, signed_text


@dataclass(frozen=True)
class Cell:
    """A figure and, in small print below it, its interval."""

    text: str
    """What is read first."""

    below: str = ""
    """What is read second."""


@dataclass(frozen=True)
class Grid:
    """A table: the first column names the row, the others hold its figures."""

    caption: str
    """What the table shows."""

    head: tuple[str, ...]
    """Names of the columns."""

    rows: tuple[tuple[str | Cell, ...], ...]
    """Cells, as many a row as `head`."""

    words: frozenset[int] = frozenset()
    """Positions of columns of words, set to the left; all but the first are figures otherwise."""


def figure_cell(value: float | None, interval: Sequence[float] | None) -> Cell:
    """A metric with its interval below it."""
    return Cell(decimal_text(value), interval_text(list(interval)) if interval else "")


def difference_cell(value: Sequence[float] | None) -> Cell:
    """A signed difference of metrics, from [difference, low, high], with its interval below it; a dash for None."""
    if not value:
        return Cell(DASH)
    return Cell(signed_text(value[0]), interval_text(list(value[1:])))


def slice_text(part: Mapping[str, Any]) -> str:
    """What the carts of a slice have in common; amounts carry no unit, as everywhere in the report."""
    return str(part["slice"]).removesuffix(" currency").removesuffix(" ratio")


def plain(value: object) -> str:
    """A configuration's value in words."""
    if value is None:
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(plain(part) for part in value)
    return number_text(float(value)) if isinstance(value, int | float) else str(value)
