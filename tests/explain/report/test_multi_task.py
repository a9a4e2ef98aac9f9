"""The report's part on the session: the sentence follows the interval, and it is there only where it was measured."""

from pathlib import Path
from typing import Any

import pytest

from explain.report.data import ReportData
from explain.report.multi_task import NAMES, second_task, verdict
from explain.report.page import write_report
from tests.explain.pages import Page
from tests.explain.results import EVIL, report_data

ROW = {"auc": 0.8, "average_precision": 0.9, "log_loss": 0.45, "brier": 0.14, "ece": 0.02}
LESS = {"auc": [0.001, -0.004, 0.006], "log_loss": [-0.002, -0.003, -0.001]}
FOUND = {
    "test": {
        "tabular": ROW,
        "session": ROW | {"auc": 0.7123},
        "session_multi_task": ROW,
        "tabular_and_session": ROW,
        EVIL[0]: ROW,
    },
    "test_intervals": {who: {key: [0.1, 0.2] for key in ROW} for who in (*NAMES, EVIL[0])},
    "differences": {"session": LESS, "tabular_and_session": LESS},
    "second_task": {"auc": [-0.02, -0.03, -0.01]},
    "counts": {"examples": 300, "sessions": 150},
}


def measured(found: dict[str, Any]) -> ReportData:
    return report_data(metrics=report_data().metrics | {"multi_task": found})


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        ([0.02, 0.01, 0.03], "The session's items help the tabular model: AUC +0.020 (95% interval 0.010 to 0.030)."),
        ([-0.02, -0.03, -0.01], "make the tabular model worse: AUC −0.020 (95% interval −0.030 to −0.010)."),
        (
            [0.001, -0.004, 0.006],
            "add nothing here that the test carts could show: AUC +0.001 (95% interval −0.004 to 0.006).",
        ),
        ([0.0, 0.0, 0.0], "add nothing here"),
        ([0.0004, 0.0001, 0.0008], "add next to nothing: AUC +0.0004 (95% interval 0.0001 to 0.0008)."),
        ([-0.0004, -0.0008, -0.0001], "make the tabular model worse: AUC −0.0004"),
        (None, "cannot be said"),
    ],
)
def test_the_verdict_follows_the_interval(difference: list[float] | None, said: str) -> None:
    assert said in verdict(difference)


@pytest.mark.parametrize(
    ("difference", "said"),
    [([0.02, 0.01, 0.03], "helps"), ([-0.02, -0.03, -0.01], "harms"), ([0, -0.1, 0.1], "no difference"), (None, "")],
)
def test_so_does_the_sentence_on_the_second_task(difference: list[float] | None, said: str) -> None:
    assert said in second_task(difference)


def test_the_report_shows_all_four_with_their_differences(tmp_path: Path) -> None:
    page = write_report(measured(FOUND), tmp_path).read_text()
    parsed = Page(page)
    assert "#multi-task" in {link["href"] for link in parsed.all("a")}
    for text in ("add nothing here", "harms", "0.712", "−0.003 to −0.001", "The session alone, one task", EVIL[0]):
        assert text in parsed.text
    assert not [tag for tag, _ in parsed.elements if tag in ("script", "img")]


def test_where_it_could_not_be_measured_the_report_says_why(tmp_path: Path) -> None:
    text = Page(write_report(measured({"skipped": "there is no recommender: 3 of 5."}), tmp_path).read_text()).text
    assert "This was not measured: there is no recommender: 3 of 5." in text


def test_where_it_was_not_asked_for_there_is_no_trace(page: str) -> None:
    assert "multi-task" not in page
    assert "What the session adds" not in page
