import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.errors import InputError
from explain.charts.svg import Figure
from explain.page import code
from explain.report.data import ReportData, read_report_data
from explain.report.disagreements import disagreements
from explain.report.figures import slices
from explain.report.findings import bottom_line
from explain.report.page import write_report
from explain.report.parts import shared_parts
from explain.report.tables import quarantine_table
from tests.explain.pages import Page, charts
from tests.explain.results import EVIL, INGEST, explained, report_data, run_data


def test_every_element_is_closed_and_every_id_is_the_only_one(page: str) -> None:
    ids = [attributes["id"] for _, attributes in Page(page).elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_nothing_is_loaded_from_elsewhere(page: str) -> None:
    for _, attributes in Page(page).elements:
        for name in ("src", "href", "xlink:href", "action", "data", "srcset"):
            assert (attributes.get(name) or "#").startswith(("#", "data:,")), attributes
        assert not any(name.startswith("on") for name in attributes)
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def test_names_from_the_data_run_nothing(page: str) -> None:
    parsed = Page(page)
    assert not [tag for tag, _ in parsed.elements if tag in ("script", "img", "iframe", "b")]
    for name in EVIL:
        assert name in parsed.text


def test_every_chart_has_a_title_and_a_description(page: str) -> None:
    found = charts(page)
    assert len(found) >= 20
    for chart in found:
        assert chart.get("role") == "img"
        labels = [chart.find(part) for part in ("title", "desc")]
        assert [label.get("id") for label in labels if label is not None] == (
            chart.get("aria-labelledby") or ""
        ).split()
        assert all(label is not None and label.text for label in labels)


def test_charts_take_their_colours_from_the_page(page: str) -> None:
    for svg in re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL):
        assert not re.search(r'(?:fill|stroke)="(?:#|rgb|black|white)', svg)


def test_every_link_of_the_contents_has_its_target(page: str) -> None:
    parsed = Page(page)
    ids = {attributes.get("id") for _, attributes in parsed.elements}
    links = [attributes["href"] for attributes in parsed.all("a")]
    assert links
    assert all(link is not None and link[1:] in ids for link in links)


def test_tables_name_their_rows_and_columns(page: str) -> None:
    headers = list(Page(page).all("th"))
    assert headers
    assert all(header.get("scope") in ("row", "col") for header in headers)
    assert "<td></td>" not in page


def test_the_page_is_small_and_the_same_for_the_same_results(page: str, results: ReportData, tmp_path: Path) -> None:
    assert len(page.encode()) < 2_000_000
    assert write_report(results, tmp_path / "new").read_text() == page


def test_a_feature_table_without_items_search_or_history_has_a_report(tmp_path: Path) -> None:
    split = {"by": "group", "counts": {"test": {"examples": 3, "sessions": 3, "abandoned_share": 0.5}}, "notes": []}
    bare = report_data(
        metrics=report_data().metrics | {"recommender": {"skipped": "a feature table has no items to recommend"}},
        ingest=None, sessionize=None, featurize=None, leaks=[], trials=[], best=None, history={}, notes=[], split=split,
    )  # fmt: skip
    text = Page(write_report(bare, tmp_path).read_text()).text
    assert "There is no recommender in this run: a feature table has no items to recommend." in text
    assert "No search was made" in text


def test_carts_of_one_class_have_a_report(tmp_path: Path) -> None:
    test, _ = explained()
    one = int(np.flatnonzero(test.abandoned != test.abandoned[0])[0])
    text = Page(write_report(report_data(few=one), tmp_path).read_text()).text
    assert "all ended the same way" in text


def test_code_in_notes_is_set_as_code_and_escaped() -> None:
    assert code("leave `<b>` out & run") == "leave <code>&lt;b&gt;</code> out &amp; run"


def test_few_carts_are_called_uncertain() -> None:
    sentences = " ".join(bottom_line(report_data(few=30, leaks=[])))
    assert "With only 30 test decision points every figure is uncertain" in sentences


