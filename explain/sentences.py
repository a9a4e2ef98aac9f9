"""Attributions in words. They say what the model sees, never what causes what: SHAP values cannot prove causes."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.examples import Examples
from data.feature import Feature
from explain.explanations import Attributions, sigmoid
from explain.wording import lower_first, value_text

SLIGHT = 0.005  # share of probability below which a feature is not worth a reason
COUNTED = ("events", "items", "pieces", "sessions", "categories")
CYCLIC = ("hour", "day")
CLEAR = 0.3  # rank correlation from which a direction is stated


def reasons(
    attributions: Attributions, examples: Examples, rows: npt.NDArray[np.int64] | None = None, top: int = 3
) -> list[list[str]]:
    """The features that move each cart's predicted risk most, in words, the strongest first.

    A reason names the value, how far it moves the predicted risk, and a typical value. The points are the difference
    between the prediction and what it would be without the feature's attribution; less than half a point is no reason.

    Args:
        attributions: SHAP values of the examples.
        examples: the same n examples.
        rows: positions to give reasons for; all where not set.
        top: most reasons a cart.

    Returns:
        One list per row, of 0 to `top` sentences.
    """
    positions = np.arange(len(examples)) if rows is None else rows
    points = risk_points(attributions)[positions]
    order = np.argsort(-np.abs(points), axis=1, kind="stable")[:, :top]
    columns = [examples.features[spec.name].to_numpy() for spec in attributions.specs]
    typical = [value_text(value, spec) for value, spec in zip(attributions.typical, attributions.specs, strict=True)]
    return [
        [
            _reason(attributions.specs[f], columns[f][position], typical[f], moved[f])
            for f in chosen
            if abs(moved[f]) >= SLIGHT
        ]
        for position, chosen, moved in zip(positions, order, points, strict=True)
    ]


def risk_points(attributions: Attributions) -> npt.NDArray[np.float64]:
    """(n, F): predicted probability less the probability without the feature's attribution."""
    log_odds = attributions.log_odds[:, None]
    return np.asarray(sigmoid(log_odds) - sigmoid(log_odds - attributions.values))


def _reason(spec: Feature, value: object, typical: str, points: float) -> str:
    verb = "raises" if points > 0 else "lowers"
    size = max(1, round(abs(points) * 100))
    known = value_text(value, spec)
    usual = f"also {typical}" if known == typical else typical
    return (
        f"{spec.title} {known} {verb} the predicted risk by {size} {'point' if size == 1 else 'points'} "
        f"(typical: {usual})"
    )


def direction(values: npt.NDArray[np.float64], column: pd.Series) -> float:
    """Spearman's rank correlation of a numeric feature's values with its attributions; NaN where it is undefined."""
    known = column.notna().to_numpy()
    ranked = pd.DataFrame({"value": column.to_numpy()[known], "shap": values[known]}).rank()
    if len(ranked) < 3 or (ranked.nunique() < 2).any():
        return float("nan")
    return float(np.corrcoef(ranked["value"], ranked["shap"])[0, 1])


def model_sentences(attributions: Attributions, examples: Examples, top: int = 5) -> list[str]:
    """What the model sees in all carts: for the most important features, which values go with more abandonment."""
    order = np.argsort(-attributions.importance, kind="stable")[:top]
    return [
        _model_sentence(attributions.specs[f], attributions.values[:, f], examples.features[attributions.specs[f].name])
        for f in order
        if attributions.importance[f] > 0
    ]


def _model_sentence(spec: Feature, values: npt.NDArray[np.float64], column: pd.Series) -> str:
    if spec.kind == "categorical" or spec.unit in CYCLIC:
        return _category_sentence(spec, values, column)
    trend = direction(values, column)
    if not abs(trend) >= CLEAR:
        return (
            f"{spec.title} counts in both directions: the same value goes with a higher or a lower predicted risk, "
            "depending on the rest of the cart."
        )
    return (
        f"Carts {_high(spec, column) if trend > 0 else _low(spec, column)} are left more often, as the model sees it."
    )


def _high(spec: Feature, column: pd.Series) -> str:
    known = column.dropna()
    edge = known.quantile(0.75, interpolation="nearest")
    if edge == known.min():  # most carts have the least value; the others are the high ones
        edge = known[known > edge].min()
    text = value_text(float(edge), spec)
    name = lower_first(spec.title)
    return f"with {text} or more {name}" if _counts(spec) else f"where {name} is {text} or more"


def _low(spec: Feature, column: pd.Series) -> str:
    known = column.dropna()
    edge = known.quantile(0.25, interpolation="nearest")
    if edge == known.max():
        edge = known[known < edge].max()
    text = value_text(float(edge), spec)
    name = lower_first(spec.title)
    if _counts(spec):
        return f"with no {name}" if edge == 0 else f"with {text} or fewer {name}"
    return f"where {name} is {text} or less"


def _counts(spec: Feature) -> bool:
    """Whether "3 or more" fits before the title: a count whose title starts with a plural, such as "Earlier carts"."""
    return spec.unit in COUNTED and any(word.endswith("s") for word in spec.title.split()[:2])


def _category_sentence(spec: Feature, values: npt.NDArray[np.float64], column: pd.Series) -> str:
    labels = (
        column.astype(object).where(column.notna(), None).map(lambda value: value_text(value, spec), na_action=None)
    )
    means = pd.Series(values).groupby(labels.to_numpy()).mean()
    worst, best = str(means.idxmax()), str(means.idxmin())
    if worst == best:
        return f"{spec.title} has the one value {worst} here."
    return f"{spec.title}: {worst} goes with the highest predicted risk, {best} with the lowest."
