"""The report's charts with one row a feature, trial or slice. Each takes plain arrays and gives a `Figure`."""

from collections.abc import Sequence

import altair as alt
import numpy as np
from matplotlib.ticker import MaxNLocator
from scipy.special import expit, logit

from explain.attributing.explanations import sigmoid
from explain.charts.svg import (
    HALF,
    HIGH,
    INK,
    LOW,
    MIDDLE,
    MODEL,
    MUTED,
    NARROW,
    OTHER,
    STEP,
    SURFACE,
    Figure,
    data,
    figure,
)
from explain.wording import decimal_text, risk_text

RISKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)  # marks of a risk axis


def bars(names: Sequence[str], values: Sequence[float], texts: Sequence[str], title: str, description: str) -> Figure:
    """Horizontal bars, the first on top, each with its value written beside it."""
    rows = data([{"name": n, "value": v, "text": t} for n, v, t in zip(names, values, texts, strict=True)])

    def draw(narrow: bool) -> alt.LayerChart:
        base = alt.Chart(rows, height=row_step(narrow)).encode(y=rows_axis(names, narrow))
        # Room for the text behind the longest bar.
        top = max([*values, 1e-9]) * 1.15
        x = alt.X("value:Q", axis=None, scale=alt.Scale(domain=[0, top]))
        bar = base.mark_bar(color=MODEL, height=13, cornerRadiusEnd=2).encode(x=x)
        beside = base.mark_text(align="left", dx=5, color=INK).encode(x=x, text="text:N")
        return with_names([bar, beside], names, narrow)

    return figure(draw, title, description, HALF)


def dots(names: Sequence[str], values: Sequence[float], title: str, description: str, axis: str) -> Figure:
    """One dot a row with its value beside it: trials of a search, the best on top."""
    rows = data([{"name": n, "value": v, "text": decimal_text(v)} for n, v in zip(names, values, strict=True)])
    low, high = (min(values), max(values)) if len(values) else (0.0, 1.0)
    pad = (high - low) or 0.01

    def draw(narrow: bool) -> alt.LayerChart:
        base = alt.Chart(rows, height=row_step(False)).encode(y=rows_axis(names, False))
        x = alt.X(
            "value:Q",
            title=axis,
            scale=alt.Scale(domain=[low - 0.1 * pad, high + (0.45 if narrow else 0.2) * pad], nice=False),
            axis=alt.Axis(tickCount=4),
        )
        return base.mark_point(color=MODEL, filled=True, size=60, opacity=1).encode(x=x) + base.mark_text(
            align="left", dx=9
        ).encode(x=x, text="text:N")

    return figure(draw, title, description, HALF)


def intervals(
    names: Sequence[str],
    means: Sequence[float],
    lows: Sequence[float],
    highs: Sequence[float],
    title: str,
    description: str,
    axis: str,
    reference: float | None = 0.0,
    wide: int = HALF,
    faint: frozenset[int] = frozenset(),
) -> Figure:
    """A dot with its interval a row, and a line at the reference; grey in the rows at the positions in `faint`."""
    rows = data(
        [
            {"name": n, "mean": m, "low": low, "high": high, "colour": MIDDLE if i in faint else MODEL}
            for i, (n, m, low, high) in enumerate(zip(names, means, lows, highs, strict=True))
        ]
    )

    def draw(narrow: bool) -> alt.LayerChart:
        base = alt.Chart(rows, height=row_step(narrow)).encode(y=rows_axis(names, narrow))
        x = alt.X("low:Q", title=axis, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=4 if narrow else 5))
        colour = alt.Color("colour:N", scale=None)
        layers = [
            base.mark_rule(strokeWidth=2).encode(x=x, x2="high:Q", color=colour),
            base.mark_point(size=45, filled=True, opacity=1).encode(x="mean:Q", color=colour),
        ]
        if reference is not None:
            layers.insert(
                0, alt.Chart(data([{"x": reference}])).mark_rule(color=MUTED, strokeDash=[3, 3]).encode(x="x:Q")
            )
        return with_names(layers, names, narrow)

    return figure(draw, title, description, wide)


def swarm(
    names: Sequence[str], values: np.ndarray, ranks: np.ndarray, title: str, description: str, seed: int = 0
) -> Figure:
    """One dot a cart and feature: where it is says what the feature adds, its colour how high the value is.

    Args:
        names: F features, the first on top.
        values: (n, F) points of probability.
        ranks: (n, F) rank of the value in [0, 1], NaN where it has no order.
        title: heading.
        description: for readers who cannot see it.
        seed: of the carts drawn where there are more than fit.
    """
    chosen = np.arange(len(values))
    if len(values) > 160:
        chosen = np.sort(np.random.default_rng(seed).choice(len(values), 160, replace=False))
    words = ["low", "middle", "high", *(["no order"] if np.isnan(ranks[chosen]).any() else [])]
    rows = []
    for f, name in enumerate(names):
        column = values[chosen, f]
        offsets = _spread(column, float(np.ptp(values)) or 1.0)
        for value, rank, offset in zip(column, ranks[chosen, f], offsets, strict=True):
            word = "no order" if np.isnan(rank) else words[min(2, int(rank * 3))]
            rows.append({"name": name, "x": round(float(value) * 100, 2), "offset": offset, "value": word})

    def draw(narrow: bool) -> alt.LayerChart:
        base = alt.Chart(data(rows), height=row_step(narrow, 6))
        colour = alt.Color(
            "value:N",
            scale=alt.Scale(domain=words, range=[LOW, MIDDLE, HIGH, MUTED][: len(words)]),
            legend=alt.Legend(title="Value of the feature", symbolType="circle", columns=2 if narrow else 0),
        )
        dots = base.mark_circle(size=16, opacity=0.75).encode(
            x=alt.X(
                "x:Q",
                title="Points of predicted risk" if narrow else "Points of predicted risk added (+) or taken away (−)",
                axis=alt.Axis(tickCount=5),
            ),
            y=rows_axis(names, narrow),
            yOffset=alt.YOffset("offset:Q", scale=alt.Scale(domain=[-2.2 if narrow else -1, 1])),
            color=colour,
        )
        zero = alt.Chart(data([{"x": 0}])).mark_rule(color=MUTED).encode(x="x:Q")
        return with_names([zero, dots], names, narrow)

    return figure(draw, title, description)


