"""The monitored metric of every trial against its learning rate."""

from typing import Any

import altair as alt
import numpy as np

from explain.charts.svg import HIGH, MIDDLE, MODEL, MUTED, Figure, data, figure
from explain.comparison.charts import SMALL, ticks
from explain.comparison.rates import TOLERANCE, Rates, rates_of
from explain.comparison.rows import Comparison
from explain.comparison.spans import Span, span_of_scores
from explain.wording import metric_name, number_text, share_text

LOOKS: dict[str, dict[str, Any]] = {
    "near": {"color": MODEL, "filled": True, "size": 60},
    "other": {"color": MUTED, "fill": "transparent", "size": 50},
    "beyond": {"color": MUTED, "shape": "triangle-down", "size": 50},
    "failed": {"color": HIGH, "shape": "cross", "angle": 45, "filled": True, "size": 80},
}
"""How a trial is marked: in the span around the best, outside of it, worse than what is shown, failed."""


def rate_figures(found: Comparison) -> list[Figure]:
    """A panel an alternative whose trials differ in the learning rate; empty where none do.

    All have the same axes, so that equal factors are equally wide.
    """
    known = [(row, rates_of(row, found.less_is_better)) for row in (*found.done, *found.failed)]
    panels = [(str(row["label"]), one) for row, one in known if one is not None]
    if not panels:
        return []
    tried = [rate for _, one in panels for rate in one.rates]
    values = np.array([value for _, one in panels for value in one.values if value is not None])
    x, y = (min(tried) / 1.5, max(tried) * 1.5), span_of_scores(values, found.less_is_better)
    name = metric_name(str(found.result["monitor"]))
    return [_panel(one, label, name, x, y, y[1] if found.less_is_better else y[0]) for label, one in panels]


def span_text(found: Rates) -> str:
    """Over which factor of rates the trials stay near their best."""
    near, tried = found.last - found.first + 1, len(found.rates)
    lost = sum(value is None for value in found.values)
    failed = f"; {lost} failed" if lost else ""
    within = f"ithin {share_text(TOLERANCE, 0)} of its best"
    low, high = (f"{found.rates[i]:.2g}" for i in (found.first, found.last))
    if near == 1:
        return f"Of {tried} rates tried only the best, {low}, is w{within}{failed}."
    factor = number_text(float(f"{found.factor:.2g}"))
    return f"W{within} over a factor of {factor}, from {low} to {high}: {near} of {tried} rates tried{failed}."


def _panel(found: Rates, title: str, y_title: str, x: Span, y: Span, floor: float) -> Figure:
    """One alternative's trials; those that failed, or are worse than what is shown, stand at `floor`."""
    rows = [
        {"x": rate, "y": floor if value is None else min(max(value, y[0]), y[1]), "kind": _kind(found, i, y)}
        for i, (rate, value) in enumerate(zip(found.rates, found.values, strict=True))
    ]
    marks = [10.0**power for power in range(-12, 7) if x[0] <= 10.0**power <= x[1]]

    def draw(_narrow: bool) -> alt.LayerChart:
        axis = alt.Axis(values=marks, labelExpr="'1e' + round(log(datum.value) / log(10))", labelOverlap=True)
        scale = alt.Scale(type="log", domain=list(x), nice=False)
        across = alt.X("x:Q", title="Learning rate", scale=scale, axis=axis)
        up = alt.Y("y:Q", title=y_title, scale=alt.Scale(domain=list(y), zero=False, nice=False), axis=ticks(True))
        edges = data([{"x": found.rates[found.first], "x2": found.rates[found.last]}])
        ground = alt.Chart(edges, height=120).mark_rect(color=MODEL, opacity=0.14).encode(x=across, x2="x2:Q")
        scored = alt.Chart(data([row for row in rows if row["kind"] in ("near", "other")]))
        line = scored.mark_line(color=MIDDLE, strokeWidth=1).encode(x=across, y=up)
        marked = [
            alt.Chart(data([row for row in rows if row["kind"] == kind])).mark_point(opacity=1, **look)
            for kind, look in LOOKS.items()
        ]
        return alt.layer(ground, line, *(dots.encode(x=across, y=up) for dots in marked))

    return figure(draw, title, span_text(found), SMALL)


def _kind(found: Rates, position: int, y: Span) -> str:
    value = found.values[position]
    if value is None:
        return "failed"
    if found.first <= position <= found.last:
        return "near"
    return "other" if y[0] <= value <= y[1] else "beyond"
