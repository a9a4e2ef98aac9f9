"""How sensitive an alternative is to its learning rate."""

from dataclasses import dataclass

from explain.comparison.rows import Row, number

RATE = "optimizer.learning_rate"

TOLERANCE = 0.01
"""Share of its own best value that a trial may lose and still count as near it."""


@dataclass(frozen=True)
class Rates:
    """The trials of one alternative by their learning rate, the lowest first."""

    rates: tuple[float, ...]
    """Learning rates, positive."""

    values: tuple[float | None, ...]
    """The monitored metric of each; None where the trial failed."""

    first: int
    """Position of the lowest rate of the span around the best one in which every trial is near it."""

    last: int
    """Position of the highest one."""

    @property
    def factor(self) -> float:
        """Highest over lowest rate of the span; 1 where only the best trial itself is in it."""
        return self.rates[self.last] / self.rates[self.first]


def rates_of(row: Row, less_is_better: bool) -> Rates | None:
    """An alternative's trials by learning rate; None where fewer than two rates were tried or all trials failed.

    The span ends at the first trial that failed or is not near the best, whatever made it so, and says nothing of
    rates between the trials: with few trials the true one is wider or has holes.
    """
    found = {
        rate: number(trial["value"]) if trial["status"] == "completed" else None
        for trial in row["trials"]
        if (rate := number(trial["settings"].get(RATE))) is not None and rate > 0
    }
    if len(found) < 2 or all(value is None for value in found.values()):
        return None
    rates = sorted(found)
    values = [found[rate] for rate in rates]
    sign = -1.0 if less_is_better else 1.0
    scores = [None if value is None else sign * value for value in values]
    best = max(score for score in scores if score is not None)
    near = [score is not None and score >= best - TOLERANCE * abs(best) for score in scores]
    first = last = scores.index(best)
    while first > 0 and near[first - 1]:
        first -= 1
    while last + 1 < len(near) and near[last + 1]:
        last += 1
    return Rates(tuple(rates), tuple(values), first, last)