def _spread(column: np.ndarray, width: float) -> list[float]:
    """Offsets in [-1, 1] that put dots of nearly the same value beside one another."""
    bins = np.round(column / width * 90).astype(int)
    seen: dict[int, int] = {}
    offsets = []
    for key in bins.tolist():
        count = seen.get(key, 0)
        seen[key] = count + 1
        offsets.append(count)
    step = 0.8 / max(1.0, max(offsets, default=0) / 2)
    return [round(((o + 1) // 2) * step * (1 if o % 2 else -1), 3) for o in offsets]


def waterfall(names: Sequence[str], steps: Sequence[float], base: float, title: str, description: str) -> Figure:
    """From a typical cart's predicted risk to this cart's, one bar a feature.

    Bars add up in log-odds, which the axis shows as risk: 50% to 75% takes as long a bar as 25% to 50%.

    Args:
        names: F features with their values, the first on top.
        steps: F attributions in log-odds.
        base: log-odds of a typical cart.
        title: heading.
        description: for readers who cannot see it.
    """
    path = np.concatenate([[base], base + np.cumsum(steps)])
    bars_of = [
        {"name": name, "from": float(path[i]), "to": float(path[i + 1]), "kind": "raises" if step > 0 else "lowers"}
        for i, (name, step) in enumerate(zip(names, steps, strict=True))
    ]
    ends = [("A typical cart", float(path[0])), ("This cart", float(path[-1]))]
    totals = [{"name": name, "at": at, "text": risk_text(float(sigmoid(np.array(at))))} for name, at in ends]
    order = [ends[0][0], *names, ends[1][0]]
    pad = 0.12 * (float(np.ptp(path)) or 1.0)
    span = [float(path.min()) - pad, float(path.max()) + 2.5 * pad]
    ticks, places = _risk_ticks(span)

    def draw(narrow: bool) -> alt.LayerChart:
        axis = alt.Axis(values=ticks, labelExpr=f"format(1 / (1 + exp(-datum.value)), '.{places}%')", labelOverlap=True)
        scale = alt.Scale(domain=span, nice=False, zero=False)
        y = rows_axis(order, narrow)
        colour = alt.Color("kind:N", legend=None, scale=alt.Scale(domain=["raises", "lowers"], range=[OTHER, MODEL]))
        x = alt.X("from:Q", title="Predicted risk", axis=axis, scale=scale)
        whole = alt.Chart(data(totals), height=row_step(narrow, 2)).encode(x=alt.X("at:Q", scale=scale), y=y)
        steps_of = alt.Chart(data(bars_of), height=row_step(narrow, 2)).mark_bar(height=13)
        layers = [
            steps_of.encode(x=x, x2="to:Q", y=y, color=colour),
            whole.mark_point(filled=True, size=70, color=INK, opacity=1),
            whole.mark_text(align="left", dx=9, fontWeight="bold").encode(text="text:N"),
        ]
        return with_names(layers, order, narrow)

    return figure(draw, title, description)


def _risk_ticks(span: Sequence[float]) -> tuple[list[float], int]:
    """Round risks between two log-odds, as log-odds, and the decimals their percentages need."""
    known = [float(logit(risk)) for risk in RISKS if span[0] <= logit(risk) <= span[1]]
    if len(known) > 1:
        return known, 0
    low, high = expit(span)
    found = MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(low, high)
    places = max(0, int(np.ceil(-np.log10(found[1] - found[0]) - 2 - 1e-9)))
    return [float(logit(risk)) for risk in found if low <= risk <= high], places


def rows_axis(names: Sequence[str], narrow: bool) -> alt.Y:
    """One row a name; where there is little width the names go above the rows instead of beside them."""
    axis = None if narrow else alt.Axis(labelLimit=300, labelColor=INK, labelFontSize=12)
    return alt.Y("name:N", sort=list(names), title=None, axis=axis)


def row_step(narrow: bool, more: int = 0) -> alt.Step:
    """Height of a row, with room for its name above it where there is little width."""
    return alt.Step(STEP + more + (20 if narrow else 0))


def with_names(layers: Sequence[alt.Chart], names: Sequence[str], narrow: bool) -> alt.LayerChart:
    """The layers, with the names above the rows where there is little width."""
    if not narrow:
        return alt.layer(*layers)
    labels = alt.Chart(data([{"name": name} for name in names])).encode(
        x=alt.value(0), y=rows_axis(names, narrow), text="name:N"
    )
    # High enough that neither the tails of letters nor the halo reach into the bars, which are 13 high.
    place = {"align": "left", "baseline": "bottom", "dy": -10, "limit": NARROW - 10}
    # The halo keeps grid lines out of the letters.
    halo = labels.mark_text(stroke=SURFACE, strokeWidth=4, strokeJoin="round", **place)
    return alt.layer(*layers, halo, labels.mark_text(color=INK, **place))
