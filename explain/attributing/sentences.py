"""Attributions in words. They say what the model sees, never what causes what: SHAP values cannot prove causes."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.examples import Examples
from data.feature import Feature
from explain.attributing.explanations import Attributions, sigmoid
from explain.wording import lower_first, value_text

REASONS = 3  # given for a cart
SLIGHT = 0.05  # log-odds, about a point of probability, below which a feature is not worth a reason
FEW = 10  # carts a category needs to be spoken of
COUNTED = ("events", "items", "pieces", "sessions", "categories")
CYCLIC = ("hour", "day")
CLEAR = 0.3  # rank correlation from which a direction is stated


def reasons(
    attributions: Attributions, examples: Examples, rows: npt.NDArray[np.int64] | None = None, top: int = REASONS
) -> list[list[str]]:
    """The features that move each cart's predicted risk most, in words, the strongest first.

    A reason names the value, a typical value, and how far it alone moves a typical cart's predicted risk. An
    attribution of less than `SLIGHT` is no reason.

    Args:
        attributions: SHAP values of the examples.
        examples: the same n examples.
        rows: positions to give reasons for; all where not set.
        top: most reasons a cart.

    Returns:
        One list per row, of 0 to `top` sentences.
    """
    positions = np.arange(len(examples)) if rows is None else rows
    values, points = attributions.values[positions], risk_points(attributions)[positions]
    order = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :top]
    columns = [examples.features[spec.name].to_numpy() for spec in attributions.specs]
    typical = [value_text(value, spec) for value, spec in zip(attributions.typical, attributions.specs, strict=True)]
    return [
        [
            _reason(attributions.specs[f], columns[f][position], typical[f], points[row, f])
            for f in order[row]
            if abs(values[row, f]) >= SLIGHT
        ]
        for row, position in enumerate(positions)
    ]


def risk_points(attributions: Attributions) -> npt.NDArray[np.float64]:
    """(n, F): what each feature's attribution alone does to a typical cart's predicted probability.

    Measured from the base rather than from the prediction, where a cart near 0 or 1 would seem to have no reasons.
    """
    base = np.array(attributions.base)
    return np.asarray(sigmoid(base + attributions.values) - sigmoid(base))


def _reason(spec: Feature, value: object, typical: str, points: float) -> str:
    verb = "raises" if points > 0 else "lowers"
    known, size = value_text(value, spec), points_text(points)
    usual = "a typical value" if known == typical else f"typically {typical}"
    return f"{spec.title} {known}, {usual}: {verb} the predicted risk by {size}"


def points_text(points: float) -> str:
    """A difference of probabilities in whole points, without its sign."""
    size = round(abs(points) * 100)
    return "less than 1 point" if size == 0 else "1 point" if size == 1 else f"{size} points"


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
    base = np.array(attributions.base)
    found = []
    for f in order[attributions.importance[order] > 0]:
        spec, values = attributions.specs[f], attributions.values[:, f]
        column = examples.features[spec.name]
        ordered = spec.kind == "numeric" and spec.unit not in CYCLIC
        found.append(_ordered(spec, values, column, base) if ordered else _unordered(spec, values, column))
    return found


def _ordered(spec: Feature, values: npt.NDArray[np.float64], column: pd.Series, base: npt.NDArray[np.float64]) -> str:
    trend = direction(values, column)
    if not abs(trend) >= CLEAR:
        return (
            f"“{spec.title}” counts in both directions: the same value goes with a higher or a lower predicted risk, "
            "depending on the rest of the cart."
        )
    more = _side(spec, values, column, base, trend, trend > 0)
    less = _side(spec, values, column, base, trend, trend < 0)
    # The report asks why carts are left; the other side is told where it is clearly the stronger one.
    return less[1] if abs(less[0]) > 1.5 * abs(more[0]) else more[1]


def _side(
    spec: Feature,
    values: npt.NDArray[np.float64],
    column: pd.Series,
    base: npt.NDArray[np.float64],
    trend: float,
    high: bool,
) -> tuple[float, str]:
    """Points and sentence of the carts with high (or low) values of a feature."""
    edge = _edge(column.dropna(), high)
    inside = ((column >= edge) if high else (column <= edge)).to_numpy(dtype=bool)
    points = float(sigmoid(base + values[inside].mean()) - sigmoid(base))
    if (points > 0) != ((trend > 0) == high):  # the mean of the group contradicts the trend: nothing plain to say
        return 0.0, f"“{spec.title}” goes with {'more' if trend > 0 else 'less'} predicted risk the higher it is."
    often, side = ("more", "above") if points > 0 else ("less", "below")
    group = _group(spec, edge, high, only=edge == (column.max() if high else column.min()))
    return points, f"Carts {group} are left {often} often: {points_text(points)} {side} a typical cart."


def _edge(known: pd.Series, high: bool) -> float:
    """Where the high (or low) values of a feature begin: its upper (or lower) quartile."""
    edge = known.quantile(0.75 if high else 0.25, interpolation="nearest")
    if high and edge == known.min():  # most carts have the least value; the others are the high ones
        edge = known[known > edge].min()
    if not high and edge == known.max():
        edge = known[known < edge].max()
    return float(edge)


def _group(spec: Feature, edge: float, high: bool, only: bool) -> str:
    text = value_text(edge, spec)
    if _counts(spec) and not (only and high):
        name = lower_first(spec.title)
        return f"with no {name}" if edge == 0 else f"with {text} or {'more' if high else 'fewer'} {name}"
    return f"with “{spec.title}” at {text}" + ("" if only else f" or {'more' if high else 'less'}")


def _counts(spec: Feature) -> bool:
    """Whether "3 or more" fits before the title: a count whose title starts with a plural, such as "Earlier carts"."""
    return spec.unit in COUNTED and any(word.endswith("s") for word in spec.title.split()[:2])


def _unordered(spec: Feature, values: npt.NDArray[np.float64], column: pd.Series) -> str:
    labels = (
        column.astype(object).where(column.notna(), None).map(lambda value: value_text(value, spec), na_action=None)
    )
    grouped = pd.Series(values).groupby(labels.to_numpy())
    common = grouped.size() >= max(FEW, len(values) // 100)
    means = grouped.mean()[common] if common.sum() > 1 else grouped.mean()
    worst, best = str(means.idxmax()), str(means.idxmin())
    if worst == best:
        return f"“{spec.title}” has the one value {worst} here."
    return f"“{spec.title}”: {worst} goes with the highest predicted risk, {best} with the lowest."
