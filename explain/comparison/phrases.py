"""Names and figures of alternatives as they stand inside sentences."""

from explain.comparison.rows import Comparison, Row, number, numbers
from explain.wording import DASH, count_text, decimal_text, duration_text, interval_text, metric_name, number_text

JUDGED = {"abandonment": "carts", "recommender": "sessions", "digits": "images"}
"""What each model is judged on, in a sentence."""

COUNTED = {**JUDGED, "abandonment": "decision points"}
"""What is counted of it."""

LONGEST = 160
"""Characters of a failure's message that a sentence takes."""


def judged_on(found: Comparison) -> str:
    """What the model is judged on, in the plural."""
    return JUDGED.get(str(found.result["model"]), "examples")


def counted(found: Comparison) -> str:
    """What the model's examples are, beside their number."""
    return COUNTED.get(str(found.result["model"]), "examples")


def many(count: int, thing: str) -> str:
    """A count of things, such as "1 trial" or "1,200 trials"."""
    return f"{count_text(count)} {thing}{'' if count == 1 else 's'}"


def target_text(found: Comparison) -> str:
    """The target as "a validation AUC of 0.631"."""
    name = metric_name(str(found.result["monitor"]))
    return f"a {name[:1].lower()}{name[1:]} of {decimal_text(number(found.result['target']))}"


def said(row: Row) -> str:
    """An alternative's name inside a sentence, in quotation marks where it would blur into the sentence."""
    if row["name"] == "configured":
        return "the configured settings"
    label = str(row["label"])
    return f"“{label}”" if any(mark in label for mark in (",", ";", ":", " and ", " or ")) else label


def gap_text(row: Row) -> str:
    """How far an alternative is behind the best one, with its interval.

    A shown difference has as many places as keep it from reading zero, any other four at most.
    """
    gap, low, high = numbers(row["behind"])
    least = min(gap, low) if low > 0 else abs(low)
    places = next((n for n in (3, 4, 5) if low == 0 or least >= 0.5 * 10**-n or (low < 0 and n == 4)), 6)
    return f"{decimal_text(gap, places)} ({interval_text([low, high], places)})"


def seconds_text(seconds: float | None) -> str:
    """Seconds of training; short ones are not rounded away."""
    if seconds is not None and 0 < seconds < 1:
        return f"{number_text(seconds)} s"
    return DASH if number(seconds) is None else duration_text(float(seconds or 0))


def reason(row: Row) -> str:
    """Why an alternative failed: the first line of its message, cut where it is long."""
    first = (str(row["error"]).strip().splitlines() or [""])[0].rstrip(". ")
    return first if len(first) <= LONGEST else f"{first[:LONGEST].rstrip()}…"
