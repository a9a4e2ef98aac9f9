"""Altair charts as inline SVG: no script, no outside load, readable in light and dark and by screen readers."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import altair as alt
import vl_convert
from markupsafe import Markup, escape

WIDE, NARROW = 860, 324
HALF = 470  # width of a chart that has a neighbour
STEP = 24  # height of one row of a chart with rows

# The page names the same fonts: Vega makes room for labels by their metrics, and takes a wide font for a missing one.
FONT = "Arial, Liberation Sans, sans-serif"

# Colours stand for CSS variables, which the page sets for light and dark; the values only matter to Vega.
INK, MUTED, RULE = "#101112", "#505152", "#d0d1d2"
MODEL, OTHER, THIRD, FOURTH = "#2060a1", "#c05a11", "#1a7f6b", "#8a4aa0"
LOW, MIDDLE, HIGH, SURFACE = "#3a80d1", "#80868d", "#e07b21", "#fefefd"
VARIABLES = {
    INK: "--ink", MUTED: "--muted", RULE: "--rule", MODEL: "--model", OTHER: "--other", THIRD: "--third",
    FOURTH: "--fourth", LOW: "--low", MIDDLE: "--middle", HIGH: "--high", SURFACE: "--surface",
}  # fmt: skip

CONFIG = {
    "background": None,
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED, "titleColor": MUTED, "gridColor": RULE, "domainColor": RULE, "tickColor": RULE,
        "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelPadding": 6, "titlePadding": 8,
        "labelSeparation": 6,
        "domain": False, "ticks": False,
    },
    "legend": {
        "labelColor": INK, "titleColor": MUTED, "labelFontSize": 12, "titleFontSize": 12, "orient": "top",
        "titleFontWeight": "normal", "labelLimit": 220, "symbolStrokeWidth": 2.5, "offset": 4, "columnPadding": 18,
        "direction": "horizontal",
    },
    "text": {"color": INK, "fontSize": 12},
    "aria": False,
}  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A chart ready for the page."""

    title: str
    """What the chart shows, as its heading."""

    description: str
    """What a reader who cannot see it should know."""

    wide: Markup
    """SVG for screens wide enough."""

    narrow: Markup
    """SVG for telephones."""


def data(rows: Sequence[Mapping[str, Any]]) -> alt.InlineData:
    """Rows as inline data."""
    # As text: Altair checks and copies every value of a list at every step, half of the time a chart takes.
    return alt.InlineData(values=json.dumps([dict(row) for row in rows]), format=alt.DataFormat(type="json"))


def figure(draw: Callable[[bool], alt.TopLevelMixin], title: str, description: str, wide: int = WIDE) -> Figure:
    """Draw a chart for both widths.

    Args:
        draw: gives the chart, with `True` where there is little width.
        title: what it shows.
        description: its message in a sentence or two, for readers who cannot see it.
        wide: width in pixels on a wide screen.
    """
    return Figure(
        title,
        description,
        _svg(draw(False), wide, title, description),
        _svg(draw(True), NARROW, title, description),
    )


def _svg(chart: alt.TopLevelMixin, width: int, title: str, description: str) -> Markup:
    spec = chart.to_dict(validate=False) | {
        "width": width,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "padding": 2,
        "config": CONFIG,
    }
    svg = vl_convert.vegalite_to_svg(spec, vl_version=".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2]))
    return Markup(_adapt(svg, title, description))


def _adapt(svg: str, title: str, description: str) -> str:
    """Colours to CSS variables, ids made unique on the page, and a title and description for screen readers."""
    # Vega numbers its ids through the process; by order of appearance the same chart has the same bytes.
    for number, name in enumerate(dict.fromkeys(re.findall(r'id="([^"]+)"', svg))):
        svg = svg.replace(f'id="{name}"', f'id="p{number}"').replace(f"url(#{name})", f"url(#p{number})")
    key = "g" + sha256(f"{title}{svg}".encode()).hexdigest()[:10]
    for colour, variable in VARIABLES.items():
        svg = svg.replace(f'"{colour}"', f'"var({variable})"')
    svg = re.sub(r' (?:role|aria-[a-z]+)="[^"]*"', "", svg)  # the picture is one image; its marks are no controls
    svg = re.sub(r'id="([^"]+)"', rf'id="{key}\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{key}\1)", svg)
    svg = svg.replace(f' font-family="{FONT}"', "").replace(' class="marks"', "")
    svg = re.sub(r' xmlns(?::xlink)?="[^"]*"| version="1.1"', "", svg)  # inline SVG in HTML needs no namespace
    labels = f'<title id="{key}-title">{escape(title)}</title><desc id="{key}-description">{escape(description)}</desc>'
    head, _, body = svg.partition(">")
    return f'{head} role="img" aria-labelledby="{key}-title {key}-description">{labels}{body}'
