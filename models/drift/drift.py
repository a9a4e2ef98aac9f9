"""What changed between the champion's training examples and the newest window."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from data.errors import InputError
from data.examples import Examples
from data.feature import Feature
from models.config.retraining import RetrainConfig
from models.drift.coverage import at_same_hours, effective
from models.drift.distance import categorical_bins, holm, kolmogorov_smirnov, numeric_bins, psi, psi_by_chance
from models.evaluation import clusters_of

State = Literal["stable", "warning", "alert"]
STATES: tuple[State, ...] = ("stable", "warning", "alert")


@dataclass(frozen=True)
class BinShares:
    """One bin of a feature."""

    label: str
    """What it holds."""

    reference: float
    """Share of the reference's examples in it, weighed by the hours of the week that the current ones cover."""

    current: float
    """Share of the current ones."""


@dataclass(frozen=True)
class FeatureDrift:
    """How one feature moved."""

    feature: str
    """Its name."""

    title: str
    """Its name for a reader."""

    psi: float
    """Population stability index over `bins`."""

    psi_by_chance: float
    """What it would stay below, at the configured confidence, had nothing changed."""

    ks: float | None
    """Largest distance between the two distribution functions; None for categories."""

    p_value: float | None
    """Its p-value after Holm's correction over all features."""

    cumulative: bool
    """Whether it is made of counts since the log began: it moves as the log grows, which gives no alarm."""

    state: State
    """By `psi_warning` and `psi_alert`; stable where chance alone may give as much, where it is cumulative, and where
    the two sides share no hour of the week."""

    bins: tuple[BinShares, ...]
    """The shares behind it."""


@dataclass(frozen=True)
class LabelShift:
    """Share of abandoned carts, one example (the first) a session."""

    reference: float
    """Among the reference's sessions."""

    current: float
    """Among the current ones."""

    difference: tuple[float, float, float]
    """Current − reference, and the ends of its interval."""


@dataclass(frozen=True)
class NewItems:
    """Events on items that the champion has never seen."""

    events: int
    """Events looked at."""

    new_events: int
    """Those on unknown items."""

    new_items: int
    """Unknown items."""

    @property
    def share(self) -> float:
        """Share of the events that are on unknown items; 0 without events."""
        return self.new_events / self.events if self.events else 0.0

    def as_table(self) -> dict[str, Any]:
        """As plain JSON-ready values."""
        return {**asdict(self), "share": self.share}


@dataclass(frozen=True)
class Drift:
    """Everything that was compared."""

    features: tuple[FeatureDrift, ...]
    """The features, those that moved most first; those that are cumulative last."""

    label: LabelShift
    """The label."""

    sessions: tuple[int, int]
    """Sessions of the reference and of the current window."""

    compared: float
    """Share of the current examples that features are compared on: those at hours of the week that the reference covers
    too. At 0 all are compared, and give no alarm: what differs may be the weekday alone."""

    confidence: float
    """Level of the intervals."""

    @property
    def state(self) -> State:
        """The worst state of a feature."""
        return max((one.state for one in self.features), key=STATES.index, default="stable")

    def as_table(self) -> dict[str, Any]:
        """As plain JSON-ready values."""
        return {**asdict(self), "state": self.state}


def measure_drift(reference: Examples, current: Examples, config: RetrainConfig) -> Drift:
    """Compare two sets of examples, feature by feature and by label.

    Rows of one session are not independent, so what chance can do is reckoned by the number of sessions. Features are
    compared at the same hours of the week, since people shop otherwise on other days: the reference is weighed by how
    often the current window covers each hour.

    Args:
        reference: what the champion learnt from.
        current: the newest window.
        config: `psi_warning`, `psi_alert` and `confidence`.

    Raises:
        InputError: one of them is empty, or their features are not the same.
    """
    _check(reference, current)
    clusters = [clusters_of(one.keys) for one in (reference, current)]
    sessions = (int(clusters[0].max()) + 1, int(clusters[1].max()) + 1)
    pair, compared = _at_same_hours(reference, current)
    found = [_feature(spec, pair, config) for spec in current.specs]
    tested = [place for place, one in enumerate(found) if one["p_value"] is not None]
    for place, p_value in zip(tested, holm(np.array([found[place]["p_value"] for place in tested])), strict=True):
        found[place]["p_value"] = float(p_value)
    if not compared:
        found = [one | {"state": "stable"} for one in found]
    features = sorted((FeatureDrift(**one) for one in found), key=lambda one: (one.cumulative, -one.psi, one.feature))
    first = [
        one.abandoned[np.unique(own, return_index=True)[1]]
        for one, own in zip((reference, current), clusters, strict=True)
    ]
    label = _label(first[0], first[1], config.confidence)
    return Drift(tuple(features), label, sessions, compared, config.confidence)


