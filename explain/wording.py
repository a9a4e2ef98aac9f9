"""Values, shares and intervals as a reader wants to see them."""

import math
from collections.abc import Sequence

from data.feature import Feature

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DASH = "–"

METRIC_NAMES = {
    "auc": "AUC",
    "average_precision": "Average precision",
    "log_loss": "Log loss",
    "brier": "Brier score",
    "ece": "Calibration error",
    "recall": "Recall",
    "mrr": "MRR",
    "ndcg": "NDCG",
    "coverage": "Coverage",
    "gini": "Gini",
    "novelty": "Novelty",
    "accuracy": "Accuracy",
    "loss": "Loss",
}
"""Names of metrics for a reader."""


def value_text(value: object, spec: Feature) -> str:
    """A feature's value in its reader's unit: "4 min 10 s", "22:00", "Tuesday", "12%", "182.00"."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "unknown"
    if spec.kind == "categorical" or isinstance(value, str):
        return f"“{value}”"
    number = float(value)  # type: ignore[arg-type]
    if not math.isfinite(number):
        return "unknown"
    if spec.unit == "day" and number.is_integer() and 0 <= number <= 6:
        return WEEKDAYS[int(number)]
    match spec.unit:
        case "s":
            return duration_text(number)
        case "hour":
            return f"{int(number) % 24:02d}:00"
        case "currency":
            return f"{number:,.2f}"
        case "share":
            return share_text(number)
    return number_text(number)


def number_text(number: float) -> str:
    """At most three decimals, none where there is nothing behind them; thousands apart by commas."""
    if abs(number) >= 1e9 or (number != 0 and abs(number) < 5e-4):
        return f"{number:.2g}"
    decimals = 0 if abs(number) >= 1000 or number == round(number) else 1 if abs(number) >= 100 else 2
    decimals = 3 if decimals == 2 and abs(number) < 0.1 else decimals
    text = f"{number:,.{decimals}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")


def duration_text(seconds: float) -> str:
    """Seconds in the two largest units: "4 min 10 s", "2 h 5 min", "3 d 4 h"."""
    sign, rest = ("−" if seconds < 0 else ""), abs(seconds)
    if rest < 10:
        return f"{sign}{number_text(round(rest, 1))} s"
    whole = round(rest)
    for size, unit, smaller, name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            high, low = divmod(whole, size)
            return f"{sign}{high:,} {unit}" + (f" {low // smaller} {name}" if low // smaller else "")
    return f"{sign}{whole} s"


def share_text(share: float | None, decimals: int | None = None) -> str:
    """A share as a percentage; one decimal below 10%, none above, unless told."""
    if share is None or not math.isfinite(share):
        return DASH
    percent = 100.0 * share
    if decimals is None and 0 < percent < 0.05:
        return "under 0.1%"
    places = decimals if decimals is not None else 0 if abs(percent) >= 10 or percent == 0 else 1
    return f"{percent:.{places}f}%".replace("-", "−")


def points_text(gap: float | None) -> str:
    """A distance between two shares: "6.6 points", for 6.6% of a share would be something else."""
    return DASH if gap is None else f"{decimal_text(100.0 * gap, 1)} points"


def risk_text(probability: float) -> str:
    """A predicted risk in whole per cent, never quite certain."""
    return "over 99%" if probability > 0.995 else "under 1%" if probability < 0.005 else share_text(probability, 0)


def decimal_text(value: float | None, places: int = 3) -> str:
    """A metric with a fixed number of places, without a sign where it rounds to zero, or a dash where there is none."""
    return DASH if value is None or not math.isfinite(value) else f"{value:z.{places}f}".replace("-", "−")


def signed_text(value: float, places: int = 3) -> str:
    """A difference with its sign and a fixed number of places; no sign where it rounds to zero."""
    text = decimal_text(value, places)
    return f"+{text}" if value > 0 and text.strip("0.") else text


def interval_text(interval: list[float] | tuple[float, ...] | None, places: int = 3) -> str:
    """An interval as "0.712 to 0.768", or a dash."""
    return DASH if not interval else f"{decimal_text(interval[0], places)} to {decimal_text(interval[1], places)}"


def count_text(count: float | None) -> str:
    """A whole number with thousands apart, or a dash."""
    return DASH if count is None else f"{round(count):,}"


def size_text(size: int) -> str:
    """Bytes as "57.3 KiB" or "1.2 MiB"."""
    return f"{size / 2**20:,.1f} MiB" if size >= 2**20 else f"{size / 2**10:,.1f} KiB"


def lower_first(title: str) -> str:
    """A title inside a sentence: its first letter small, unless it is an abbreviation."""
    return title if len(title) > 1 and title[1].isupper() else title[:1].lower() + title[1:]


def upper_first(text: str) -> str:
    """A text with its first letter capital."""
    return text[:1].upper() + text[1:]


def join_words(words: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1] if words else ""


def unique_titles(specs: Sequence[Feature]) -> list[str]:
    """The features' titles, with the column name behind those that are not the only ones of that title."""
    titles = [spec.title for spec in specs]
    return [f"{spec.title} ({spec.name})" if titles.count(spec.title) > 1 else spec.title for spec in specs]


def metric_name(name: str) -> str:
    """A metric's name for a reader: "AUC", "Recall@20", "Validation loss"."""
    if name.startswith("val_"):
        return f"Validation {lower_first(metric_name(name.removeprefix('val_')))}"
    base, at, k = name.partition("_at_")
    return METRIC_NAMES.get(base, base) + (f"@{k}" if at else "")
