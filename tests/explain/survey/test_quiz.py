import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from explain.survey.answers import keep_answers, read_kept, scores
from explain.survey.guessing import against_guessing
from explain.survey.quiz import EACH, TASKS, Task, quiz_id, quiz_tasks, write_quiz
from tests.explain.pages import Page
from tests.explain.results import EVIL, explained


@pytest.fixture(scope="module")
def tasks() -> tuple[Task, ...]:
    test, found = explained()
    return quiz_tasks(found.attributions, test.take(found.rows), 3, 0)


def saved(folder: Path, tasks: tuple[Task, ...], wrong: int = 0, **changes: Any) -> Path:
    flipped = {"more": "less", "less": "more"}
    answers = [flipped[task.answer] if i < wrong else task.answer for i, task in enumerate(tasks)]
    path = folder / f"{len(list(folder.glob('*.json')))}.json"
    path.write_text(json.dumps({"quiz": quiz_id(tasks), "name": "Ada", "answers": answers} | changes))
    return path


def test_half_of_the_carts_are_above_a_typical_one_and_no_session_comes_twice(tasks: tuple[Task, ...]) -> None:
    test, found = explained()
    examples = test.take(found.rows)
    assert [task.answer for task in tasks].count("more") == EACH
    assert len(tasks) == TASKS
    assert len({examples.keys["session_id"][task.row] for task in tasks}) == TASKS
    for task in tasks:
        above = found.attributions.log_odds[task.row] > found.attributions.base
        assert above == (task.answer == "more")


def test_the_same_seed_asks_the_same_and_another_seed_something_else(tasks: tuple[Task, ...]) -> None:
    test, found = explained()
    again, other = (quiz_tasks(found.attributions, test.take(found.rows), 3, seed) for seed in (0, 1))
    assert quiz_id(again) == quiz_id(tasks)
    assert quiz_id(other) != quiz_id(tasks)


def test_too_few_carts_on_a_side_are_refused() -> None:
    test, found = explained()
    lopsided = replace(found.attributions, values=np.abs(found.attributions.values))
    with pytest.raises(InputError, match=r"`explain.max_rows`"):
        quiz_tasks(lopsided, test.take(found.rows), 3, 0)


def test_the_page_shows_explanations_without_predictions_and_runs_no_name(
    tasks: tuple[Task, ...], tmp_path: Path
) -> None:
    page = write_quiz(tasks, 0.3, tmp_path).read_text()
    parsed = Page(page)
    fields = list(parsed.all("fieldset"))
    assert len(fields) == TASKS
    assert EVIL[0] in parsed.text
    assert [tag for tag, _ in parsed.elements if tag in ("script", "img", "b")] == ["script", "script"]
    labelled = [
        attributes for attributes in parsed.all("input") if attributes["type" if "type" in attributes else "id"]
    ]
    assert len(labelled) == 2 * TASKS + 1


@given(right=st.integers(0, TASKS))
def test_scores_follow_the_binomial_distribution(right: int) -> None:
    score = against_guessing(right, TASKS)
    tail = sum(np.prod([(TASKS - j) / (j + 1) for j in range(k)]) for k in range(right, TASKS + 1)) / 2**TASKS
    assert score.p_value == pytest.approx(tail)
    assert score.low <= score.share <= score.high


def test_answers_are_kept_scored_and_counted_once(tasks: tuple[Task, ...], tmp_path: Path) -> None:
    files, kept = tmp_path / "files", tmp_path / "kept"
    files.mkdir()
    first, second = saved(files, tasks, wrong=2), saved(files, tasks, wrong=1, name="Bo")
    keep_answers([first, second], tasks, kept)
    keep_answers([first], tasks, kept)
    whole, each = scores(tasks, read_kept(kept))
    assert (whole.right, whole.asked) == (17, 20)
    assert {name: score.right for name, score in each.items()} == {"Ada": 8, "Bo": 9}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"quiz": "other"}, "is to other"),
        ({"answers": ["more"]}, "`answers`"),
        ({"answers": ["maybe"] * TASKS}, r"`answers\.0`"),
        ({"name": ""}, "`name`"),
        ({"extra": 1}, "`extra`"),
    ],
)
def test_a_file_that_is_no_answer_is_refused_and_nothing_kept(
    tasks: tuple[Task, ...], tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    files, kept = tmp_path / "files", tmp_path / "kept"
    files.mkdir()
    good, bad = saved(files, tasks, name="Cy"), saved(files, tasks, **changes)
    with pytest.raises(InputError, match=message):
        keep_answers([good, bad], tasks, kept)
    assert read_kept(kept) == []


def test_no_file_no_json_and_second_answers_are_refused(tasks: tuple[Task, ...], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        keep_answers([tmp_path / "none.json"], tasks, tmp_path / "kept")
    (tmp_path / "text.json").write_text("not JSON")
    with pytest.raises(InputError, match="unaltered"):
        keep_answers([tmp_path / "text.json"], tasks, tmp_path / "kept")
    keep_answers([saved(tmp_path, tasks, wrong=5)], tasks, tmp_path / "kept")
    with pytest.raises(InputError, match="answered already"):
        keep_answers([saved(tmp_path, tasks)], tasks, tmp_path / "kept")
