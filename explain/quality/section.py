"""The report's part on how far its explanations can be trusted."""

from collections.abc import Mapping, Sequence
from typing import Any

from explain.charts import line_charts
from explain.charts.svg import Figure
from explain.quality.methods import METHODS
from explain.quality.verdicts import CHECKS, Check, poor
from explain.report.data import ReportData
from explain.tables import Cell, Grid
from explain.wording import DASH, count_text, decimal_text, share_text

GUIDED, RANDOM = "By SHAP values", "In random order"
Figures = Mapping[str, float | None]


def quality_part(data: ReportData) -> dict[str, Any]:
    """What the template of this part needs; `trust` is None where nothing was measured."""
    found = data.explanation_quality
    if found is None:
        return {"trust": None}
    figures: Figures = found["figures"]
    return {
        "trust": {
            "verdict": verdict(figures),
            "poor": [
                f"{check.question} {_value(check, figures)}, {_bound(check)}. {check.meaning}"
                for check in poor(figures)
            ],
            "checks": _checks(figures),
            "charts": [_chart(found, "deletion"), _chart(found, "insertion")],
            "methods": _methods(found["passes"]),
            "carts": found["carts"],
            "auc": [decimal_text(figures[name]) for name in ("auc_of_reasons", "auc_of_model")],
            "steepest": decimal_text(figures["lipschitz_largest"], 1),
        }
    }


def verdict(figures: Figures) -> str:
    """How many of the checks are good, in a sentence."""
    measured = sum(figures.get(check.figure) is not None for check in CHECKS)
    bad = poor(figures)
    if not measured:
        return "Nothing could be measured on these carts."
    if not bad:
        return f"All {measured} checks are good."
    return f"{measured - len(bad)} of {measured} checks are good. Mind the other{'s' if len(bad) > 1 else ''}:"


def _checks(figures: Figures) -> Grid:
    rows: list[tuple[str | Cell, ...]] = [
        (Cell(check.question, check.term), Cell(_value(check, figures), _bound(check)), _verdict(check, figures),
         check.meaning)
        for check in CHECKS if check.figure in figures
    ]  # fmt: skip
    return Grid("The explanations under test", ("Question", "Measured", "Verdict", "What it means"), tuple(rows),
                frozenset({2, 3}))  # fmt: skip


def _value(check: Check, figures: Figures) -> str:
    value = figures[check.figure]
    return DASH if value is None else check.text(value)


def _bound(check: Check) -> str:
    return f"good {'from' if check.relation == '>=' else 'up to'} {check.text(check.bound)}"


def _verdict(check: Check, figures: Figures) -> str:
    value = figures[check.figure]
    return "undefined here" if value is None else "good" if check.good(value) else "poor"


def _chart(found: Mapping[str, Any], kind: str) -> Figure:
    figures, guided, random = found["figures"], found["curves"][kind], found["curves"][f"{kind}_random"]
    steps = [place / max(1, len(guided) - 1) for place in range(len(guided))]
    deletion = kind == "deletion"
    does = "falls" if deletion else "rises"
    return line_charts.curves(
        {GUIDED: (steps, guided), RANDOM: (steps, random)},
        "Features taken away" if deletion else "Features put in",
        f"The sooner it {does}, the better. Mean over carts: {_after(guided)} by SHAP values and {_after(random)} in "
        f"random order after a fifth of the features; in {share_text(figures[f'{kind}_beats_random'])} of the carts "
        "SHAP values do better.",
        f"Features {'replaced by those of typical carts' if deletion else 'put into typical carts'}",
        "Distance from a typical cart (log-odds)",
        percent_y=False,
    )


def _after(curve: Sequence[float]) -> str:
    return decimal_text(curve[round((len(curve) - 1) / 5)], 2)


def _methods(passes: Mapping[str, float]) -> Grid:
    rows: list[tuple[str | Cell, ...]] = [
        (method.title, method.portability, method.translucency, method.expressive_power,
         Cell(count_text(passes[method.key]), method.cost))
        for method in METHODS
    ]  # fmt: skip
    head = ("Method", "Explains", "Looks inside", "Says", "Passes through the network a cart")
    return Grid("What the methods can and cannot do", head, tuple(rows), frozenset({1, 2, 3}))
