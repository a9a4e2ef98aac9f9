"""Where SHAP values and permutation importance disagree, and why."""

import numpy as np

from explain.attributing.ranking import TOP, mean_points, ranking
from explain.attributing.sentences import risk_points
from explain.report.data import ReportData
from explain.whole.related import MOVED
from explain.wording import decimal_text, join_words

FAR = 3.0  # times the average that a feature moves the twentieth of the carts which it moves most


def disagreements(data: ReportData) -> list[str]:
    """Features high in one importance and not in the other, and the reason as far as the data show one."""
    importance = data.explanations.importance
    order, low, mean = ranking(data), importance.low["auc"], importance.mean["auc"]
    points = mean_points(data)
    silent = [int(f) for f in order[:TOP] if points[f] > 0 and low[f] <= 0]
    if data.metrics["abandonment"]["warnings"] and silent:
        names = join_words([f"“{importance.specs[f].title}”" for f in silent])
        return [f"The model uses {names}, but so few test carts cannot show what shuffling them would cost."]
    by_shuffle = sorted(range(len(mean)), key=lambda f: -mean[f])
    behind = set(order[: 2 * TOP].tolist())
    late = [f for f in by_shuffle[:TOP] if low[f] > 0 and f not in behind]
    return [_no_loss(data, f) for f in silent] + [_no_points(data, f) for f in late]


def _no_loss(data: ReportData, feature: int) -> str:
    """Why a feature that moves predictions costs nothing when it is shuffled: a twin, a shift, or too few carts."""
    title = data.explanations.attributions.specs[feature].title
    start = f"The model uses “{title}”, yet shuffling it costs no AUC that could be told from chance"
    group = next(group for group in data.whole.related.groups if _name(data, feature) in group.members)
    moved = _moved(data, feature)
    if len(group.members) == 1:
        few = ": there are too few test carts to see it, or what it taught in training does not hold later."
        return f"{start}.{moved}" if moved else start + few
    twins = _titles(data, [name for name in group.members if name != _name(data, feature)])
    if group.low > 0:
        return (
            f"{start}. It goes together with {twins}: shuffled as one they cost {decimal_text(group.mean)} AUC, so "
            "each stands in for the other when one alone is shuffled; read them together."
        )
    return (
        f"{start}, nor does shuffling it together with {twins}, which go with it: it moves predictions without making "
        f"the ranking of these carts better by anything that could be shown.{moved}"
    )


def _no_points(data: ReportData, feature: int) -> str:
    """Why a feature that costs much when shuffled moves predictions little on average."""
    title = data.explanations.attributions.specs[feature].title
    start = f"Shuffling “{title}” costs more than its SHAP values suggest"
    moved = np.sort(np.abs(risk_points(data.explanations.attributions)[:, feature]))
    most = moved[-max(1, len(moved) // 20) :].mean()
    if most >= FAR * moved.mean() > 0:
        return (
            f"{start}: it moves few carts, but those far, {most / moved.mean():.0f} times the average in the twentieth "
            "that it moves most."
        )
    return f"{start}.{_moved(data, feature) or ' No reason shows in the test carts.'}"


def _moved(data: ReportData, feature: int) -> str:
    """That a feature's values have moved since training, with a space before it; empty where they have not."""
    index = data.whole.related.shift[_name(data, feature)]
    if index < MOVED:
        return ""
    return (
        f" Its values have moved between training and test (population stability index {decimal_text(index, 2)}; from "
        f"{MOVED:g} a shift counts as large), so what it taught in training may not hold later."
    )


def _name(data: ReportData, feature: int) -> str:
    return data.explanations.attributions.specs[feature].name


def _titles(data: ReportData, names: list[str]) -> str:
    titles = {spec.name: spec.title for spec in data.explanations.attributions.specs}
    return join_words([f"“{titles[name]}”" for name in names])
