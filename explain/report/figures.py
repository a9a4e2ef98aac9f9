"""The report's figures, made from its data."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from explain.attributing.ranking import mean_points, ranking
from explain.attributing.sentences import risk_points
from explain.charts import line_charts, row_charts
from explain.charts.svg import WIDE, Figure
from explain.report.data import ReportData, RunData
from explain.report.findings import baseline_name
from explain.tables import slice_text
from explain.wording import decimal_text, join_words, points_text, share_text, unique_titles, upper_first

SHOWN = 12  # features in a chart; the table has all of them
MOST_SLICES = 14  # slices in the chart: those with the lowest AUC, where there are more
FEW_OF_ONE = 20  # carts of the rarer outcome from which the AUC of a part is shown in the chart
MODEL = "This model"


def importance(data: ReportData) -> Figure:
    """Mean points of predicted risk by which each feature moves a cart."""
    points, order = mean_points(data), ranking(data)[:SHOWN]
    titles = unique_titles(data.explanations.attributions.specs)
    names, values = [titles[f] for f in order], [float(points[f]) * 100 for f in order]
    leaders = join_words([f"{n} ({v:.1f})" for n, v in zip(names[:3], values[:3], strict=True)])
    return row_charts.bars(
        names,
        values,
        [f"{value:.1f}" for value in values],
        "How far features move the predicted risk",
        f"Mean points of predicted risk, up or down, by SHAP values. Highest: {leaders}.",
    )


def shuffle(data: ReportData) -> Figure:
    """AUC lost when a feature is shuffled, in the order of `importance`."""
    found, order = data.explanations.importance, ranking(data)[:SHOWN]
    titles = unique_titles(found.specs)
    mean, low, high = found.mean["auc"], found.low["auc"], found.high["auc"]
    clear = [titles[f] for f in order if low[f] > 0]
    return row_charts.intervals(
        [titles[f] for f in order],
        [mean[f] for f in order],
        [low[f] for f in order],
        [high[f] for f in order],
        "What the ranking loses without them",
        "Permutation importance with 95% intervals, the features in the same order. "
        f"Clearly above zero: {len(clear)} of {len(order)}.",
        "AUC lost when shuffled",
    )


def swarm(data: ReportData) -> Figure:
    """One dot a cart and feature."""
    found, order = data.explanations.attributions, ranking(data)[:SHOWN]
    ranks = np.full((len(found.values), len(order)), np.nan)
    for column, f in enumerate(order):
        spec = found.specs[f]
        if spec.kind == "numeric" and spec.unit not in ("hour", "day"):
            ranks[:, column] = data.examples.features[spec.name].rank(pct=True).to_numpy() - 1e-9
    titles = unique_titles(found.specs)
    return row_charts.swarm(
        [titles[f] for f in order],
        risk_points(found)[:, order],
        ranks,
        "Cart by cart",
        "Each dot is a cart. To the right of the line the feature raises the cart's predicted risk, to the left it "
        "lowers it; the colour says whether the feature's value is low or high. The table of features below tells the "
        "same in words.",
    )


def quality(data: ReportData) -> list[Figure]:
    """ROC, precision-recall, calibration and lift."""
    found, curves = data.metrics["abandonment"], data.curves
    if not curves["roc"].get("model", {}).get("x"):
        return []  # carts of one class have no curves
    auc = ", ".join(f"{who} {decimal_text(row['auc'])}" for who, row in _contestants(found))
    precision = ", ".join(f"{who} {decimal_text(row['average_precision'])}" for who, row in _contestants(found))
    figures = [
        line_charts.curves(
            _lines(curves["roc"]),
            "Finding carts that will be left (ROC)",
            f"AUC: {auc}. The dotted line is guessing.",
            "Bought carts flagged by mistake",
            "Left carts found",
            diagonal=True,
        ),
        line_charts.curves(
            _lines(curves["precision_recall"]),
            "How many flagged carts are right",
            f"Precision against recall. Average precision: {precision}.",
            "Left carts found (recall)",
            "Flagged carts really left",
        ),
    ]
    if curves["calibration"].get("model"):
        ece = points_text(found["test"]["ece"])
        figures.append(
            line_charts.calibration(
                curves["calibration"]["model"],
                "Does a predicted 70% mean 70%?",
                f"Each dot is a group of carts with its 95% interval; on the dotted line predictions come true. "
                f"On average they are off by {ece}.",
            )
        )
    figures.append(
        line_charts.curves(
            _lines(curves["lift"]),
            "What the riskiest carts hold (lift)",
            "How many times more left carts are among the riskiest share of carts than in a random share of that size.",
            "Share of carts taken, riskiest first",
            "Times the average",
            percent_y=False,
        )
    )
    return figures


def slices(data: ReportData) -> Figure | None:
    """AUC by part of the carts; None where there are no parts of some size."""
    parts = data.metrics["abandonment"]["slices"]
    # An AUC hangs on the rarer outcome: of parts with a few carts one is always the lowest, by luck.
    known = [part for part in parts if part["auc_interval"] and _rarer(part) >= FEW_OF_ONE]
    if not known:
        return None
    shown = sorted(known, key=lambda part: part["auc"])[:MOST_SLICES]
    lowest = join_words([f"{p['title']} {slice_text(p)} ({decimal_text(p['auc'])})" for p in shown[:2]])
    overall = data.metrics["abandonment"]["test"]["auc"]
    return row_charts.intervals(
        [f"{part['title']}: {slice_text(part)}" for part in shown],
        [part["auc"] for part in shown],
        [part["auc_interval"][0] for part in shown],
        [part["auc_interval"][1] for part in shown],
        "Where the ranking is weakest",
        f"AUC with 95% intervals for the parts of the carts where it is lowest, of those with {FEW_OF_ONE} left and "
        f"{FEW_OF_ONE} bought carts or more; dotted: all carts. Lowest: {lowest}.",
        "AUC",
        reference=overall,
        wide=WIDE,
    )


def _rarer(part: Mapping[str, Any]) -> int:
    """Carts of the outcome that fewer of the part's carts have."""
    lost = round(int(part["n"]) * float(part["abandoned_share"]))
    return min(lost, int(part["n"]) - lost)


