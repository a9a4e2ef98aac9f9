"""The report's line charts. Each takes plain arrays and gives a `Figure`."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np

from explain.charts.svg import (
    FOURTH,
    HALF,
    INK,
    MODEL,
    MUTED,
    OTHER,
    THIRD,
    Figure,
    data,
    figure,
)
from explain.wording import share_text

COLOURS = (MODEL, OTHER, THIRD, FOURTH)
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])


def curves(
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    title: str,
    description: str,
    x_title: str,
    y_title: str,
    diagonal: bool = False,
    percent_y: bool = True,
) -> Figure:
    """One line a series; the first is the model's."""
    names = list(series)
    rows = data(
        [
            {"name": name, "x": round(float(x), 5), "y": round(float(y), 5), "order": i}
            for name, (xs, ys) in series.items()
            for i, (x, y) in enumerate(zip(xs, ys, strict=True))
        ]
    )

    def draw(narrow: bool) -> alt.LayerChart:
        lines = (
            alt.Chart(rows, height=250)
            .mark_line(strokeWidth=2, clip=True)
            .encode(
                x=alt.X("x:Q", title=x_title, axis=alt.Axis(format=".0%", tickCount=5)),
                y=alt.Y("y:Q", title=y_title, axis=alt.Axis(format=".0%" if percent_y else "~g", tickCount=5)),
                order="order:Q",
                **_series(names, narrow),
            )
        )
        if not diagonal:
            return alt.layer(lines)
        line = alt.Chart(data([{"x": 0, "y": 0}, {"x": 1, "y": 1}])).mark_line(
            color=MUTED, strokeDash=[3, 3], strokeWidth=1
        )
        return line.encode(x="x:Q", y="y:Q") + lines

    return figure(draw, title, description, HALF)


def calibration(bins: Sequence[Mapping[str, float]], title: str, description: str) -> Figure:
    """Share abandoned against predicted probability, with intervals and the line of a perfect model."""
    rows = data([{key: bin[key] for key in ("mean_prediction", "abandoned_share", "low", "high")} for bin in bins])
    ends = [bin[key] for bin in bins for key in ("mean_prediction", "low", "high")]
    span = [
        min([*ends, 0.0 if min(ends, default=0) < 0.25 else 0.2]),
        max([*ends, 1.0 if max(ends, default=1) > 0.8 else 0.8]),
    ]

    def draw(_narrow: bool) -> alt.LayerChart:
        scale = alt.Scale(domain=span, nice=False)
        base = alt.Chart(rows, height=250)
        x = alt.X("mean_prediction:Q", title="Predicted", scale=scale, axis=alt.Axis(format=".0%", tickCount=5))
        y = alt.Y("low:Q", title="Really left", scale=scale, axis=alt.Axis(format=".0%", tickCount=5))
        perfect = alt.Chart(data([{"v": span[0]}, {"v": span[1]}])).mark_line(
            color=MUTED, strokeDash=[3, 3], strokeWidth=1
        )
        return alt.layer(
            perfect.encode(x="v:Q", y="v:Q"),
            base.mark_rule(color=MODEL, strokeWidth=2, opacity=0.6, clip=True).encode(x=x, y=y, y2="high:Q"),
            base.mark_point(color=MODEL, filled=True, size=50, opacity=1, clip=True).encode(x=x, y="abandoned_share:Q"),
        )

    return figure(draw, title, description, HALF)


def profit(
    thresholds: Sequence[float], profits: Sequence[float], chosen: float | None, title: str, description: str
) -> Figure:
    """Profit per cart for every threshold, with the chosen one marked."""
    rows = data([{"x": x, "y": y} for x, y in zip(thresholds, profits, strict=True)])

    def draw(_narrow: bool) -> alt.LayerChart:
        base = alt.Chart(rows, height=250).encode(
            x=alt.X("x:Q", title="Nudge carts with a predicted risk above", axis=alt.Axis(format=".0%", tickCount=5)),
            y=alt.Y("y:Q", title="Profit per cart", axis=alt.Axis(format="~g", tickCount=5)),
        )
        layers = [
            alt.Chart(data([{"y": 0}])).mark_rule(color=MUTED, strokeDash=[3, 3]).encode(y="y:Q"),
            base.mark_line(color=MODEL, strokeWidth=2),
        ]
        if chosen is not None:
            mark = alt.Chart(data([{"x": chosen, "text": f"chosen: {share_text(chosen, 0)}"}]))
            layers += [
                mark.mark_rule(color=OTHER, strokeWidth=2).encode(x="x:Q"),
                mark.mark_text(
                    color=INK, dx=6 if chosen < 0.6 else -6, align="left" if chosen < 0.6 else "right"
                ).encode(x="x:Q", y=alt.value(240), text="text:N"),
            ]
        return alt.layer(*layers)

    return figure(draw, title, description, HALF)


def history(series: Mapping[str, Sequence[float]], title: str, description: str, y_title: str) -> Figure:
    """A metric by epoch, one line a series."""
    rows: list[dict[str, Any]] = [
        {"name": name, "x": epoch + 1, "y": value}
        for name, values in series.items()
        for epoch, value in enumerate(values)
        if np.isfinite(value)
    ]
    last = max((len(values) for values in series.values()), default=1)
    epochs = sorted({*range(1, last, max(1, last // 5)), last} - ({last - 1} if last > 6 else set()))

    def draw(narrow: bool) -> alt.Chart:
        return (
            alt.Chart(data(rows), height=220)
            .mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=18))
            .encode(
                x=alt.X("x:Q", title="Epoch", axis=alt.Axis(values=epochs, format="d"), scale=alt.Scale(nice=False)),
                y=alt.Y("y:Q", title=y_title, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=5)),
                **_series(list(series), narrow),
            )
        )

    return figure(draw, title, description, HALF)


def _series(names: Sequence[str], narrow: bool) -> dict[str, Any]:
    if len(names) == 1:
        return {"color": alt.value(MODEL)}
    return styles(names, [DASHES[i % len(DASHES)] for i in range(len(names))], 1 if narrow else 0)


def styles(names: Sequence[str], dashes: Sequence[Sequence[int]], columns: int) -> dict[str, Any]:
    """Colour and dash of each line, with a legend of so many columns; 0 for one row."""
    colours = [COLOURS[i % len(COLOURS)] for i in range(len(names))]
    legend = alt.Legend(title=None, columns=columns, symbolType="stroke", symbolSize=300)
    return {
        "color": alt.Color(
            "name:N", sort=list(names), scale=alt.Scale(domain=list(names), range=colours), legend=legend
        ),
        "strokeDash": alt.StrokeDash(
            "name:N", sort=list(names), scale=alt.Scale(domain=list(names), range=dashes), legend=legend
        ),
    }
