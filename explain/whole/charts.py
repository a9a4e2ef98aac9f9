"""Charts of the model as a whole. Each takes what was computed and gives a `Figure`."""

import json
from collections.abc import Mapping, Sequence

import altair as alt

from data.feature import Feature
from explain.charts.row_charts import row_step, rows_axis, with_names
from explain.charts.svg import HALF, INK, MODEL, MUTED, OTHER, WIDE, Figure, data, figure
from explain.whole.interactions import Surface
from explain.whole.shapes import Shape
from explain.wording import share_text, value_text

EVERY, LOCAL, SINGLE = "all carts at this value", "local effects", "single carts"
SKEWED = 5.0  # times as far from the median to the upper end as to the lower, from which the axis is bent
LABEL = 30  # characters of a row's name


def shape_chart(shape: Shape, title: str, description: str) -> Figure:
    """The curves of a numeric feature over its values, or the dots of a categorical one over its categories."""
    return _numeric(shape, title, description) if shape.quantiles else _levels(shape, title, description)


def _numeric(shape: Shape, title: str, description: str) -> Figure:
    dependence, local = shape.dependence, shape.local
    both = [
        {"x": x, "y": y, "low": low, "high": high, "name": name}
        for name, band in ((EVERY, dependence), (LOCAL, local))
        for x, y, low, high in zip(shape.values, band.mean, band.low, band.high, strict=True)
    ]
    carts = [
        {"x": x, "y": y, "cart": cart, "name": SINGLE}
        for cart, line in enumerate(shape.carts)
        for x, y in zip(shape.values, line, strict=True)
    ]
    scale = _scale(shape)
    axis = _axis(shape.quantiles, shape.feature)
    names = [EVERY, LOCAL, SINGLE]

    def draw(narrow: bool) -> alt.LayerChart:
        legend = alt.Legend(title=None, symbolType="stroke", columns=1 if narrow else 0, symbolSize=300)
        colour = alt.Color(
            "name:N", scale=alt.Scale(domain=names, range=[MODEL, OTHER, MUTED]), sort=names, legend=legend
        )
        x = alt.X("x:Q", title=None, scale=scale, axis=axis)
        y = alt.Y("y:Q", title="Predicted risk", axis=alt.Axis(format=".0%", tickCount=5), scale=alt.Scale(zero=False))
        base = alt.Chart(data(both), height=220)
        dash = alt.StrokeDash("name:N", scale=alt.Scale(domain=names, range=[[1, 0], [6, 3], [1, 0]]), sort=names)
        lines = base.mark_line(strokeWidth=2.5).encode(x=x, y=y, color=colour, strokeDash=dash)
        band = base.transform_filter(alt.datum.name == EVERY).mark_area(opacity=0.18, color=MODEL)
        single = alt.Chart(data(carts)).mark_line(strokeWidth=0.8, opacity=0.35, color=MUTED)
        return alt.layer(single.encode(x=x, y=y, detail="cart:N"), band.encode(x=x, y="low:Q", y2="high:Q"), lines)

    return figure(draw, title, description, HALF)


def _scale(shape: Shape) -> alt.Scale:
    low, _, middle, _, high = shape.quantiles
    numbers = [float(value) for value in shape.values if isinstance(value, int | float)]
    domain = [min(numbers), max(numbers)]
    if min(numbers) >= 0 and high - middle > SKEWED * (middle - low):
        return alt.Scale(type="symlog", constant=max(middle, domain[1] / 20), domain=domain, nice=False)
    return alt.Scale(domain=domain, nice=False, zero=False)


def _axis(quantiles: Sequence[float], spec: Feature) -> alt.Axis:
    """Marks where the carts are: at their 5th, 25th, 50th, 75th and 95th percentile."""
    marks = sorted(set(quantiles))
    # Each text is a JSON string, so that none can end the expression that picks it.
    texts = "".join(f"datum.value == {json.dumps(mark)} ? {json.dumps(value_text(mark, spec))} : " for mark in marks)
    return alt.Axis(values=marks, labelExpr=f"{texts}''", labelOverlap=True, ticks=True, tickSize=6)


def _levels(shape: Shape, title: str, description: str) -> Figure:
    texts = level_names(shape.values, shape.feature)
    labels = [f"{text} ({share_text(share)})" for text, share in zip(texts, shape.shares, strict=True)]
    order = sorted(range(len(labels)), key=lambda i: -shape.dependence.mean[i])
    rows = [
        {"name": labels[i], "x": band.mean[i], "low": band.low[i], "high": band.high[i], "series": series}
        for i in order
        for series, band in ((EVERY, shape.dependence), (LOCAL, shape.local))
    ]
    return _dots([labels[i] for i in order], rows, (EVERY, LOCAL), "Predicted risk", ".0%", title, description, HALF)