def new_items(known: Collection[str], seen: npt.ArrayLike) -> NewItems:
    """How many events are on items the champion does not know.

    Args:
        known: its items.
        seen: (E,) item id of each event.
    """
    counts = pd.Series(np.asarray(seen, dtype=object)).value_counts()
    unknown = counts[~counts.index.isin(list(known))]
    return NewItems(events=int(counts.sum()), new_events=int(unknown.sum()), new_items=len(unknown))


def _check(reference: Examples, current: Examples) -> None:
    for name, examples in (("reference", reference), ("current window", current)):
        if not len(examples):
            raise InputError(f"The {name} should have examples to compare. Received: none")
    kinds = [{spec.name: spec.kind for spec in examples.specs} for examples in (reference, current)]
    if kinds[0] != kinds[1]:
        differ = sorted(name for name in kinds[0].keys() | kinds[1].keys() if kinds[0].get(name) != kinds[1].get(name))
        raise InputError(
            "Reference and current window should have the same features. Received: a difference in " + ", ".join(differ)
        )


@dataclass(frozen=True)
class _Pair:
    """What is compared."""

    reference: Examples
    current: Examples

    weights: npt.NDArray[np.float64]
    """(n,) of the reference's rows, above 0; together as many as they tell as much as."""

    sessions: tuple[float, float]
    """Independent rows of each."""


def _at_same_hours(reference: Examples, current: Examples) -> tuple[_Pair, float]:
    """Reference and current window at the same hours of the week, and the share of the current rows that have such."""
    weights, kept = at_same_hours(reference.keys["ts"], current.keys["ts"])
    if not (weights.any() and kept.any()):
        weights, compared = np.ones(len(reference)), 0.0
    else:
        compared = float(kept.mean())
        reference, current, weights = reference.take(weights > 0), current.take(kept), weights[weights > 0]
    first = np.unique(clusters_of(reference.keys), return_index=True)[1]
    sessions = effective(weights[first]), float(len(np.unique(clusters_of(current.keys))))
    return _Pair(reference, current, weights * effective(weights) / weights.sum(), sessions), compared


def _feature(spec: Feature, pair: _Pair, config: RetrainConfig) -> dict[str, Any]:
    columns = pair.reference.features[spec.name], pair.current.features[spec.name]
    if spec.kind == "categorical":
        bins, ks, p_value = categorical_bins(*columns, pair.weights), None, None
    else:
        before, now = (column.to_numpy(dtype=np.float64) for column in columns)
        bins = numeric_bins(before, now, pair.weights)
        ks, p_value = kolmogorov_smirnov(before, now, pair.sessions, pair.weights)
    index = psi(bins.reference, bins.current)
    chance = psi_by_chance(len(bins.labels), *pair.sessions, config.confidence)
    state = "alert" if index >= config.psi_alert else "warning" if index >= config.psi_warning else "stable"
    shares = zip(bins.labels, *(counts / counts.sum() for counts in (bins.reference, bins.current)), strict=True)
    return {
        "feature": spec.name,
        "title": spec.title,
        "psi": index,
        "psi_by_chance": chance,
        "ks": ks,
        "p_value": p_value,
        "cumulative": spec.cumulative,
        "state": state if index > chance and not spec.cumulative else "stable",
        "bins": tuple(BinShares(label, float(before), float(now)) for label, before, now in shares),
    }


def _label(before: npt.NDArray[np.int8], now: npt.NDArray[np.int8], level: float) -> LabelShift:
    """Newcombe's hybrid score interval of a difference of proportions (Newcombe 1998, method 10)."""
    p, q = float(before.mean()), float(now.mean())
    (low_p, high_p), (low_q, high_q) = (
        stats.binomtest(int(one.sum()), len(one)).proportion_ci(level, method="wilson") for one in (before, now)
    )
    low = q - p - np.hypot(q - low_q, high_p - p)
    high = q - p + np.hypot(high_q - q, p - low_p)
    return LabelShift(p, q, (q - p, float(low), float(high)))
