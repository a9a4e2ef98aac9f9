"""Whether a challenger replaces the champion, and every reason for it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.config.retraining import RetrainConfig

SLICE_SESSIONS = 30
"""Sessions a slice needs to be judged by itself: an interval from fewer is not to be relied on."""

WORST = 3
"""Fallen slices that a reason names."""


@dataclass(frozen=True)
class Check:
    """One thing that a challenger has to show, and how it did."""

    passed: bool
    """Whether it speaks for promotion."""

    sentence: str
    """What was found, with its figures."""


@dataclass(frozen=True)
class Verdict:
    """The decision about one model."""

    promote: bool
    """Whether the challenger is to become the champion."""

    reasons: tuple[str, ...]
    """Sentences with the figures. The first one decides; those against promotion come before those for it where the
    champion is kept."""

    evidence: dict[str, Any]
    """JSON-ready: counts, the metrics of both, their differences with intervals, and the slices."""

    @property
    def summary(self) -> str:
        """One line: "promoted: …" or "kept: …", with the reason that decides."""
        return f"{'promoted' if self.promote else 'kept'}: {self.reasons[0]}"

    def as_table(self) -> dict[str, Any]:
        """The verdict as plain JSON-ready values."""
        reasons = list(self.reasons)
        return {"promote": self.promote, "summary": self.summary, "reasons": reasons, "evidence": self.evidence}


def decided(checks: Sequence[Check], evidence: dict[str, Any]) -> Verdict:
    """Promote where every check is passed."""
    against = [check.sentence for check in checks if not check.passed]
    support = [check.sentence for check in checks if check.passed]
    return Verdict(not against, (*against, *support), evidence)


def kept(reason: str, evidence: dict[str, Any]) -> Verdict:
    """The champion stays because nothing can be decided."""
    return Verdict(False, (reason,), evidence)


def gained(
    metric: str, change: Sequence[float], both: tuple[float, float], margin: float, level: float, sessions: int
) -> Check:
    """Whether the lower end of a gain's interval is above the margin; where not, how many sessions would show it.

    Args:
        metric: its name for a reader.
        change: challenger − champion, and the ends of its interval.
        both: the champion's value and the challenger's.
        margin: what the lower end has to be above.
        level: of the interval.
        sessions: that it is from.
    """
    passed = change[1] > margin
    end = "is above" if passed else "is not above"
    told = (
        f"The challenger's {metric} is {both[1]:.4f} and the champion's {both[0]:.4f}, {moved(change, level)}; "
        f"its lower end {end} the margin of {margin:g}."
    )
    if passed or change[0] <= margin:
        return Check(passed, told)
    # An interval is as wide as one over the root of the sessions.
    needed = sessions * ((change[0] - change[1]) / (change[0] - margin)) ** 2
    return Check(passed, f"{told} Should the gain be what it seems, about {_rounded(needed)} sessions would show it.")


def slices_held(metric: str, slices: Sequence[dict[str, Any]], config: RetrainConfig) -> Check:
    """Whether no slice has surely become worse by more than `max_slice_fall`.

    Args:
        metric: its name for a reader.
        slices: with `title`, `slice` and `difference` [gain, low, high], None where it is not known.
        config: what is allowed.
    """
    known = [one for one in slices if one["difference"] is not None]
    fallen = [one for one in known if one["difference"][2] < -config.max_slice_fall]
    allowed = f"lost more than {config.max_slice_fall:g} {metric} for sure"
    if not fallen:
        return Check(True, f"None of {len(known)} slices {allowed}.")
    worst = sorted(fallen, key=lambda one: float(one["difference"][2]))[:WORST]
    told = "; ".join(f"{one['title']}, {one['slice']}: {moved(one['difference'], config.confidence)}" for one in worst)
    more = f"; and {len(fallen) - len(worst)} more" if len(fallen) > len(worst) else ""
    return Check(False, f"{len(fallen)} of {len(known)} slices {allowed}: {told}{more}.")


def too_few(sessions: int, config: RetrainConfig) -> str | None:
    """Why nothing can be decided on so few sessions; None where they are enough."""
    if sessions >= config.min_sessions:
        return None
    return (
        f"There {'is 1 session' if sessions == 1 else f'are {sessions:,} sessions'} to compare on; "
        f"`retrain.min_sessions` is {config.min_sessions:,}."
    )


def _rounded(count: float) -> str:
    """A count of two digits that count, rounded up: "4,900"."""
    unit = 10 ** max(math.floor(math.log10(count)) - 1, 0)
    return f"{math.ceil(count / unit) * unit:,}"


def moved(change: Sequence[float], level: float) -> str:
    """A difference and its interval in words: "a change of +0.0123 (95% interval +0.0042 to +0.0201)"."""
    gain, low, high = change
    return f"a change of {gain:+.4f} ({level * 100:g}% interval {low:+.4f} to {high:+.4f})"