def _dots(
    names: Sequence[str],
    rows: Sequence[Mapping[str, object]],
    series: tuple[str, str],
    axis: str,
    form: str,
    title: str,
    description: str,
    wide: int,
) -> Figure:
    """Two kinds of dots a row; those of the first with their intervals, `low` to `high`."""

    def draw(narrow: bool) -> alt.LayerChart:
        y = rows_axis(names, narrow)
        x = alt.X("x:Q", title=axis, axis=alt.Axis(format=form, tickCount=4), scale=alt.Scale(zero=False))
        legend = alt.Legend(title=None, symbolType="circle")
        marks = {
            "color": alt.Color("series:N", scale=alt.Scale(domain=series, range=[MODEL, OTHER]), legend=legend),
            "shape": alt.Shape("series:N", scale=alt.Scale(domain=series, range=["circle", "diamond"]), legend=None),
        }
        base = alt.Chart(data(rows), height=row_step(narrow)).encode(y=y)
        rule = base.transform_filter(alt.datum.series == series[0]).mark_rule(color=MODEL, strokeWidth=2, opacity=0.6)
        dots = base.mark_point(filled=True, size=50, opacity=0.9).encode(x=x, **marks)
        return with_names([rule.encode(x=alt.X("low:Q", title=axis), x2="high:Q"), dots], names, narrow)

    return figure(draw, title, description, wide)


def surface_chart(surface: Surface, titles: tuple[str, str], title: str, description: str) -> Figure:
    """A field of predicted risks: the deeper its colour the higher; a number where there are carts."""
    first = level_names(surface.first_values, surface.first)
    second = level_names(surface.second_values, surface.second)
    cells = [
        {"x": first[i], "y": second[k], "risk": risk, "text": share_text(risk, 0) if surface.carts[i][k] else ""}
        for i, line in enumerate(surface.risk)
        for k, risk in enumerate(line)
    ]
    risks = [risk for line in surface.risk for risk in line]

    def draw(narrow: bool) -> alt.LayerChart:
        base = alt.Chart(data(cells), height=alt.Step(30)).encode(
            x=alt.X("x:N", sort=first, title=titles[0], axis=alt.Axis(labelAngle=-40, labelLimit=90)),
            y=alt.Y("y:N", sort=second[::-1], title=titles[1], axis=alt.Axis(labelLimit=70 if narrow else 200)),
        )
        depth = alt.Opacity("risk:Q", legend=None, scale=alt.Scale(domain=[min(risks), max(risks)], range=[0.04, 0.55]))
        field = base.mark_rect(color=MODEL).encode(opacity=depth)
        return alt.layer(field, base.mark_text(color=INK, fontSize=9 if narrow else 12).encode(text="text:N"))

    return figure(draw, title, description, WIDE)


def together_chart(
    names: Sequence[str],
    together: Sequence[tuple[float, float, float]],
    single: Sequence[Sequence[float]],
    title: str,
    description: str,
) -> Figure:
    """A group of features a row: what shuffling all of them costs, with its interval, and what each one costs."""
    whole, alone = "shuffled together", "each alone"
    rows = [
        {"name": name, "x": mean, "low": low, "high": high, "series": whole}
        for name, (mean, low, high) in zip(names, together, strict=True)
    ]
    dots = [
        {"name": name, "x": x, "low": x, "high": x, "series": alone}
        for name, some in zip(names, single, strict=True)
        for x in some
    ]
    return _dots(names, [*rows, *dots], (whole, alone), "AUC lost", "~g", title, description, WIDE)


def signed_bars(names: Sequence[str], values: Sequence[float], title: str, description: str, axis: str) -> Figure:
    """Bars to the right of the line where they raise the risk and to the left where they lower it."""
    rows = data(
        [{"name": n, "x": v, "kind": "raises" if v > 0 else "lowers"} for n, v in zip(names, values, strict=True)]
    )

    def draw(narrow: bool) -> alt.LayerChart:
        colour = alt.Color("kind:N", legend=None, scale=alt.Scale(domain=["raises", "lowers"], range=[OTHER, MODEL]))
        bar = alt.Chart(rows, height=row_step(narrow)).mark_bar(height=13)
        zero = alt.Chart(data([{"zero": 0}])).mark_rule(color=MUTED).encode(x="zero:Q")
        x = alt.X("x:Q", title=axis, axis=alt.Axis(tickCount=5))
        return with_names([bar.encode(x=x, y=rows_axis(names, narrow), color=colour), zero], names, narrow)

    return figure(draw, title, description, WIDE)


def level_names(values: Sequence[float | str | None], spec: Feature) -> list[str]:
    """Texts of the values, cut where they are long and told apart where that makes two alike."""
    texts = [value_text(value, spec) for value in values]
    short = [text if len(text) <= LABEL else text[: LABEL - 1] + "…" for text in texts]
    return [f"{text} ({i + 1})" if short.count(text) > 1 else text for i, text in enumerate(short)]
