"""Charts and table of the gradients show every layer, and what cannot be drawn is left out."""

import re
from xml.etree import ElementTree

import pytest

from explain.charts.gradient_charts import MOST, gradient_part, gradient_table
from explain.tables import Grid
from tests.explain.results import EVIL

HISTORY = {
    "loss": [0.7, 0.6],
    **{f"gradient_norm/{layer}": values for layer, values in (("dense_0", [1e-7, 2e-7]), ("logit", [0.3, 0.2]))},
    "gradient_norm/batch_normalization_0": [0.05, 0.04],
    **{f"gradient_peak/{layer}": [0.9, 0.4] for layer in ("dense_0", "logit", "batch_normalization_0")},
    **{f"update_ratio/{layer}": [2e-3, 1e-3] for layer in ("dense_0", "logit", "batch_normalization_0")},
    "dead/dense_0": [0.25, 0.5],
    "gradient_start": [0.4, 0.3],
}


def test_norms_ratios_and_dead_units_are_drawn_for_the_layers_between() -> None:
    figures = gradient_part(HISTORY)
    assert [figure.title for figure in figures] == [
        "Gradient norm by layer",
        "Update ratio by layer",
        "Dead units by layer",
    ]
    for figure in figures:
        for svg, widest in ((figure.wide, 860), (figure.narrow, 324)):
            root = ElementTree.fromstring(svg)
            assert float(root.get("width") or 0) <= widest
            assert root.findtext("title") == figure.title
            assert "dense_0" in svg
            assert "batch_normalization_0" not in svg
    assert "2e-07 in dense_0" in figures[0].description
    assert "0.2 in logit" in figures[0].description
    assert "dense_0: 50%" in figures[2].description


def test_where_no_unit_is_dead_none_is_named() -> None:
    (figure,) = gradient_part({"dead/dense_0": [0.2, 0.0], "dead/dense_1": [0.0, 0.0]})
    assert figure.description.endswith("At the end there are none.")


def test_the_scale_of_norms_is_logarithmic() -> None:
    """Equal factors are equally far apart: three epochs, each a thousand times the one before."""
    svg = gradient_part({"gradient_norm/one": [1e-6, 1e-3, 1.0]})[0].wide
    (line,) = re.findall(r'd="M([^"]+)" stroke="var\(--model\)"', svg) or re.findall(
        r'd="M(-?[\d.]+,[^"Z]+L[^"Z]+)"', svg
    )
    heights = [float(point.split(",")[1]) for point in line.split("L")]
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=0.1)
    assert heights[0] > heights[2]


def test_a_chart_drawn_again_has_the_same_bytes() -> None:
    assert [one.wide for one in gradient_part(HISTORY)] == [one.wide for one in gradient_part(HISTORY)]


def test_zero_and_nan_are_left_out_and_names_are_no_elements() -> None:
    norms = {f"gradient_norm/{name}": [0.0, float("nan"), 1e-3] for name in EVIL}
    for svg in (gradient_part(norms)[0].wide, gradient_part(norms)[0].narrow):
        tags = {element.tag for element in ElementTree.fromstring(svg).iter()}
        assert tags <= {"svg", "title", "desc", "g", "path", "text", "line", "defs", "clipPath", "rect", "tspan"}


def test_of_many_layers_the_first_and_the_last_are_among_those_drawn() -> None:
    svg = gradient_part({f"gradient_norm/dense_{i}": [1.0, 2.0] for i in range(40)})[0].wide
    drawn = set(re.findall(r">(dense_\d+)<", svg))
    assert len(drawn) == MOST
    assert {"dense_0", "dense_39"} <= drawn


def test_a_training_that_was_not_watched_has_no_part() -> None:
    assert gradient_part({"loss": [0.5]}) == []
    assert gradient_table({"loss": [0.5]}) is None


def test_the_table_has_every_layer() -> None:
    table = gradient_table(HISTORY)
    assert isinstance(table, Grid)
    assert table.rows[0] == ("dense_0", "1e-07", "2e-07", "0.9", "0.001", "50%")
    assert [row[0] for row in table.rows] == ["dense_0", "logit", "batch_normalization_0"]
    assert all(len(row) == len(table.head) for row in table.rows)
