"""A comparison's result, read for people: which alternative is best, which are level with it, which are behind."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Row = Mapping[str, Any]
"""An alternative as the result has it, with `label`: its title, told apart from others of the same title."""


@dataclass(frozen=True)
class Comparison:
    """The alternatives, by what the intervals of their differences from the best one show."""

    result: Mapping[str, Any]
    """The whole table."""

    done: tuple[Row, ...]
    """Alternatives that were judged, the best first."""

    failed: tuple[Row, ...]
    """Alternatives without a finite quality, each with an `error`."""

    @property
    def best(self) -> Row | None:
        """The alternative with the highest quality; None where all failed."""
        return self.done[0] if self.done else None

    @cached_property
    def level(self) -> tuple[Row, ...]:
        """Those that are not shown to be behind the best one, which is not among them."""
        return tuple(row for row in self.done[1:] if not is_behind(row))

    @cached_property
    def behind(self) -> tuple[Row, ...]:
        """Those whose whole interval of the difference from the best one is on its side."""
        return tuple(row for row in self.done[1:] if is_behind(row))

    @cached_property
    def soonest(self) -> Row | None:
        """The best one or one level with it that reaches the target in the fewest seconds; None where none does."""
        known = [row for row in self.done[:1] + self.level if number(row["seconds_to_target"]) is not None]
        return min(known, key=lambda row: float(row["seconds_to_target"]), default=None)

    @cached_property
    def configured(self) -> Row | None:
        """The judged alternative that the run is configured with, where the result names it or has one of that name."""
        name = self.result.get("configured", "configured")
        return next((row for row in self.done if row["name"] == name), None)

    @property
    def less_is_better(self) -> bool:
        """Whether the monitored metric is a loss."""
        return str(self.result["monitor"]).endswith("loss")


def read_comparison(result: Mapping[str, Any]) -> Comparison:
    """Sort a result's alternatives, which come best first and those that failed last."""
    rows = result["alternatives"]
    titles = [str(row["title"]) for row in rows]
    named = [
        {**row, "label": f"{title} ({row['name']})" if titles.count(title) > 1 else title}
        for row, title in zip(rows, titles, strict=True)
    ]
    done = tuple(row for row in named if numbers(row["quality"]))
    failed = tuple(
        {**row, "error": row.get("error") or "its quality is not a number"}
        for row in named
        if not numbers(row["quality"])
    )
    return Comparison(result, done, failed)


def is_behind(row: Row) -> bool:
    """Whether the interval of the best one's quality less this one's excludes zero."""
    return bool(numbers(row["behind"])) and row["behind"][1] > 0


def number(value: object) -> float | None:
    """A finite number, or None for anything else."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def numbers(values: Sequence[object] | None) -> list[float]:
    """The values where all are finite numbers, else none."""
    found = [number(value) for value in values or []]
    return [value for value in found if value is not None] if None not in found else []


def failed_trials(row: Row) -> int:
    """How many of an alternative's trials failed."""
    return sum(trial["status"] == "failed" for trial in row["trials"])
