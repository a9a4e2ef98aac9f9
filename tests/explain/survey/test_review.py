import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from data.errors import InputError
from explain.cart.explained import explain_cart
from explain.survey.ratings import Rating, Ratings, keep_ratings, read_kept, summarize
from explain.survey.review import CASES, Case, review_id, review_rows, write_review
from tests.explain.pages import Page
from tests.explain.results import EVIL, explained


def rated(name: str, useful: list[int], act: list[bool] | None = None) -> Ratings:
    acts = act or [grade > 3 for grade in useful]
    return Ratings(
        review="this",
        name=name,
        ratings=[Rating(useful=grade, reasons=3, act=yes) for grade, yes in zip(useful, acts, strict=True)],
    )


def saved(folder: Path, whole: Ratings, **changes: Any) -> Path:
    path = folder / f"{len(list(folder.glob('*.json')))}.json"
    path.write_text(json.dumps(whole.model_dump(mode="json") | changes))
    return path


def test_cases_range_from_the_lowest_to_the_highest_risk() -> None:
    found = explained()[1].attributions
    rows = review_rows(found, 0)
    risks = found.probability[rows]
    assert len(rows) == CASES
    assert (np.diff(risks) >= 0).all()
    assert risks[0] <= np.quantile(found.probability, 0.1)
    assert risks[-1] >= np.quantile(found.probability, 0.9) - 1e-9
    few = replace(found, values=found.values[:3])
    assert sorted(review_rows(few, 0)) == [0, 1, 2]


def test_other_explanations_make_another_review() -> None:
    test, found = explained()
    examples, rows = test.take(found.rows), review_rows(found.attributions, 0)
    first = review_id(found.attributions, examples, rows)
    other = replace(found.attributions, values=2 * found.attributions.values)
    assert review_id(found.attributions, examples, rows) == first
    assert review_id(other, examples, rows) != first


def test_the_page_asks_everything_of_every_case_and_runs_no_name(tmp_path: Path) -> None:
    test, found = explained()
    examples = test.take(found.rows)
    cases = [
        Case(explain_cart(found.attributions, examples, row), (f"view {EVIL[0]}",), (EVIL[1],)) for row in range(2)
    ]
    parsed = Page(write_review("this", cases, tmp_path).read_text())
    assert len(list(parsed.all("fieldset"))) == 2 * 3
    assert len(list(parsed.all("label"))) == 2 * (5 + 5 + 2 + 1) + 1
    assert [tag for tag, _ in parsed.elements if tag in ("script", "img", "b")] == ["script", "script"]
    assert all(name in parsed.text for name in EVIL[:2])
    assert "in fact" not in parsed.text


def test_means_and_intervals_are_those_of_the_cases() -> None:
    found = summarize([rated("a", [1, 3, 5]), rated("b", [3, 3, 5])])["useful"]
    by_case = np.array([2.0, 3.0, 5.0])
    expected = stats.ttest_1samp(by_case, 0).confidence_interval(0.95)
    assert found.mean == pytest.approx(by_case.mean())
    assert found.interval == pytest.approx((expected.low, expected.high))


def test_agreement_is_full_for_the_same_grades_and_none_for_one_rater() -> None:
    same = summarize([rated("a", [1, 3, 5]), rated("b", [1, 3, 5])])
    assert same["useful"].agreement == pytest.approx(1.0)
    assert same["act"].agreement == pytest.approx(1.0)
    assert same["reasons"].agreement is None  # all gave 3 throughout
    assert summarize([rated("a", [1, 3, 5])])["useful"].agreement is None
    assert summarize([rated("a", [1, 3, 5]), rated("b", [5, 3, 1])])["useful"].agreement == pytest.approx(-1.0)


def test_later_ratings_of_a_name_replace_the_earlier(tmp_path: Path) -> None:
    files, kept = tmp_path / "files", tmp_path / "kept"
    files.mkdir()
    for grades in ([1, 1], [5, 5]):
        keep_ratings([saved(files, rated("a", grades))], "this", 2, kept)
    keep_ratings([saved(files, rated("b", [2, 2]))], "this", 2, kept)
    assert [[r.useful for r in one.ratings] for one in read_kept(kept)] == [[5, 5], [2, 2]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"review": "other"}, "cases of other"),
        ({"ratings": []}, "0 cases"),
        ({"ratings": [{"useful": 6, "reasons": 1, "act": True}]}, r"`ratings\.0\.useful`"),
        ({"ratings": [{"useful": 1, "reasons": 1, "act": True, "comment": "x" * 2001}]}, "comment"),
    ],
)
def test_a_file_that_holds_no_ratings_is_refused_and_nothing_kept(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    good, bad = saved(tmp_path, rated("a", [1, 2])), saved(tmp_path, rated("b", [1, 2]), **changes)
    with pytest.raises(InputError, match=message):
        keep_ratings([good, bad], "this", 2, tmp_path / "kept")
    assert read_kept(tmp_path / "kept") == []
