"""Charts that only a comparison has. Each takes plain arrays and gives a `Figure`."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from explain.charts.line_charts import COLOURS, DASHES
from explain.charts.svg import HALF, INK, MODEL, MUTED, Figure, data, figure
from explain.comparison.spans import Seeds, Span, band

SMALL = 300
"""Width of a small multiple, which has two neighbours."""


def curves(
    series: Mapping[str, Seeds],
    emphasised: str | None,
    title: str,
    description: str,
    y_title: str,
    domain: Span,
) -> Figure:
    """A metric by epoch: a line a name for the mean over its seeds, in a band from the lowest to the highest.

    Args:
        series: name → by seed → by epoch; at most five.
        emphasised: name of the line that is drawn in the colour of the text, and thicker.
        title: heading.
        description: for readers who cannot see it.
        y_title: name of the metric.
        domain: values shown; what is outside is cut off.
    """
    rows = [{"name": name, **point} for name, seeds in series.items() for point in band(seeds)]
    plain = [name for name in series if name != emphasised]
    styles = dict(zip(plain, zip(COLOURS, DASHES, strict=True), strict=False)) | {emphasised: (INK, [1, 0])}

    def draw(narrow: bool) -> alt.LayerChart:
        legend = alt.Legend(
            title=None, columns=1 if narrow else 2, symbolType="stroke", symbolSize=300, symbolOpacity=1
        )
        colour, dash = (
            channel("name:N", sort=list(series), legend=legend, scale=alt.Scale(domain=list(series), range=looks))
            for channel, looks in zip(
                (alt.Color, alt.StrokeDash), zip(*(styles[name] for name in series), strict=True), strict=True
            )
        )
        area = _by_epoch(rows, 240, y_title, domain).mark_area(opacity=0.15, clip=True)
        layers = [area.encode(y=_y("low", y_title, domain), y2="high:Q", color=colour)]
        for thick in (False, True):
            part = [row for row in rows if (row["name"] == emphasised) == thick]
            line = _by_epoch(part, 240, y_title, domain).mark_line(strokeWidth=3.5 if thick else 2, clip=True)
            layers.append(line.encode(y=_y("mean", y_title, domain), color=colour, strokeDash=dash))
        return alt.layer(*layers)

    return figure(draw, title, description, HALF)


def small_curve(
    seeds: Seeds,
    reference: Seeds,
    title: str,
    description: str,
    y_title: str,
    domain: Span,
) -> Figure:
    """One alternative's curve with its band, and the best one's as a dashed line to compare it with."""
    rows, other = band(seeds), band(reference)

    def draw(_narrow: bool) -> alt.LayerChart:
        base = _by_epoch(rows, 110, y_title, domain)
        y = _y("mean", y_title, domain, few=True)
        beside = _by_epoch(other, 110, y_title, domain).mark_line(color=MUTED, strokeDash=[3, 3], clip=True).encode(y=y)
        area = base.mark_area(color=MODEL, opacity=0.2, clip=True).encode(
            y=_y("low", y_title, domain, few=True), y2="high:Q"
        )
        return alt.layer(beside, area, base.mark_line(color=MODEL, strokeWidth=2, clip=True).encode(y=y))

    return figure(draw, title, description, SMALL)


def _by_epoch(rows: Sequence[Mapping[str, Any]], height: int, y_title: str, domain: Span) -> alt.Chart:
    last = max((int(row["x"]) for row in rows), default=1)
    epochs = sorted({*range(1, last, max(1, last // 5)), last} - ({last - 1} if last > 6 else set()))
    axis = alt.Axis(values=epochs, format="d")
    return alt.Chart(data(rows), height=height).encode(
        x=alt.X("x:Q", title="Epoch", axis=axis, scale=alt.Scale(nice=False)), y=_y("mean", y_title, domain)
    )


def _y(field: str, title: str, domain: Span, few: bool = False) -> alt.Y:
    scale = alt.Scale(zero=False, domain=list(domain), nice=False)
    return alt.Y(f"{field}:Q", title=title, scale=scale, axis=ticks(few))


def ticks(few: bool) -> alt.Axis:
    """An axis of values with few marks, or with some more."""
    return alt.Axis(tickCount=3 if few else 5)
