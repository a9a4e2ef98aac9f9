"""The page of a comparison."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from explain.comparison import write_comparison
from tests.explain.comparison.results import Row, alternative, broken, evil, result, trial
from tests.explain.pages import Page, assert_sound, charts
from tests.explain.results import EVIL

PAIR = (alternative("one"), alternative("two", (0.02, 0.01, 0.03), None))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_comparison(evil(), tmp_path_factory.mktemp("page")).read_text()


def written(folder: Path, *rows: Row, **changes: Any) -> Page:
    return Page(write_comparison(result(*rows, **changes), folder).read_text())


def titles(page: str) -> list[str]:
    return [chart.findtext("title") or "" for chart in charts(page)]


def test_the_page_is_sound_and_loads_and_runs_nothing(page: str) -> None:
    parsed = Page(page)
    assert_sound(parsed)
    assert all(name in parsed.text for name in EVIL)
    assert not re.search(r"https?://|//\w|@import|url\((?!#)", page)
    assert len(page.encode()) < 1_000_000


def test_every_chart_is_there_twice_with_a_title_and_a_description(page: str) -> None:
    found = charts(page)
    for chart in found:
        assert chart.get("role") == "img"
        assert chart.findtext("title")
        assert chart.findtext("desc")
    names = titles(page)[::2]
    assert names == titles(page)[1::2]
    for name in ("AUC of each alternative", "How far behind the best", "Training loss", "Validation AUC",
                 "Seconds to the target", "Steps to the target"):  # fmt: skip
        assert names.count(name) == 1
    assert len(names) == 6 + 1 + 6  # one alternative has no place in the large charts; six were tried at three rates


def test_the_same_result_gives_the_same_bytes(tmp_path: Path) -> None:
    first, again = (write_comparison(result(*PAIR), tmp_path / name).read_bytes() for name in ("first", "again"))
    assert first == again


def test_pages_and_tables_are_named_for_what_is_compared(tmp_path: Path) -> None:
    for model in ("abandonment", "recommender"):
        written(tmp_path, broken("one"), what="architecture", model=model)
    stems = ("compare-architecture", "compare-recommender-architecture")
    expected = {f"{stem}{end}" for stem in stems for end in (".html", ".csv", "-trials.csv")}
    assert {path.name for path in tmp_path.iterdir()} == expected


def test_where_all_failed_the_page_says_so_without_charts(tmp_path: Path) -> None:
    lost = result(broken("one"), broken("two"), target=None)
    lost["budget"] = {"trials": 3, "seeds": 3, "epochs": 5}  # no training told how many examples it saw
    page = write_comparison(lost, tmp_path).read_text()
    assert charts(page) == []
    assert "Nothing can be recommended" in Page(page).text
    assert "failed: ValueError: loss is NaN" in Page(page).text
    assert "The target" not in Page(page).text


def test_without_learning_rates_there_is_no_part_on_them(tmp_path: Path) -> None:
    bare = [row | {"trials": [trial({"dropout": 0.1}, 0.6), trial({"dropout": 0.2}, 0.5)]} for row in PAIR]
    page = written(tmp_path, *bare)
    assert "learning rate matters" not in page.text
    assert "dropout 0.1" in page.text


def test_one_alone_under_one_seed_has_a_page_with_a_caution(tmp_path: Path) -> None:
    page = written(tmp_path, alternative("one", seeds=1), broken("two"), budget={"seeds": 1, "trials": 1})
    assert "leave out the luck of the start" in page.text
    assert "1 trial, the first with its usual settings. One" in page.text
    assert "under 1 further seed and" in page.text
    assert "How far behind" not in page.text


def test_a_loss_is_told_as_a_loss(tmp_path: Path) -> None:
    rows = [row | {"curves": {"loss": [[3.0, 2.0]], "val_loss": [[3.0, 2.5]]}} for row in PAIR]
    monitored = {"monitor": "val_loss", "judged": "recall_at_20", "target": 2.6}
    page = written(tmp_path, *rows, model="recommender", what="regularization", **monitored)
    assert "a validation loss of 2.600: 95% of the way from the worst first epoch" in page.text
    assert "on sessions that no choice has seen its Recall@20 is" in page.text
    assert "Training losses hold the penalty" in page.text


def test_curves_that_are_no_numbers_and_targets_out_of_reach_are_left_out(tmp_path: Path) -> None:
    nan = [[float("nan")] * 3]
    rows = [row | {"curves": {"loss": nan, "val_auc": nan}, "seconds_to_target": None} for row in PAIR]
    page = write_comparison(result(*rows), tmp_path).read_text()
    assert "Time to the target" not in Page(page).text
    assert "Training loss" not in titles(page)


def test_a_curve_that_runs_away_is_said_to_be_off_the_chart(tmp_path: Path) -> None:
    rows = [alternative(f"rule{i}", (0.01 * i, -0.1, 0.1)) for i in range(5)]
    rows[4]["curves"] = rows[4]["curves"] | {"val_auc": [[0.5, -40.0]]}
    assert "Ends at −40.000, off the chart, after 2 epochs; dotted: the best." in written(tmp_path, *rows).text


def test_nothing_imports_tensorflow() -> None:
    check = "import sys, explain.comparison; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