@pytest.mark.parametrize(
    ("difference", "verdict"),
    [([0.02, 0.01, 0.03], "pays here"), ([-0.02, -0.03, -0.01], "does not pay"), ([0.01, -0.01, 0.03], "not shown")],
)
def test_the_verdict_on_deep_learning_follows_the_interval(difference: list[float], verdict: str) -> None:
    data = report_data()
    found = data.metrics["abandonment"]
    changed = found | {"differences": {name: {"auc": difference} for name in found["baselines"]}}
    sentence = bottom_line(replace(data, metrics={"abandonment": changed}))[2]
    assert verdict in sentence


@pytest.mark.parametrize(("low", "verdict"), [(0.51, "guessing would reach 50%"), (0.49, "not shown to beat guessing")])
def test_the_verdict_on_guessing_follows_the_interval(low: float, verdict: str) -> None:
    data = report_data()
    found = data.metrics["abandonment"] | {"test_intervals": {"auc": [low, 0.8]}}
    assert verdict in bottom_line(replace(data, metrics={"abandonment": found}))[1]


def test_a_feature_that_shuffling_does_not_show_is_named_with_its_reason(results: ReportData) -> None:
    shuffled = results.explanations.importance
    flat = {metric: (0.0,) * len(shuffled.specs) for metric in shuffled.low}
    data = replace(results, explanations=replace(results.explanations, importance=replace(shuffled, low=flat)))
    assert any("shuffling it costs no AUC" in text for text in disagreements(data))
    few = data.metrics["abandonment"] | {"warnings": ["Only 30 test carts"]}
    assert "so few test carts" in disagreements(replace(data, metrics={"abandonment": few}))[0]


def test_a_leak_is_named_before_anything_is_trusted(results: ReportData) -> None:
    assert EVIL[0] in bottom_line(results)[3]
    assert "Do not trust" in bottom_line(results)[3]
    assert "Do not trust" not in bottom_line(replace(results, leaks=[]))[3]


def test_a_report_before_its_stages_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`split`, which has not run"):
        read_report_data(tmp_path)


def test_what_was_wrong_with_the_gradients_stands_beside_their_charts(tmp_path: Path) -> None:
    page = write_report(report_data(), tmp_path).read_text()
    assert "What the gradients did" in page
    assert "The gradient vanishes in" in page
    assert "<code>abandonment.residual=true</code>" in page
    assert "Nothing was wrong" not in page
    healthy = write_report(report_data(gradients=[]), tmp_path).read_text()
    assert "Nothing was wrong" in healthy
    unwatched = write_report(report_data(history={}, gradients=[]), tmp_path).read_text()
    assert "What the gradients did" not in unwatched


def test_a_row_in_quarantine_for_what_it_lacks_shows_no_value() -> None:
    examples = [{"row": 3, "value": None}, {"row": 1234, "value": "wishlist"}]
    table = quarantine_table({"reasons": {"visitor_id missing": {"count": 2, "examples": examples}}})
    assert table is not None
    assert table.rows[0][2] == "3, 1234 “wishlist”"


@pytest.mark.parametrize(("ignored", "told"), [(0, []), (7, [("Ignored, by `source.events`", "7")])])
def test_rows_read_are_all_accounted_for(ignored: int, told: list[tuple[str, str]]) -> None:
    facts = shared_parts(run_data(ingest={**INGEST, "ignored": ignored}))["data_facts"]
    assert [fact for fact in facts if fact[0].startswith("Ignored")] == told


def test_a_part_of_few_carts_is_not_called_the_weakest() -> None:
    def part(name: str, n: int, auc: float) -> dict[str, object]:
        interval = [auc - 0.1, auc + 0.1]
        return {"title": name, "slice": "x", "n": n, "abandoned_share": 0.8, "auc": auc, "auc_interval": interval}

    data = report_data()
    found = data.metrics["abandonment"]

    def chart(*parts: dict[str, object]) -> Figure | None:
        return slices(replace(data, metrics={"abandonment": {**found, "slices": parts}}))

    shown = chart(part("Tiny", 5, 0.2), part("Nearly", 95, 0.3), part("Large", 100, 0.7))
    assert shown is not None
    assert shown.description.endswith("Lowest: Large x (0.700).")
    assert chart(part("Tiny", 5, 0.2)) is None
