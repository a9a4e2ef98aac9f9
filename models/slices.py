"""Groups of examples for which a model's quality is looked at separately."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.examples import Examples
from data.feature import Feature

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

MAIN_FEATURES = 5
"""Numeric features sliced by tertiles: those that the model's scores follow most closely."""

CATEGORIES = 8
"""Categories of a feature that get a slice of their own, largest first; the rest are "other"."""

CALENDAR = ("hour", "weekday")
VISITOR_SESSIONS = "visitor_sessions"
DECISION_POINT = "decision_point"


@dataclass(frozen=True)
class Slice:
    """Some of the examples, by the value of one thing."""

    feature: str
    """Name of the feature (or key) the slices are made by."""

    title: str
    """Its name for a reader."""

    label: str
    """What the examples have in common, such as "2 to 5"."""

    rows: npt.NDArray[np.bool_]
    """(n,) which examples belong."""


def slices_of(examples: Examples, scores: npt.NDArray[np.float64]) -> tuple[Slice, ...]:
    """Slices by decision point, visitor, time, category and tertiles of the main features.

    Args:
        examples: n of them.
        scores: (n,) the model's; they, and not the labels, say which features are the main ones.

    Returns:
        Slices that are neither empty nor everything; those of one feature do not overlap and cover every example.
    """
    found = [*_by_decision_point(examples), *_by_visitor(examples), *_by_calendar(examples)]
    for spec in examples.specs:
        if spec.kind == "categorical":
            found += _by_category(examples, spec)
    for spec in main_features(examples, scores):
        found += _by_tertile(examples, spec)
    return tuple(one for one in found if 0 < one.rows.sum() < len(examples))


def main_features(examples: Examples, scores: npt.NDArray[np.float64]) -> list[Feature]:
    """The numeric features with the highest absolute rank correlation with the scores, highest first."""
    ranks = pd.Series(scores).rank()
    special = {*CALENDAR, VISITOR_SESSIONS, DECISION_POINT}
    strength: dict[str, float] = {}
    candidates = [spec for spec in examples.specs if spec.kind == "numeric" and spec.name not in special]
    for spec in candidates:
        column = examples.features[spec.name]
        if column.nunique() > 1:
            strength[spec.name] = abs(float(column.rank().corr(ranks))) if ranks.nunique() > 1 else 0.0
    candidates = [spec for spec in candidates if spec.name in strength]
    return sorted(candidates, key=lambda spec: -strength[spec.name])[:MAIN_FEATURES]


def _by_decision_point(examples: Examples) -> Iterator[Slice]:
    points = examples.keys[DECISION_POINT]
    for k in sorted(points.dropna().unique()):
        events = "event" if k == 1 else "events"
        label = f"{int(k)} {events} after the first cart event"
        yield Slice(DECISION_POINT, "Decision point", label, (points == k).fillna(False).to_numpy(dtype=bool))


def _by_visitor(examples: Examples) -> Iterator[Slice]:
    spec = _spec(examples.specs, VISITOR_SESSIONS)
    if spec is not None:
        earlier = examples.features[VISITOR_SESSIONS].to_numpy()
        yield Slice(spec.name, spec.title, "new visitor", ~(earlier > 0))
        yield Slice(spec.name, spec.title, "returning visitor", earlier > 0)


def _by_calendar(examples: Examples) -> Iterator[Slice]:
    hour, weekday = (_spec(examples.specs, name) for name in CALENDAR)
    if hour is not None:
        values = examples.features[hour.name].to_numpy()
        for start in range(0, 24, 6):
            rows = (values >= start) & (values < start + 6)
            yield Slice(hour.name, hour.title, f"{start:02}:00 to {start + 6:02}:00", rows)
    if weekday is not None:
        values = examples.features[weekday.name].to_numpy()
        for number, name in enumerate(WEEKDAYS):
            yield Slice(weekday.name, weekday.title, name, values == number)


def _by_category(examples: Examples, spec: Feature) -> Iterator[Slice]:
    column = examples.features[spec.name]
    counts = column.value_counts()
    # Ties in size are settled by name, so that the choice does not hang on the order of the rows.
    largest = sorted(counts.index, key=lambda word: (-counts[word], word))[:CATEGORIES]
    for word in largest:
        yield Slice(spec.name, spec.title, str(word), (column == word).to_numpy(dtype=bool))
    yield Slice(spec.name, spec.title, "other", (column.notna() & ~column.isin(largest)).to_numpy(dtype=bool))
    yield Slice(spec.name, spec.title, "unknown", column.isna().to_numpy(dtype=bool))


def _by_tertile(examples: Examples, spec: Feature) -> Iterator[Slice]:
    values = examples.features[spec.name].to_numpy(dtype=np.float64)
    known = values[~np.isnan(values)]
    # Upper edges; with few distinct values two of them coincide and fewer slices remain.
    edges = np.unique(np.quantile(known, [1 / 3, 2 / 3, 1.0], method="inverted_cdf"))
    low = -np.inf
    for high in edges:
        rows = (values > low) & (values <= high)
        yield Slice(spec.name, spec.title, _range(values[rows], spec.unit), rows)
        low = float(high)
    yield Slice(spec.name, spec.title, "unknown", np.isnan(values))


def _range(values: npt.NDArray[np.float64], unit: str) -> str:
    low, high = values.min(), values.max()
    text = f"{low:,.4g}" if low == high else f"{low:,.4g} to {high:,.4g}"
    return f"{text} {unit}".rstrip()


def _spec(specs: Sequence[Feature], name: str) -> Feature | None:
    return next((spec for spec in specs if spec.name == name and spec.kind == "numeric"), None)