def profit(data: ReportData) -> Figure | None:
    """Profit per cart by threshold."""
    curve, found = data.curves["threshold_profit"], data.metrics["abandonment"]["threshold"]
    if not curve["x"]:
        return None
    chosen = found["value"] if found["value"] < 1 else None
    best = (
        f"The chosen threshold is {share_text(chosen, 0)}." if chosen is not None else "No threshold brings a profit."
    )
    return line_charts.profit(
        curve["x"], curve["y"], chosen, "What nudging brings", f"Profit per cart, nudged or not. {best}"
    )


def histories(data: RunData) -> list[Figure]:
    """Loss by epoch of each trained model."""
    figures = []
    for key, name in (("abandonment", "Abandonment model"), ("recommender", "Recommender")):
        series = data.history.get(key) or {}
        losses = {
            label: series[metric]
            for metric, label in (("loss", "Training"), ("val_loss", "Validation"))
            if isinstance(series.get(metric), list) and series[metric]
        }
        if losses:
            last = next(iter(losses.values()))
            description = f"Loss by epoch over {len(last)} epochs; the weights of the best epoch were kept."
            figures.append(line_charts.history(losses, f"{name}: training", description, "Loss"))
    return figures


def trials(data: ReportData) -> Figure | None:
    """The search's trials by the metric that chose among them."""
    scored = [(str(t["trial"]), (t.get("metrics") or {}).get("val_auc")) for t in data.trials]
    known = sorted(((name, value) for name, value in scored if value is not None), key=lambda pair: -pair[1])[:20]
    if not known:
        return None
    return row_charts.dots(
        [f"Trial {name}" for name, _ in known],
        [value for _, value in known],
        "Settings tried",
        f"AUC on validation carts by trial, the best on top: trial {known[0][0]} with {decimal_text(known[0][1])}.",
        "Validation AUC",
    )


def recommender(data: RunData) -> Figure | None:
    """How often the recommender and its baselines show the next item."""
    found = data.metrics.get("recommender") or {}
    if "test" not in found:
        return None
    recall = next(iter(found["test"]))
    shown = recall.partition("_at_")[2]
    rows = sorted(_contestants(found), key=lambda row: -(row[1][recall] or 0))
    values = [float(row[recall] or 0) * 100 for _, row in rows]
    texts = [share_text(value / 100, 1) for value in values]
    said = ", ".join(f"{who} {text}" for (who, _), text in zip(rows, texts, strict=True))
    return row_charts.bars(
        [who for who, _ in rows],
        values,
        texts,
        f"How often the next item is among {shown} shown",
        f"Recall@{shown}: {said}.",
    )


def _contestants(found: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    named = [(_title(name), row) for name, row in found["baselines"].items()]
    return [(MODEL, found["test"]), *named]


def _lines(curves: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, tuple[Sequence[float], Sequence[float]]]:
    ordered = sorted(curves, key=lambda name: name != "model")
    return {MODEL if n == "model" else _title(n): (curves[n]["x"], curves[n]["y"]) for n in ordered}


def _title(name: str) -> str:
    return upper_first(baseline_name(name))
