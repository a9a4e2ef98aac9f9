"""The report of a run that has no abandonment model."""

from pathlib import Path
from typing import Any

import pytest

from explain.report.data import RunData
from explain.report.recommender import write_recommender_report
from tests.explain.pages import Page, assert_sound, charts
from tests.explain.results import EVIL, RECOMMENDER, run_data


def text_of(folder: Path, data: RunData) -> str:
    return Page(write_recommender_report(data, folder).read_text()).text


def with_recommender(**changes: Any) -> RunData:
    return run_data(metrics=run_data().metrics | {"recommender": RECOMMENDER | changes})


def test_the_page_is_sound_and_loads_and_runs_nothing(tmp_path: Path) -> None:
    page = write_recommender_report(run_data(), tmp_path).read_text()
    parsed = Page(page)
    assert_sound(parsed)
    assert all(name in parsed.text for name in EVIL)
    assert len(charts(page)) == 4
    assert write_recommender_report(run_data(), tmp_path / "again").read_text() == page


def test_it_tells_of_the_recommender_and_names_no_abandonment_figure(tmp_path: Path) -> None:
    text = text_of(tmp_path, run_data())
    assert "tested on 100 steps of 40 sessions" in text
    assert "in 20.0% of the steps (95% interval 18.0% to 22.0%)" in text
    assert "In 30% of the steps the next item is one the session already had, and in 5.0% one too rare" in text
    assert "the abandonment model is switched off by abandonment.enabled." in text
    assert "There are no SHAP values" in text
    for name in ("AUC", "Average precision", "Log loss", "Brier", "Decision points", "nudge", "with a cart"):
        assert name not in text


@pytest.mark.parametrize(
    ("difference", "verdict"),
    [
        ([0.02, 0.01, 0.03], "Deep learning pays here: its Recall@20"),
        ([-0.02, -0.03, -0.01], "has a Recall@20 0.020 higher"),
        ([0.01, -0.01, 0.03], "not shown"),
    ],
)
def test_the_verdict_on_deep_learning_follows_the_interval(
    tmp_path: Path, difference: list[float], verdict: str
) -> None:
    assert verdict in text_of(tmp_path, with_recommender(differences={EVIL[0]: {"recall_at_20": difference}}))


@pytest.mark.parametrize(("interval", "warned"), [([0.1, 0.3], True), ([0.19, 0.21], False)])
def test_few_test_steps_are_called_uncertain(tmp_path: Path, interval: list[float], warned: bool) -> None:
    text = text_of(tmp_path, with_recommender(test_intervals={"recall_at_20": interval}))
    assert ("With only 100 test steps every figure is uncertain" in text) is warned


def test_it_shows_lengths_variety_and_parts(tmp_path: Path) -> None:
    text = text_of(tmp_path, run_data())
    assert "a sample of whole sessions out of 1,234 steps" in text
    for head in ("Recall@5", "NDCG@20", "Coverage@20", "Gini@20", "Novelty@20", "Best baseline, Recall@20"):
        assert head in text
    for figure in ("0.280 to 0.320", "0.110", "0.123", "0.204", "0.052"):
        assert figure in text
    whole = text_of(tmp_path / "whole", with_recommender(sample_of=None, slices=[]))
    assert "a sample of" not in whole
    assert "Part of the steps" not in whole


def test_it_says_what_training_started_from(tmp_path: Path) -> None:
    history = {"recommender": {"loss": [3.0], "warm_start": {"kept": 7, "note": f"7 items kept. {EVIL[0]}"}}}
    assert f"7 items kept. {EVIL[0]}" in text_of(tmp_path, run_data(history=history))


def test_metrics_bear_the_number_of_items_shown(tmp_path: Path) -> None:
    row = {"recall_at_5": 0.2, "mrr_at_5": 0.1, "ndcg_at_5": 0.15, "coverage_at_5": 0.4}
    other = {"test": row, "test_intervals": {}, "baselines": {"markov": row}, "differences": {}, "slices": []}
    text = text_of(tmp_path, with_recommender(**other))
    assert "Recall@5" in text
    assert "Next item among 5 shown" in text
    assert "names 5 of 50 items" in text
