"""What is said of a group of carts: sentences, a table, a page and a CSV file."""

import csv
import io

import numpy as np

from data.spreadsheet import harmless
from explain.attributing.explanations import sigmoid
from explain.attributing.sentences import points_text
from explain.charts.row_charts import intervals
from explain.charts.svg import WIDE
from explain.group.results import Estimate, Group, GroupFeature, Part
from explain.page import render
from explain.tables import Cell, Grid, difference_cell
from explain.wording import (
    DASH,
    count_text,
    decimal_text,
    interval_text,
    share_text,
    signed_text,
    unique_titles,
    value_text,
)

CHARTED, TOLD = 12, 5
FEW = 30  # sessions below which the intervals themselves are uncertain
COLUMNS = (
    "feature", "title", "typical_in_group", "typical_elsewhere", "mean_shap_in_group", "mean_shap_elsewhere",
    "difference", "difference_low", "difference_high", "auc_drop", "auc_drop_low", "auc_drop_high",
)  # fmt: skip


def group_sentences(group: Group) -> list[str]:
    """The group and the rest in words: size, outcome, quality, and the features that clearly differ."""
    inside, outside = group.inside, group.outside
    told = [
        f"The group has {count_text(inside.carts)} decision points of {count_text(inside.sessions)} sessions; "
        f"{_share(inside)} were left, and {_share(outside)} of the {count_text(outside.carts)} others",
        f"The model expects {share_text(inside.predicted)} in the group and {share_text(outside.predicted)} elsewhere",
        f"It ranks carts with an AUC of {_auc(inside)} in the group and {_auc(outside)} elsewhere",
    ]
    if inside.sessions < FEW:
        told.append(f"With {inside.sessions} sessions in the group all of this is a first look")
    clear = [one for one in group.features if _clear(one.difference)][:TOLD]
    titles = _titles(group)
    told += [_feature(one, titles[one.spec.name], group.base) for one in clear]
    return told if clear else [*told, "No feature moves the predictions of the group clearly otherwise than elsewhere"]


def group_table(group: Group) -> Grid:
    """Every feature in the group and elsewhere."""
    titles = _titles(group)
    rows: list[tuple[str | Cell, ...]] = [
        (
            titles[one.spec.name],
            value_text(one.typical[0], one.spec),
            value_text(one.typical[1], one.spec),
            signed_text(one.mean[0]),
            signed_text(one.mean[1]),
            difference_cell(one.difference),
            Cell(decimal_text(one.drop[0]), interval_text(one.drop[1:])) if one.drop else Cell(DASH),
        )
        for one in group.features
    ]
    head = ("Feature", "Typical here", "Typical elsewhere", "Mean SHAP here", "Mean SHAP elsewhere", "Difference",
            "AUC lost when shuffled here")  # fmt: skip
    return Grid("Every feature, the one that differs most first", head, tuple(rows))


def group_page(group: Group, source: str = "") -> str:
    """A self-contained HTML page."""
    shown, titles = group.features[:CHARTED], _titles(group)
    means, lows, highs = zip(*(one.difference for one in shown), strict=True)
    figure = intervals(
        [titles[one.spec.name] for one in shown], means, lows, highs,
        "What moves the predictions of the group, against the other carts",
        "Mean SHAP value in the group less that elsewhere, in log-odds, with its 95% interval over sessions; "
        "right of the line a feature raises the predicted risk of the group more.",
        "Log-odds", wide=WIDE, faint=frozenset(i for i, one in enumerate(shown) if not _clear(one.difference)),
    )  # fmt: skip
    parts = Grid("The group and the rest", ("", "Decision points", "Sessions", "Left", "Predicted", "AUC"), (
        _row("The group", group.inside), _row("The other carts", group.outside),
    ))  # fmt: skip
    return render(
        "group.html.j2", condition=group.condition, sentences=group_sentences(group), figure=figure, parts=parts,
        features=group_table(group), explained=group.explained, source=source,
    )  # fmt: skip


def group_csv(group: Group) -> str:
    """The table's figures, a feature a row."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    titles = _titles(group)
    for one in group.features:
        drop = one.drop or ("", "", "")
        row = (one.spec.name, titles[one.spec.name], *one.typical, *one.mean, *one.difference, *drop)
        writer.writerow([harmless("" if value is None else value) for value in row])
    return out.getvalue()


def _feature(one: GroupFeature, title: str, base: float) -> str:
    here, there = (value_text(value, one.spec) for value in one.typical)
    usual = f"typically {here} in both" if here == there else f"typically {here} here and {there} elsewhere"
    points = float(sigmoid(np.array(base + one.difference[0])) - sigmoid(np.array(base)))
    verb = "raises" if points > 0 else "lowers"
    return f"{title}, {usual}: {verb} the predicted risk by {points_text(points)} against the other carts"


def _clear(difference: Estimate) -> bool:
    return difference[1] > 0 or difference[2] < 0


def _share(part: Part) -> str:
    return f"{share_text(part.left[0])} ({share_text(part.left[1])} to {share_text(part.left[2])})"


def _auc(part: Part) -> str:
    return f"{decimal_text(part.auc[0])} ({interval_text(part.auc[1:])})" if part.auc else "no defined value"


def _row(name: str, part: Part) -> tuple[str | Cell, ...]:
    left = Cell(share_text(part.left[0]), f"{share_text(part.left[1])} to {share_text(part.left[2])}")
    auc = Cell(decimal_text(part.auc[0]), interval_text(part.auc[1:])) if part.auc else Cell(DASH)
    return name, count_text(part.carts), count_text(part.sessions), left, share_text(part.predicted), auc


def _titles(group: Group) -> dict[str, str]:
    specs = [one.spec for one in group.features]
    return dict(zip([spec.name for spec in specs], unique_titles(specs), strict=True))
