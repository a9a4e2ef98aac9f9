"""Whether a new part of a log may be learnt from: simple rules against the log before it, each with its figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import ibis
import numpy as np

from data.config import NewDataConfig
from data.contract import OPTIONAL
from data.event import EVENTS
from data.growing.log_profile import DAY, Profile, price_ratios, profile

FEW = 30
"""Events of a kind, and items with a price in both, below which nothing is said."""

FEW_BY_HOUR = 500
"""Events below which nothing is said of their hours: few visitors make them lumpy."""

PER_DAY, LATEST = "events a day", 28
"""Name of the rule on volume, and the log's latest whole days that it looks at."""


@dataclass(frozen=True)
class Check:
    """One rule and how a part of a log kept it."""

    name: str
    """What was looked at."""

    passed: bool
    """Whether it is within the limit."""

    sentence: str
    """What was found, with its figures."""


def check_new(history: ibis.Table, part: ibis.Table, rules: NewDataConfig, now: datetime) -> list[Check]:
    """Hold a new part to the log before it; the volume is a matter of all new parts together (`check_volume`).

    Args:
        history: accepted events in the contract's form, one or more.
        part: the new events in the contract's form, one or more.
        rules: the limits.
        now: the present moment, UTC without a zone.

    Returns:
        One check a rule; a rule that has too little to go by is left out.
    """
    before, after = profile(history), profile(part)
    checks = [_strays(before, part, after, rules, now), *_mix(before, after, rules), *_unknown(before, after, rules)]
    ratios = price_ratios(history, part)
    if len(ratios) >= FEW:
        checks.append(_prices(float(np.median(ratios)), len(ratios), rules))
    if after.events >= FEW_BY_HOUR and after.last - after.first >= 2 * DAY:
        checks.append(_hours(before, after, rules))
    return checks


def check_volume(history: Profile, part: Profile, rules: NewDataConfig) -> list[Check]:
    """Compare the events of a median day; nothing where either has no whole day."""
    before, after = history.whole_days[-LATEST:], part.whole_days
    if not before or not after:
        return []
    usual, found = float(np.median(before)), float(np.median(after))
    limit = rules.max_volume_ratio
    passed = usual / limit <= found <= usual * limit
    return [
        Check(
            PER_DAY,
            passed,
            f"{found:,.0f} events on a median day, where the log has {usual:,.0f}"
            + (_within(limit) if passed else f": {_beyond(found, usual, limit)} (`retrain.data.max_volume_ratio`)."),
        )
    ]


def refusal(checks: Sequence[Check]) -> str | None:
    """Why a part is refused, in a sentence; None where it is not."""
    broken = [check.sentence for check in checks if not check.passed]
    return " ".join(broken) if broken else None


def _strays(before: Profile, part: ibis.Table, after: Profile, rules: NewDataConfig, now: datetime) -> Check:
    late, early = part.ts > now + DAY, part.ts < before.first
    counts = part.aggregate(late=late.sum(), early=early.sum()).to_pyarrow().to_pylist()[0]
    span = f"{after.first:%Y-%m-%d %H:%M} to {after.last:%Y-%m-%d %H:%M} UTC"
    told = [f"{counts['late']:,} in the future"] if counts["late"] else []
    told += [f"{counts['early']:,} before the log's first, {before.first:%Y-%m-%d %H:%M}"] if counts["early"] else []
    share = (counts["late"] + counts["early"]) / after.events
    passed = share <= rules.max_stray_share
    return Check(
        "time span",
        passed,
        f"The events are from {span}"
        + (f"; of {after.events:,}, {' and '.join(told)}" if told else "")
        + (
            "."
            if passed
            else f", which is {share:.1%} (`retrain.data.max_stray_share` is {rules.max_stray_share:.1%})."
        ),
    )


def _mix(before: Profile, after: Profile, rules: NewDataConfig) -> list[Check]:
    checks = []
    for kind in EVENTS:
        expected, found = before.kinds[kind] / before.events * after.events, after.kinds[kind]
        if max(expected, found) < FEW:
            continue
        # Half an event more on both sides, so that a kind that is missing has a factor.
        ratio, limit = (found + 0.5) / (expected + 0.5), rules.max_mix_ratio
        passed = 1 / limit <= ratio <= limit
        shares = f"{found / after.events:.2%} of the events are of kind {kind}, where the log has "
        shares += f"{before.kinds[kind] / before.events:.2%}"
        broken = f": {_beyond(found + 0.5, expected + 0.5, limit)} (`retrain.data.max_mix_ratio`)."
        checks.append(Check(f"share of {kind} events", passed, shares + (_within(limit) if passed else broken)))
    return checks


def _unknown(before: Profile, after: Profile, rules: NewDataConfig) -> list[Check]:
    checks = []
    for name in OPTIONAL:
        usual, found = (1 - one.known[name] / one.events for one in (before, after))
        if usual == 1:
            continue
        passed = found - usual <= rules.max_unknown_rise
        checks.append(
            Check(
                f"{name} unknown",
                passed,
                f"{found:.1%} of the events have no {name}, where the log has {usual:.1%} such"
                + (
                    "."
                    if passed
                    else f": a rise by more than {rules.max_unknown_rise:.0%} (`retrain.data.max_unknown_rise`)."
                ),
            )
        )
    return checks


def _prices(ratio: float, items: int, rules: NewDataConfig) -> Check:
    limit = rules.max_price_ratio
    passed = 1 / limit <= ratio <= limit
    return Check(
        "price level",
        passed,
        f"The median price of an item is {ratio:.3g} times what it was, over {items:,} items in both"
        + (_within(limit) if passed else f": {_beyond(ratio, 1.0, limit)} (`retrain.data.max_price_ratio`)."),
    )


def _hours(before: Profile, after: Profile, rules: NewDataConfig) -> Check:
    shift = 0.5 * float(np.abs(before.hours / before.events - after.hours / after.events).sum())
    passed = shift <= rules.max_hour_shift
    return Check(
        "hours of the day",
        passed,
        f"{shift:.1%} of the events lie in other hours of the day than the log's do"
        + ("." if passed else f", more than {rules.max_hour_shift:.0%} (`retrain.data.max_hour_shift`)."),
    )


def _within(limit: float) -> str:
    return f", within a factor of {limit:g}."


def _beyond(found: float, usual: float, limit: float) -> str:
    return f"{'more' if found > usual else 'less'} by more than a factor of {limit:g}"
