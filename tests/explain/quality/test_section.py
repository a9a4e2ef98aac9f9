from dataclasses import replace
from pathlib import Path

import pytest

from explain.quality.section import quality_part, verdict
from explain.quality.verdicts import CHECKS, poor
from explain.report.data import ReportData
from explain.report.page import write_report
from tests.explain.pages import Page
from tests.explain.results import quality

GOOD: dict[str, float | None] = {check.figure: check.bound for check in CHECKS}


def test_a_figure_on_its_bound_is_good_and_beyond_it_poor() -> None:
    assert poor(GOOD) == []
    for check in CHECKS:
        beyond = check.bound * (0.99 if check.relation == ">=" else 1.01)
        assert poor(GOOD | {check.figure: beyond}) == [check]


@pytest.mark.parametrize(
    ("figures", "told"),
    [
        (GOOD, f"All {len(CHECKS)} checks are good."),
        (GOOD | {"faithfulness": 0.1}, f"{len(CHECKS) - 1} of {len(CHECKS)} checks are good. Mind the other:"),
        (GOOD | {"faithfulness": None}, f"All {len(CHECKS) - 1} checks are good."),
        ({}, "Nothing could be measured on these carts."),
    ],
)
def test_the_verdict_counts_what_was_measured(figures: dict[str, float | None], told: str) -> None:
    assert verdict(figures) == told


def test_what_is_poor_is_named_before_the_table(results: ReportData) -> None:
    found = quality()
    figures = found["figures"] | {"faithfulness": 0.123, "top_reason_kept": None}
    part = quality_part(replace(results, explanation_quality=found | {"figures": figures}))["trust"]
    assert any("0.12, good from 0.80" in line for line in part["poor"])
    rows = {row[0].below: row for row in part["checks"].rows}
    assert rows["Fidelity: faithfulness correlation"][2] == "poor"
    assert rows["Stability: small changes"][2] == "undefined here"


def test_the_page_has_the_section_only_where_it_was_measured(results: ReportData, page: str, tmp_path: Path) -> None:
    text = Page(page).text
    assert "How far to trust the explanations" in text
    assert all(check.question in text for check in CHECKS if check.figure in quality()["figures"])
    bare = write_report(replace(results, explanation_quality=None), tmp_path).read_text()
    assert "How far to trust" not in Page(bare).text
