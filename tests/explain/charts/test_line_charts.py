"""What every chart has in common; how they look is for the eye."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from scipy.special import expit

from explain.charts import line_charts, row_charts
from explain.charts.svg import Figure
from tests.explain.results import EVIL

LINE = {"x": [0.0, 0.5, 1.0], "y": [0.0, 0.8, 1.0]}
BIN = {"mean_prediction": 0.4, "abandoned_share": 0.5, "low": 0.3, "high": 0.7}


def drawn() -> list[Figure]:
    words = (EVIL[0], EVIL[1])
    return [
        line_charts.curves(dict.fromkeys(EVIL, (LINE["x"], LINE["y"])), *words, "x", "y", diagonal=True),
        line_charts.calibration([BIN], *words),
        line_charts.profit(LINE["x"], LINE["y"], 0.5, *words),
        line_charts.history({EVIL[2]: [0.7, float("nan"), 0.5]}, *words, "Loss"),
        row_charts.bars(EVIL, [3, 2, 1, 0], EVIL, *words),
        row_charts.dots(EVIL, [3, 2, 1, 0], *words, "x"),
        row_charts.intervals(EVIL, [1, 1, 1, 1], [0, 0, 0, 0], [2, 2, 2, 2], *words, "x"),
        row_charts.swarm(EVIL, np.zeros((5, 4)), np.full((5, 4), np.nan), *words),
        row_charts.waterfall(EVIL, [0.5, -0.2, 0.1, 0.0], 0.3, *words),
    ]


@pytest.fixture(scope="module")
def figures() -> list[Figure]:
    return drawn()


def test_no_name_becomes_an_element(figures: list[Figure]) -> None:
    allowed = {"svg", "title", "desc", "g", "path", "text", "line", "defs", "clipPath", "rect", "tspan"}
    for figure in figures:
        for svg in (figure.wide, figure.narrow):
            root = ElementTree.fromstring(svg)
            assert {element.tag for element in root.iter()} <= allowed
            assert (root.findtext("title"), root.findtext("desc")) == EVIL[:2]


def test_each_chart_fits_its_width(figures: list[Figure]) -> None:
    for figure in figures:
        for svg, widest in ((figure.wide, 860), (figure.narrow, 324)):
            assert float(ElementTree.fromstring(svg).get("width") or 0) <= widest


def test_a_chart_drawn_again_has_the_same_bytes(figures: list[Figure]) -> None:
    assert [figure.wide for figure in drawn()] == [figure.wide for figure in figures]


def test_one_cart_alone_and_no_spread_can_be_drawn() -> None:
    one = row_charts.swarm(["a"], np.zeros((1, 1)), np.zeros((1, 1)), "t", "d")
    flat = row_charts.waterfall(["a"], [0.0], 0.0, "t", "d")
    assert re.search(r">50%<", flat.wide)
    assert "<path" in one.wide


def test_faint_rows_are_grey_and_the_others_are_not() -> None:
    def drawn(faint: set[int]) -> str:
        numbers = [1.0, 2.0]
        return row_charts.intervals(["a", "b"], numbers, numbers, numbers, "t", "d", "x", faint=frozenset(faint)).wide

    assert "var(--middle)" not in drawn(set())
    assert "var(--model)" in drawn({0})
    assert "var(--middle)" in drawn({0})
    assert "var(--model)" not in drawn({0, 1})


@pytest.mark.parametrize("span", [(-3.0, 3.0), (2.7, 2.9), (2.80, 2.81), (6.0, 6.5), (-9.0, -8.9)])
def test_a_risk_axis_has_marks_however_little_it_spans(span: tuple[float, float]) -> None:
    ticks, decimals = row_charts._risk_ticks(span)
    assert len(ticks) >= 2
    assert all(span[0] <= tick <= span[1] for tick in ticks)
    labels = [f"{expit(tick):.{decimals}%}" for tick in ticks]
    assert len(set(labels)) == len(labels)
    assert [float(label[:-1]) / 100 for label in labels] == pytest.approx(list(expit(ticks)), rel=1e-9)


def test_names_above_narrow_bars_end_before_the_bars_begin() -> None:
    svg = str(row_charts.bars(["gyp", "qj"], [2.0, 1.0], ["2", "1"], "t", "d").narrow)
    tops = [float(y) for y in re.findall(r'translate\(0,([\d.]+)\)"><path class="background" d="M0,0L', svg)]
    baselines = [float(y) for y in re.findall(r"translate\(0,([\d.]+)\)[^>]*>(?:gyp|qj)<", svg)][2:]  # behind the halos
    tail_and_halo = 12 * 0.22 + 2
    assert len(tops) == len(baselines) == 2
    assert all(baseline + tail_and_halo < top for baseline, top in zip(baselines, tops, strict=True))
