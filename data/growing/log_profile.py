"""What a log is like on the whole: how much of what happens when, in few figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import ibis
import numpy as np
import numpy.typing as npt

from data.contract import OPTIONAL
from data.event import EVENTS

DAY = timedelta(days=1)
STRAYS = 0.01


@dataclass(frozen=True)
class Profile:
    """Figures of some events in the contract's form."""

    events: int
    """How many."""

    first: datetime
    """Time of the first, UTC."""

    last: datetime
    """Time of the last, UTC."""

    kinds: dict[str, int]
    """Events by kind."""

    known: dict[str, int]
    """Events that have each of the optional columns."""

    days: dict[date, int]
    """Events by day, days without any included."""

    hours: npt.NDArray[np.int64]
    """(24,) events by hour of the day."""

    @property
    def whole_days(self) -> list[int]:
        """Events of the days that are covered from end to end: all but the first and the last, where days at either end
        that together hold no more than `STRAYS` of the events are taken for mistakes in the time."""
        counts = np.array([count for _, count in sorted(self.days.items())])
        before = np.cumsum(counts)
        inside = np.flatnonzero((before > STRAYS * self.events) & (before - counts < (1 - STRAYS) * self.events))
        held: list[int] = counts[inside[0] : inside[-1] + 1].tolist()
        return held[1:-1]


def profile(events: ibis.Table) -> Profile:
    """Measure a log of one event or more in a few passes inside the engine.

    Args:
        events: the contract's columns.
    """
    facts = (
        events.aggregate(
            events=events.count(),
            first=events.ts.min(),
            last=events.ts.max(),
            **{kind: (events.event == kind).sum() for kind in EVENTS},
            **{f"known_{name}": events[name].count() for name in OPTIONAL},
        )
        .to_pyarrow()
        .to_pylist()[0]
    )
    by_hour = (
        events.group_by(day=events.ts.date(), hour=events.ts.hour()).agg(n=events.count()).to_pyarrow().to_pylist()
    )
    days = dict.fromkeys(_days(facts["first"], facts["last"]), 0)
    hours = np.zeros(24, dtype=np.int64)
    for row in by_hour:
        days[row["day"]] += row["n"]
        hours[row["hour"]] += row["n"]
    return Profile(
        events=facts["events"],
        first=facts["first"],
        last=facts["last"],
        kinds={kind: facts[kind] for kind in EVENTS},
        known={name: facts[f"known_{name}"] for name in OPTIONAL},
        days=days,
        hours=hours,
    )


def together(profiles: Sequence[Profile]) -> Profile:
    """The profile of all events of several logs, none of which shares events with another."""
    first, last = min(one.first for one in profiles), max(one.last for one in profiles)
    return Profile(
        events=sum(one.events for one in profiles),
        first=first,
        last=last,
        kinds={kind: sum(one.kinds[kind] for one in profiles) for kind in EVENTS},
        known={name: sum(one.known[name] for one in profiles) for name in OPTIONAL},
        days={day: sum(one.days.get(day, 0) for one in profiles) for day in _days(first, last)},
        hours=np.sum([one.hours for one in profiles], axis=0),
    )


def price_ratios(before: ibis.Table, after: ibis.Table) -> npt.NDArray[np.float64]:
    """How the median price of each item moved that has a price above 0 in both: after / before, one for each item."""

    def medians(events: ibis.Table, name: str) -> ibis.Table:
        priced = events.filter(events.price > 0)
        return priced.group_by("item_id").agg(**{name: priced.price.median()})

    both = medians(before, "before").join(medians(after, "after"), "item_id")
    ratios: npt.NDArray[np.float64] = both.select(ratio=both.after / both.before).to_pyarrow()["ratio"].to_numpy()
    return ratios


def _days(first: datetime, last: datetime) -> list[date]:
    return [first.date() + number * DAY for number in range((last.date() - first.date()).days + 1)]
