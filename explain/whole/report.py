"""The report's part on the model as a whole."""

from typing import Any

from explain.charts.row_charts import intervals
from explain.charts.svg import WIDE, Figure
from explain.report.data import ReportData
from explain.whole import charts, tables, words
from explain.whole.parts import Parts
from explain.whole.related import Related
from explain.whole.stand_ins import StandIns
from explain.wording import decimal_text, join_words, unique_titles

SHOWN = 12  # terms and groups in a chart; the tables have all of them


def whole_part(data: ReportData) -> dict[str, Any]:
    """What the template of this part needs."""
    found, specs = data.whole, data.explanations.attributions.specs
    titles = dict(zip([spec.name for spec in specs], unique_titles(specs), strict=True))
    surface = found.interactions.surface
    names = (titles[surface.first.name], titles[surface.second.name]) if surface else ("", "")
    return {
        "whole": {
            "shapes": [
                charts.shape_chart(shape, titles[shape.feature.name], words.shape_text(shape)) for shape in found.shapes
            ],
            "shapes_table": tables.shapes_table(found.shapes, titles),
            "interactions": words.interactions_text(found.interactions, titles),
            "interactions_rows": found.interactions.rows,
            "interactions_table": tables.interactions_table(found.interactions, titles),
            "surface": surface
            and charts.surface_chart(surface, names, "The strongest pair", words.surface_text(surface, titles)),
            "surface_table": surface and tables.surface_table(surface, titles),
            "stand_ins": _stand_ins(data, found.stand_ins, titles),
            "parts": _parts(found.parts, titles),
            "parts_table": tables.parts_table(
                found.parts, data.explanations.attributions, titles, data.metrics.get("multi_task")
            ),
            "parts_counts": found.parts,
            **_related(data, found.related, titles),
        }
    }


def _related(data: ReportData, found: Related, titles: words.Titles) -> dict[str, Any]:
    shuffled = data.explanations.importance
    alone = dict(zip([spec.name for spec in shuffled.specs], shuffled.mean["auc"], strict=True))
    several = sorted((group for group in found.groups if len(group.members) > 1), key=lambda one: -one.mean)
    figure = None
    if several:
        names = [_short([titles[name] for name in group.members]) for group in several[:SHOWN]]
        figure = charts.together_chart(
            names,
            [(group.mean, group.low, group.high) for group in several[:SHOWN]],
            [[alone[name] for name in group.members] for group in several[:SHOWN]],
            "What features that go together are worth as one",
            f"AUC lost when they are shuffled together, with 95% intervals, beside each alone. Most: {names[0]}, "
            f"{decimal_text(several[0].mean)} together.",
        )
    return {
        "cut": found.cut,
        "together": figure,
        "related_table": tables.related_table(found, alone, titles) if several else None,
        "shift_table": tables.shift_table(found, titles),
    }


def _short(names: list[str]) -> str:
    return join_words(names if len(names) < 4 else [*names[:2], f"{len(names) - 2} more"])


def _stand_ins(data: ReportData, found: StandIns, titles: words.Titles) -> dict[str, Any]:
    least, specs = found.min_fidelity, {spec.name: spec for spec in data.explanations.attributions.specs}
    terms, names = found.regression.terms, [words.term_text(term, titles) for term in found.regression.terms]
    added, divided = (one.fidelity.r2[0] >= least for one in (found.regression, found.tree))
    return {
        "found": found,
        "table": tables.fidelity_table(found),
        "regression": words.stand_in_text("logistic regression", found.regression.fidelity, least),
        "tree": words.stand_in_text("decision tree", found.tree.fidelity, least),
        "bars": charts.signed_bars(
            names[:SHOWN],
            [term.spread for term in terms[:SHOWN]],
            "The logistic regression in the network's place",
            f"How far each term moves carts: log-odds for one standard deviation. Strongest: {join_words(names[:3])}.",
            "Log-odds added (+) or taken away (−)",
        )
        if added and terms
        else None,
        "terms": tables.terms_table(names, terms) if added else None,
        "root": words.branch(found.tree.root, specs, titles) if divided else None,
    }


def _parts(found: Parts, titles: words.Titles) -> Figure | None:
    known = [(tables.part_name(part, titles), part.auc_lost) for part in found.parts if part.auc_lost]
    if not known:
        return None
    names, lost = [name for name, _ in known], [ends for _, ends in known]
    return intervals(
        names,
        [mean for mean, _, _ in lost],
        [low for _, low, _ in lost],
        [high for _, _, high in lost],
        "What each part brings",
        f"AUC lost without it, with 95% intervals. Most: {names[0]}, {decimal_text(lost[0][0])}.",
        "AUC lost without it",
        wide=WIDE,
    )
