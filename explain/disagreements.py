"""Where SHAP values and permutation importance disagree, and why."""

import numpy as np

from explain.ranking import TOP, mean_points, ranking
from explain.report_data import ReportData
from explain.wording import join_words

RELATED = 0.6  # rank correlation from which two features count as telling the same


def disagreements(data: ReportData) -> list[str]:
    """Features high in one importance and not in the other, and the likely reason."""
    importance = data.explanations.importance
    order, low, mean = ranking(data), importance.low["auc"], importance.mean["auc"]
    points = mean_points(data)
    silent = [f for f in order[:TOP] if points[f] > 0 and low[f] <= 0]
    if data.metrics["abandonment"]["warnings"] and silent:
        names = join_words([f"“{importance.specs[f].title}”" for f in silent])
        return [f"The model uses {names}, but so few test carts cannot show what shuffling them would cost."]
    by_shuffle = sorted(range(len(mean)), key=lambda f: -mean[f])
    behind = set(order[: 2 * TOP].tolist())
    late = [importance.specs[f].title for f in by_shuffle[:TOP] if low[f] > 0 and f not in behind]
    return [_no_loss(data, f) for f in silent] + [
        f"Shuffling “{title}” costs more than its SHAP values suggest: it may move few carts, but those far."
        for title in late
    ]


def _no_loss(data: ReportData, feature: int) -> str:
    specs = data.explanations.attributions.specs
    title = specs[feature].title
    partner, strength = _closest(data, feature)
    start = f"The model uses “{title}”, yet shuffling it costs no AUC that could be told from chance"
    if strength >= RELATED:
        return (
            f"{start}. It tells much the same as “{specs[partner].title}” (rank correlation {strength:.2f}), which "
            "stands in for it: read the two together."
        )
    return f"{start}: there are too few test carts to see it, or what it taught in training does not hold later."


def _closest(data: ReportData, feature: int) -> tuple[int, float]:
    """The other numeric feature with the highest absolute rank correlation, and that correlation."""
    specs = data.explanations.attributions.specs
    numeric = [f for f, spec in enumerate(specs) if spec.kind == "numeric" and f != feature]
    if specs[feature].kind != "numeric" or not numeric:
        return feature, 0.0
    ranks = data.examples.features[[specs[feature].name, *(specs[f].name for f in numeric)]].rank()
    spread = ranks.columns[ranks.nunique() > 1]
    if specs[feature].name not in spread:
        return feature, 0.0
    strength = ranks[spread].corrwith(ranks[specs[feature].name]).abs().drop(specs[feature].name)
    if strength.dropna().empty:
        return feature, 0.0
    best = str(strength.idxmax())
    return next(f for f in numeric if specs[f].name == best), float(strength.max())
